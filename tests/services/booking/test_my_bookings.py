"""What `/bookings` shows: open questions with it, since buttons get lost."""

from dataclasses import replace
from datetime import timedelta

from bot.services.booking import cancelling, holds, my_bookings, reminders, rescue, waitlist
from bot.services.messages.bookings import (
    BookingLine,
    Money,
    MyBookings,
    PastLine,
    StrikeLine,
    Strikes,
    WaitLine,
)
from tests.helpers import NOON, ring
from tests.services.scene import ANN, BO, CY, DI, HOUR, MONDAY, Scene

HALF = timedelta(minutes=30)
ZONE = "Asia/Shanghai"


async def test_a_hold_shows_its_question_to_the_partner_only(scene: Scene) -> None:
    """Who booked can take it back, the other one answers."""
    booking = await scene.hold(ANN, 1)
    view, until = await scene.view(1), NOON + HALF
    lines = {who: (await scene.act(who, my_bookings.overview)).upcoming for who in (ANN, BO)}
    assert lines == {
        ANN: (BookingLine(booking, view, "held", "Bo", "", until),),
        BO: (BookingLine(booking, view, "held", "Ann", "hold", until),),
    }


async def test_the_reminders_question_stays_until_it_is_answered(scene: Scene) -> None:
    """Asked by the first reminder, shown from then on, gone with the answer."""
    booking = await scene.booked(1)
    asks = []
    for moment in (NOON, MONDAY - 24 * HOUR):
        scene.clock.now = moment
        await ring(scene.units)
        asks.append((await scene.act(ANN, my_bookings.overview)).upcoming[0].asks)
    await scene.act(ANN, reminders.attend, booking)
    asks.append((await scene.act(ANN, my_bookings.overview)).upcoming[0].asks)
    assert asks == ["", "attend", ""]


async def test_a_move_stands_beside_what_it_would_replace(scene: Scene) -> None:
    """Two lines until it is settled, one after it, and the old time is no past booking."""
    old = await scene.booked(1)
    new = await scene.hold(ANN, 3, old)
    first, second = await scene.view(1), await scene.view(3)
    assert (await scene.act(BO, my_bookings.overview)).upcoming == (
        BookingLine(old, first, "confirmed", "Ann"),
        BookingLine(new, second, "held", "Ann", "hold", NOON + HALF, instead_of=first),
    )
    await scene.act(BO, holds.agree, new)
    mine = await scene.act(BO, my_bookings.overview)
    assert mine == MyBookings((BookingLine(new, second, "confirmed", "Ann"),), zone=ZONE)


async def test_rescue_and_the_waitlist(scene: Scene) -> None:
    """What a search or an offer waits for, and until when."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    view = await scene.view(1)
    assert (await scene.act(DI, my_bookings.overview)).waiting == (WaitLine(1, view, 1),)
    await scene.act(ANN, rescue.leave, booking)
    mine = await scene.act(BO, my_bookings.overview)
    assert mine.upcoming == (BookingLine(booking, view, "rescue", "", "", NOON + 12 * HOUR),)
    await scene.act(BO, cancelling.cancel, booking)
    assert (await scene.act(DI, my_bookings.overview)).waiting == (WaitLine(1, view, 1, NOON + HALF),)


async def test_what_was_and_what_it_cost(scene: Scene) -> None:
    """Cancelled sessions and strikes are told with their reason; holds that came to nothing are not."""
    await scene.act(BO, holds.decline, await scene.hold(ANN, 3))
    booking = await scene.booked(1)
    scene.clock.now = MONDAY - HOUR
    await scene.act(ANN, cancelling.cancel, booking)
    view = await scene.view(1, "open")
    line = PastLine(view, "cancelled")
    noted = (StrikeLine(1, "late_cancel", view, MONDAY - HOUR, "counts"),)
    assert await scene.act(ANN, my_bookings.overview) == MyBookings(
        (), (), (line,), Strikes(1, 2), ZONE, noted
    )
    paid = replace(line, pay=Money(10_000, "CNY"))  # an hour before there was no time for a stand-in
    assert await scene.act(BO, my_bookings.overview) == MyBookings((), (), (paid,), None, ZONE)


async def test_nothing_yet(scene: Scene) -> None:
    """Nothing at all is an answer too."""
    assert await scene.act(ANN, my_bookings.overview) == MyBookings((), zone=ZONE)
