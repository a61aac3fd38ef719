"""Rooms closed for a while: what it touches is said first, then done; the database lets no session stand in it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select, update

from bot.rules.commands import CloseRooms, parse_studio
from bot.rules.errors import DomainError, SlotNotOpen
from bot.rules.oneline import BadRooms
from bot.rules.slots import BadDate, parse
from bot.services import people
from bot.services.booking import holds, waitlist
from bot.services.booking.bookings import BookingOver, SlotTaken
from bot.services.messages.bookings import BookingCancelled
from bot.services.messages.closures import AskClosure, ClosureCard, ClosurePreview, ClosureView, Touched
from bot.services.messages.studios import StudioView
from bot.services.messages.waitlist import WaitOver
from bot.services.studio import batches, closure_draft, closures
from bot.services.studio.batches import NothingToPlan
from bot.services.studio.closures import ClosureOver, ClosurePast, UnknownClosure, UnknownRoom
from bot.services.studio.studio_draft import StepOver
from bot.services.unit import Units
from storage.constraints import drop_closing
from storage.database import ConflictError
from storage.tables import Booking, RoomClosure, Slot
from storage.triggers import overlap_triggers
from tests.helpers import MovableClock
from tests.services.scene import ANN, BO, CY, DI, EVE, HOUR, MONDAY, OWNER, Scene

ALL_DAY = "close 1 2026-11-23 reason=pipe"
"""Monday: slots 1 and 2 at 09:00 in two rooms, 3 and 4 at 14:00."""

STUDIO = StudioView(1, "beijing", {"en": "Beijing"}, {"en": "Beijing studio"}, "Asia/Shanghai", 2)
DAY = timedelta(days=1)
MIDNIGHT = MONDAY - 9 * HOUR
VIEW = ClosureView(1, STUDIO, None, MIDNIGHT, MIDNIGHT + DAY, "pipe")


@pytest.fixture
async def scene(units: Units, clock: MovableClock) -> Scene:
    """Three pairs, four open slots."""
    return await Scene(units, clock).build()


def line(text: str) -> CloseRooms:
    """A line that was read."""
    wanted = parse_studio(text)
    assert isinstance(wanted, CloseRooms)
    return wanted


async def preview(scene: Scene, text: str = ALL_DAY) -> ClosurePreview:
    """What Olga is shown for a line."""
    return await scene.act(OWNER, closures.preview, line(text))


async def closed(scene: Scene, text: str = ALL_DAY) -> ClosureCard:
    """A closure that Olga has applied."""
    shown = await preview(scene, text)
    done = await scene.act(OWNER, closures.apply, shown.closure.closure_id)
    assert isinstance(done, ClosureCard)
    return done


async def states(scene: Scene) -> list[str]:
    """The states of all slots, by id."""
    return await scene.all(select(Slot.state).order_by(col(Slot.id)))


# --- what it touches


async def test_a_preview_names_everything_and_changes_nothing(scene: Scene) -> None:
    """Free ones, bookings with both names, holds too, and how many wait."""
    await scene.booked(1)
    await scene.hold(CY, 2)
    await scene.act(EVE, waitlist.join, 1)
    assert await preview(scene) == ClosurePreview(
        VIEW,
        free=2,
        booked=(
            Touched(await scene.view(1), ("Ann", "Bo")),
            Touched(await scene.view(2), ("Cy", "Di")),
        ),
        waiting=1,
    )
    assert await states(scene) == ["taken", "taken", "open", "open"]


async def test_a_room_and_hours_touch_only_themselves(scene: Scene) -> None:
    """A session that ends as it begins, or begins as it ends, is not touched; one under way is counted."""
    shown = await preview(scene, "close 1 room=2 2026-11-23T12:00..14:00")
    assert (shown.free, shown.booked) == (0, ())
    shown = await preview(scene, "close 1 room=2 2026-11-23T11:59..14:01")
    assert (shown.free, shown.closure.room) == (2, 2)
    await scene.until(MONDAY + HOUR)
    shown = await preview(scene)
    assert (shown.free, shown.running) == (2, 2)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("close 1 room=3 2026-11-23", UnknownRoom(3, 2)),
        ("close 1 2026-11-19", ClosurePast()),
    ],
)
async def test_a_closing_that_cannot_be(scene: Scene, text: str, error: DomainError) -> None:
    """Each reason has its own error."""
    with pytest.raises(type(error)) as caught:
        await preview(scene, text)
    assert caught.value == error


# --- closing


async def test_closing_calls_off_what_is_there(scene: Scene) -> None:
    """Both are told why, without a strike, with the nearest times elsewhere; who waited is told; the rest is gone."""
    later = [await scene.slot(MONDAY + hours * HOUR) for hours in (24, 29, 48, 72)]
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    scene.clock.now = MONDAY - 3 * HOUR  # late: cancelling would be a strike
    done = await closed(scene)
    assert (done.what, done.free, done.booked) == ("applied", 3, 1)
    assert (await states(scene))[:4] == ["cancelled"] * 4
    instead = tuple([await scene.view(slot, "open") for slot in later[:3]])
    told = BookingCancelled(await scene.view(1, "cancelled"), "studio", reason="pipe", instead=instead)
    for who in (ANN, BO):
        assert await scene.last(who, kind=BookingCancelled) == told
        assert await scene.strikes(who) == []
    assert await scene.state(booking) == "cancelled"
    assert await scene.last(DI, kind=WaitOver)
    assert await scene.moves("roomclosure:1") == ["roomclosure.planned", "roomclosure.applied"]


async def test_more_than_was_shown_is_shown_again(scene: Scene) -> None:
    """A booking that came after the preview is not called off by a press that did not know of it."""
    await preview(scene)
    await scene.hold(ANN, 1)
    again = await scene.act(OWNER, closures.apply, 1)
    assert again == ClosurePreview(
        VIEW, free=3, booked=(Touched(await scene.view(1), ("Ann", "Bo")),), more=1
    )
    assert await states(scene) == ["taken", "open", "open", "open"]
    done = await scene.act(OWNER, closures.apply, 1)
    assert (done.free, done.booked) == (3, 1)


async def test_a_closure_is_answered_once(scene: Scene) -> None:
    """A double press, a dropped preview, a button that never was."""
    await closed(scene)
    for service in (closures.apply, closures.drop):
        with pytest.raises(ClosureOver) as caught:
            await scene.act(OWNER, service, 1)
        assert caught.value == ClosureOver("applied")
    await preview(scene)
    await scene.act(OWNER, closures.drop, 2)
    with pytest.raises(ClosureOver) as caught:
        await scene.act(OWNER, closures.apply, 2)
    assert caught.value == ClosureOver("dropped")
    with pytest.raises(UnknownClosure):
        await scene.act(OWNER, closures.lift, 99)


async def test_nothing_is_planned_there_until_it_is_opened_again(scene: Scene) -> None:
    """A plan leaves the closed time out and says so; lifted, it has room again, and a second press is told."""
    await closed(scene)

    async def plan() -> Any:
        return await scene.act(OWNER, batches.preview, parse("beijing 2026-11-23 09:00 3h"))

    with pytest.raises(NothingToPlan) as caught:
        await plan()
    assert caught.value == NothingToPlan(0, 0, 0, 2)
    card = await scene.act(OWNER, closures.lift, 1)
    assert card == ClosureCard(VIEW, "lifted")
    assert (await plan()).count == 2
    with pytest.raises(ClosureOver):
        await scene.act(OWNER, closures.lift, 1)
    assert (await states(scene))[:4] == ["cancelled"] * 4


# --- the database keeps it


async def test_no_session_enters_a_closed_room(scene: Scene) -> None:
    """Not by being made there, nor by being moved or brought back; one elsewhere may."""
    await closed(scene, "close 1 room=1 2026-11-23")
    with pytest.raises(ConflictError, match="room_closures"):
        await scene.slot(MONDAY + 10 * HOUR)
    outside = await scene.slot(MONDAY + DAY)
    into = update(Slot).values(starts_at=MONDAY + 10 * HOUR, ends_at=MONDAY + 13 * HOUR)
    back = update(Slot).where(col(Slot.id) == 1).values(state="open")
    for change in (into.where(col(Slot.id) == outside), back):
        with pytest.raises(ConflictError, match="room_closures"):
            async with scene.units.writing(str(change)) as unit:
                await unit.tx.change(change)
    assert (await states(scene))[0] == "cancelled"


async def test_no_room_closes_over_a_session_that_stands(scene: Scene) -> None:
    """Whatever the program believes: a closure that is applied without calling off is refused."""
    await preview(scene)
    forced = update(RoomClosure).where(col(RoomClosure.id) == 1)
    forced = forced.values(state="applied", applied_at=scene.clock.now)
    with pytest.raises(ConflictError, match="overlap: slots"):
        async with scene.units.writing("forced") as unit:
            await unit.tx.change(forced)


async def test_a_booking_against_a_closing(scene: Scene) -> None:
    """Whoever is first: the closing sees the booking and asks again, or the booking finds nothing to book."""
    await preview(scene)

    async def book() -> str:
        try:
            await scene.act(ANN, holds.book, 1)
        except (SlotTaken, DomainError):
            return "refused"
        return "held"

    async def close() -> str:
        return type(await scene.act(OWNER, closures.apply, 1)).__name__

    ends = tuple(await asyncio.gather(book(), close()))
    assert ends in {("held", "ClosurePreview"), ("refused", "ClosureCard")}
    live = await scene.all(select(Booking.id).where(Booking.state == "held"))
    assert bool(live) == (ends[0] == "held") == ((await states(scene))[0] == "taken")


async def test_a_move_into_a_closed_time(scene: Scene) -> None:
    """A move that waits for the partner's yes is called off with the closing; the old booking stays as it was."""
    old = await scene.booked(1)
    evening = await scene.slot(MONDAY + 9 * HOUR)
    move = await scene.hold(ANN, evening, moving=old)
    shown = await preview(scene, "close 1 2026-11-23T17:00..")
    assert shown.booked == (Touched(await scene.view(evening), ("Ann", "Bo")),)
    done = await scene.act(OWNER, closures.apply, 1)
    assert (done.free, done.booked) == (0, 1)
    assert (await scene.state(move), await scene.state(old)) == ("cancelled", "confirmed")
    with pytest.raises(BookingOver):
        await scene.act(BO, holds.agree, move)
    with pytest.raises(SlotNotOpen):
        await scene.act(ANN, holds.book, evening, old)
    assert await scene.active(old) == [ANN, BO]


