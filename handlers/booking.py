"""Free times, taking one, and everything that becomes of a booking: `/slots` and `/bookings`."""

from datetime import UTC, date, datetime

from bot.rules.roles import Role
from bot.rules.wishes import DAYS, PARTS
from bot.services.booking import (
    cancelling,
    free_times,
    holds,
    instead,
    my_bookings,
    reminders,
    rescue,
    reserves,
    waitlist,
    wishing,
)
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def slots(context: Context) -> None:
    """Free studio times for the person's pair."""
    await context.reply(await free_times.page(context.unit, context.person))


async def times(context: Context, since: int, moving_id: int = 0, city: str = "") -> None:
    """Another page of free times; with a booking, of new times for it, perhaps in another city."""
    if since > 10**11:
        raise StaleButton
    begin = datetime.fromtimestamp(since, UTC) if since else None
    page = await free_times.page(
        context.unit, context.person, since=begin, moving_id=moving_id or None, city=city
    )
    await context.show(page)


async def book(context: Context, slot_id: int, moving_id: int = 0) -> None:
    """Take a slot; with a booking, as the new time of that one."""
    lost = await instead.book(context.unit, context.person, slot_id, moving_id or None)
    if lost is not None:
        context.toast(context.say.say("You cannot have that time."))
        await context.reply(lost)
        return
    context.toast(context.say.say("Held for you two."))


async def hold(context: Context, booking_id: int, choice: str) -> None:
    """The partner's answer."""
    answer = instead.agree if _yes(choice) else holds.decline
    await context.show(await answer(context.unit, context.person, booking_id))


async def attend(context: Context, booking_id: int, choice: str) -> None:
    """The answer to the first reminder; who cannot come is asked what to do about it."""
    if _yes(choice):
        context.toast(context.say.say("Noted."))
        await context.show(await reminders.attend(context.unit, context.person, booking_id))
    else:
        await context.reply(await cancelling.ask(context.unit, context.person, booking_id))


async def cancel(context: Context, booking_id: int, choice: str = "") -> None:
    """Cancel: first the question with what it costs, then for both, for oneself, or not after all."""
    unit, person = context.unit, context.person
    if not choice:
        await context.reply(await cancelling.ask(unit, person, booking_id))
    elif choice == "all":
        await context.show(await cancelling.cancel(unit, person, booking_id))
    elif choice == "me":
        await context.show(await rescue.leave(unit, person, booking_id))
    elif choice == "keep":
        await context.show(await cancelling.keep(unit, person, booking_id))
    else:
        raise StaleButton


async def move(context: Context, booking_id: int) -> None:
    """New times for a booking."""
    await context.reply(await free_times.page(context.unit, context.person, moving_id=booking_id))


async def wait(
    context: Context, what: str, choice: str = "", part: str = "", days: str = "", until: str = ""
) -> None:
    """`wait:<slot>` onto the waitlist of a taken slot, or off it; `any`, `end` and `again` are about wishes."""
    if what == "any":
        await _wish(context, choice, part, days, until)
    elif part or days or until:
        raise StaleButton
    elif what == "end":
        await context.show(await wishing.leave(context.unit, context.person, _number(choice)))
    elif what == "again":
        await context.reply(await wishing.again(context.unit, context.person, _number(choice)))
    elif choice in ("", "leave"):
        join = waitlist.leave if choice else waitlist.join
        await context.reply(await join(context.unit, context.person, _number(what)))
    else:
        raise StaleButton


async def _wish(context: Context, city: str, part: str, days: str, until: str) -> None:
    """`wait:any[:<city>[:<part>[:<days>[:<last day>]]]]`: each press answers one question more."""
    if part not in ("", *PARTS) or days not in ("", *DAYS):
        raise StaleButton
    unit, person = context.unit, context.person
    if until:
        await context.show(await wishing.join(unit, person, city, part, days, _day(until)))
    elif city:
        await context.show(await wishing.ask(unit, person, city, part, days))
    else:
        await context.reply(await wishing.ask(unit, person))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StaleButton from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise StaleButton
    return int(text)


async def offer(context: Context, waiting_id: int, choice: str) -> None:
    """The answer to a slot that became free."""
    if _yes(choice):
        await context.show(await instead.take_offer(context.unit, context.person, waiting_id))
    else:
        await context.show(await waitlist.decline(context.unit, context.person, waiting_id))


async def reserve(context: Context, what: str, choice: str = "") -> None:
    """`reserve:days` asks for which day, `reserve:<city>:<day>` joins, `reserve:leave:<id>` ends it."""
    unit, person = context.unit, context.person
    if what == "days" and not choice:
        await context.reply(await reserves.ask(unit, person))
    elif what == "leave":
        await context.show(await reserves.leave(unit, person, _number(choice)))
    else:
        await context.show(await reserves.join(unit, person, what, _day(choice)))


async def bookings(context: Context) -> None:
    """The person's bookings, with every question that is open."""
    await context.reply(await my_bookings.overview(context.unit, context.person))


def _yes(choice: str) -> bool:
    if choice not in ("yes", "no"):
        raise StaleButton
    return choice == "yes"


def connect(board: Switchboard) -> None:
    """Register the commands and presses of bookings and the waitlist."""
    board.command("slots", slots, Role.APPLICANT)
    board.command("bookings", bookings, Role.APPLICANT)
    for verb, action in (
        ("times", times),
        ("book", book),
        ("hold", hold),
        ("attend", attend),
        ("cancel", cancel),
        ("move", move),
        ("wait", wait),
        ("offer", offer),
        ("reserve", reserve),
    ):
        board.press(verb, action)
