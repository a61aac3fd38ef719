"""Calendars to subscribe to: the links, from the chat, and what a calendar program reads under one."""

from bot.services.calendars import entries, links
from bot.services.unit import Units
from bot.texts import speech
from handlers.context import Context
from handlers.render import calendars as words
from handlers.switchboard import StaleButton, Switchboard


async def feed(context: Context, what: str, choice: str = "") -> None:
    """`feed:me` or `feed:<studio>`: how the link stands; `new` makes one, `end` ends it."""
    unit, person = context.unit, context.person
    studio_id = _studio(what)
    match choice:
        case "":
            await context.reply(await links.stands(unit, person, studio_id))
        case "new":
            await links.make(unit, person, studio_id)
            context.toast(context.say.say("Here is your link."))
        case "end":
            await context.show(await links.end(unit, person, studio_id))
            context.toast(context.say.say("The link has ended."))
        case _:
            raise StaleButton


def _studio(what: str) -> int | None:
    if what == "me":
        return None
    if not (what.isascii() and what.isdigit() and len(what) <= 18):
        raise StaleButton
    return int(what)


class Calendars:
    """What the web side gives to calendar programs."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def read(self, secret: str) -> bytes | None:
        """The calendar behind a secret as an iCalendar file; None if there is none, or not any more."""
        async with self._units.reading() as look:
            link = await links.behind(look, secret)
            if link is None:
                return None
            contents = await entries.contents(look, link)
            stale = links.is_stale(look, link)
        if stale:
            async with self._units.writing(f"calendar {link.id}", "calendar.read") as unit:
                await links.note_read(unit, link.id)
        return words.feed(contents, self._units.house.bot_username, speech(contents.language))


def connect(board: Switchboard) -> None:
    """Register the presses about links."""
    board.press("feed", feed)
