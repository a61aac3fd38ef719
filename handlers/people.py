"""`/people`: find one, see the whole story, lift strikes and blocks, correct pay. For coordinators alone."""

from bot.rules.roles import Role
from bot.services import people as known
from bot.services.coordinating import correcting, lifting, people_search, people_story
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard, check_role


async def people(context: Context) -> None:
    """Somebody by words on the line; without them they are asked for."""
    if not context.words:
        await context.reply(await people_search.begin(context.unit, context.person))
        return
    await _search(context, context.words)


async def typed(context: Context, text: str) -> None:
    """The words of a search that was asked for."""
    await known.expect(context.unit, context.person, None)
    await check_role(context, Role.COORDINATOR)
    await _search(context, text)


async def _search(context: Context, words: str) -> None:
    found = await people_search.search(context.unit, words)
    if len(found.people) == 1 and not found.more:
        person = await people_story.find(context.unit, found.people[0].person_id)
        await context.reply(await people_story.card(context.unit, person))
        return
    if not found.people:
        await known.expect(context.unit, context.person, people_search.SEARCH)
    await context.reply(found)


async def listed(context: Context, view: str) -> None:
    """A list by a button, or the question whom to look for."""
    if view == "find":
        await context.reply(await people_search.begin(context.unit, context.person))
    elif view in people_search.LISTS:
        await context.show(await people_search.listed(context.unit, view))
    else:
        raise StaleButton


async def story(context: Context, person_id: int, page: str, number: int = 0) -> None:
    """A page of somebody's story, in the message whose button was pressed."""
    shown = await people_story.page(context.unit, person_id, page, number) if number < 10**4 else None
    if shown is None:
        raise StaleButton
    await context.show(shown)


async def lift(context: Context, strike_id: int) -> None:
    """Why is this strike lifted?"""
    await context.reply(await lifting.ask_strike(context.unit, context.person, strike_id))


async def unblock(context: Context, person_id: int) -> None:
    """Why is this block lifted?"""
    await context.reply(await lifting.ask_block(context.unit, context.person, person_id))


async def reason(context: Context, text: str) -> None:
    """The reason, typed: lifted, and the person is told. The role may have been lost since the question."""
    await check_role(context, Role.COORDINATOR)
    await context.reply(await lifting.lift(context.unit, context.person, text))


async def correct(context: Context, person_id: int, booking_id: int) -> None:
    """Why is it corrected what somebody is owed for this session?"""
    await context.reply(await correcting.ask(context.unit, context.person, person_id, booking_id))


async def correct_reason(context: Context, text: str) -> None:
    """The reason, typed: the counter-entry is written, and the person is told. The role may have been lost."""
    await check_role(context, Role.COORDINATOR)
    await context.reply(await correcting.correct(context.unit, context.person, text))


def connect(board: Switchboard) -> None:
    """Register the command, its buttons and its typed answers."""
    board.command("people", people, Role.COORDINATOR)
    board.press("folks", listed, Role.COORDINATOR)
    board.press("person", story, Role.COORDINATOR)
    board.press("lift", lift, Role.COORDINATOR)
    board.press("unblock", unblock, Role.COORDINATOR)
    board.press("correct", correct, Role.COORDINATOR)
    board.typed(people_search.SEARCH, typed)
    board.typed(lifting.REASON, reason)
    board.typed(correcting.REASON, correct_reason)