async def test_without_the_triggers_both_would_win(scene: Scene) -> None:
    """The negative control: it is the database that refuses, nothing before it."""
    async with scene.units.writing("no triggers") as unit:
        drops = [f"DROP TRIGGER {name}" for name in overlap_triggers() if "clos" in name]
        for drop in drop_closing() if scene.units.database.on_a_server else drops:
            await unit.tx.run(text(drop))
    await closed(scene, "close 1 room=1 2026-11-23")
    inside = await scene.slot(MONDAY + 10 * HOUR)
    assert await scene.slot_state(inside) == "open"
    await preview(scene, "close 1 room=2 2026-11-23")
    forced = update(RoomClosure).where(col(RoomClosure.id) == 2)
    async with scene.units.writing("forced") as unit:
        await unit.tx.change(forced.values(state="applied", applied_at=scene.clock.now))
    assert (await states(scene))[1] == "open"


# --- by buttons


async def test_being_led_there(scene: Scene) -> None:
    """Room, days, reason; mistakes leave the question open, old buttons say so."""
    assert await scene.act(OWNER, closure_draft.begin, 1) == AskClosure(STUDIO, "room", ("1", "2", "all"))
    for typed, error in (("3", UnknownRoom), ("x", BadRooms)):
        with pytest.raises(error):
            await scene.act(OWNER, closure_draft.answer, typed)
    asked = await scene.act(OWNER, closure_draft.press, 1, "room", "2")
    assert asked == AskClosure(STUDIO, "dates", closure_draft.DAYS)
    with pytest.raises(BadDate):
        await scene.act(OWNER, closure_draft.answer, "soon")
    for step, value in (("room", "1"), ("dates", "99")):
        with pytest.raises(StepOver):
            await scene.act(OWNER, closure_draft.press, 1, step, value)
    assert await scene.act(OWNER, closure_draft.press, 1, "dates", "7") == AskClosure(STUDIO, "reason")
    shown = await scene.act(OWNER, closure_draft.answer, "a burst pipe")
    assert (shown.closure.room, shown.closure.reason, shown.free) == (2, "a burst pipe", 2)
    async with scene.units.reading() as look:
        olga = await people.by_telegram_id(look, OWNER)
        assert olga is not None
        assert olga.expecting is None
