"""`/newslots` and `/openings`: planning slots, opening them, watching and announcing them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.rules import templates as template_rules
from bot.rules.oneline import CommandError
from bot.rules.recurrence import BadRule, BadWeekday
from bot.rules.roles import Role
from bot.rules.slots import parse, read_days
from bot.rules.templates import ExceptDays, StopTemplate, Template, TemplateCommand
from bot.services.messages import Message
from bot.services.messages.slots import BatchPreview
from bot.services.studio import announcing, batch_cards, batches, openings, slot_draft, studios, templates
from handlers import oneline
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard

WEEKLY_ERRORS = (
    BadWeekday,
    BadRule,
    template_rules.BadAhead,
    template_rules.BadTemplateId,
    template_rules.TooManyExceptions,
)
"""What can be wrong only with a line about slots that repeat."""


async def newslots(context: Context) -> None:
    """One line gives a preview; without anything the way there is by buttons."""
    if not context.words:
        await context.reply(await slot_draft.begin(context.unit, context.person))
        return
    try:
        repeating = template_rules.parse(context.words)
        if repeating is None:
            grid = parse(context.words)
    except CommandError as error:
        weekly = isinstance(error, WEEKLY_ERRORS)
        await oneline.explain(context, "newslots weekly" if weekly else "newslots", error)
        return
    if repeating is None:
        await _show(context, await batches.preview(context.unit, context.person, grid))
    else:
        await context.reply(await _repeating(context, repeating))


async def _repeating(context: Context, wanted: TemplateCommand) -> Message:
    """A line about slots that repeat."""
    unit, person = context.unit, context.person
    match wanted:
        case Template():
            return await templates.preview(unit, person, wanted)
        case StopTemplate():
            return await templates.card(unit, wanted.template, confirming=True)
        case ExceptDays():
            return await templates.leave_out(unit, person, wanted.template, wanted.days)
    return await templates.listing(unit)


async def template_pressed(context: Context, template_id: int, choice: str, day: str = "") -> None:
    """`tmpl:<id>:<choice>`: the answer to a preview, or a button of a template's card."""
    unit, person = context.unit, context.person
    match choice:
        case "start":
            await context.show(await templates.start(unit, person, template_id))
        case "drop":
            await context.show(await templates.drop(unit, person, template_id))
        case "show":
            await context.show(await templates.card(unit, template_id))
        case "skip" if not day:
            await context.show(await templates.card(unit, template_id, choosing=True))
        case "skip":
            await context.show(await templates.leave_out(unit, person, template_id, _day(day)))
        case "stop":
            await context.show(await templates.card(unit, template_id, confirming=True))
        case "stopped":
            await context.show(await templates.stop(unit, person, template_id))
        case _:
            raise StaleButton


def _day(text: str) -> tuple[date, ...]:
    try:
        return read_days(text)
    except CommandError:
        raise StaleButton from None


async def templates_listed(context: Context) -> None:
    """Everything that repeats."""
    await context.show(await templates.listing(context.unit))


async def _show(context: Context, message: slot_draft.Shown, *, edit: bool = False) -> None:
    """The preview is a message of its own, whose name later tells how far the batch is."""
    if isinstance(message, BatchPreview):
        await context.tell(message, about=batch_cards.about(message.batch_id))
    elif edit:
        await context.show(message)
    else:
        await context.reply(message)


async def led(context: Context, step: str, value: str = "") -> None:
    """A button on the way to new slots."""
    unit, person = context.unit, context.person
    if step == "go":
        await context.reply(await slot_draft.begin(unit, person))
    elif step == "back":
        await context.show(await slot_draft.back(unit, person, value))
    else:
        await _show(context, await slot_draft.press(unit, person, step, value), edit=True)


async def answered(context: Context, text: str) -> None:
    """A typed answer on the way to new slots."""
    await _show(context, await slot_draft.answer(context.unit, context.person, text))


async def show_openings(context: Context) -> None:
    """What is ahead, by city and day."""
    await context.reply(await openings.openings(context.unit))


async def pressed(context: Context, what: str, choice: str) -> None:
    """`slots:<batch>:<choice>`, `slots:<city>:again`, and `slots:all:count` for the newest numbers."""
    if choice == "again":
        await _announce(context, what)
    elif choice == "count":
        await context.show(await openings.openings(context.unit))
    elif what.isascii() and what.isdigit() and len(what) <= 18:
        await _batch(context, int(what), choice)
    else:
        raise StaleButton


async def _batch(context: Context, batch_id: int, choice: str) -> None:
    unit, person, say = context.unit, context.person, context.say
    match choice:
        case "open":
            await context.show(await batches.open_(unit, person, batch_id))
        case "waves":
            await context.show(await batches.open_(unit, person, batch_id, waves=True))
        case "drop":
            await context.show(await batches.drop(unit, person, batch_id))
        case "ask":
            asked = await batches.ask_again(unit, batch_id)
            context.toast(say.say_n("Asked one person.", "Asked {n} people.", asked))
        case "need0" | "need1":
            await context.show(await batches.need(unit, person, batch_id, int(choice[-1])))
        case "back":
            await context.show(batch_cards.confirming(await batches.card(unit, batch_id)))
        case "gone":
            await context.show(await batches.take_back(unit, person, batch_id))
        case "card":
            await context.show(await batches.card(unit, batch_id))
        case _:
            raise StaleButton


async def _announce(context: Context, code: str) -> None:
    city = await studios.city(context.unit, code)
    due: datetime = await announcing.announce_again(context.unit, context.person, city.code)
    if due <= context.now:
        context.toast(context.say.say("Announced to everybody who can book."))
        return
    zone = ZoneInfo(await batch_cards.zone_of_city(context.unit, city.code))
    context.toast(
        context.say.say(
            "It is night there. It will be announced on {time}.", time=context.say.moment(due, zone)
        ),
        alert=True,
    )


def connect(board: Switchboard) -> None:
    """Register the commands, presses and typed answers about slots."""
    board.command("newslots", newslots, Role.COORDINATOR)
    board.command("openings", show_openings, Role.COORDINATOR)
    board.press("slots", pressed, Role.COORDINATOR)
    board.press("plan", led, Role.COORDINATOR)
    board.press("tmpl", template_pressed, Role.COORDINATOR)
    board.press("tmpls", templates_listed, Role.COORDINATOR)
    board.typed(slot_draft.WHAT, answered)
