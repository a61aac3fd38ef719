"""Reminders: when, what, to whom, exactly once, and never about what has changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.rules.policy import Policy, RemindersPolicy
from bot.services.booking import cancelling, holds, reminders, rescue
from bot.services.booking.bookings import BookingOver
from bot.services.messages import Lane
from bot.services.messages.bookings import AttendNoted, NotConfirmedYet, Reminder, SilentPerson
from bot.services.messages.partners import ProposalCard
from bot.services.pairing import matches, pool
from bot.services.sampling.samples import NotYours
from storage.tables import OutboxRow, Studio, Timer
from tests.helpers import MovableClock, a_slot, a_studio, ring
from tests.services.scene import ANN, BO, CY, HOUR, MONDAY, OWNER, STRANGER, Scene


async def reminded(scene: Scene, who: int) -> list[Reminder]:
    """Every reminder somebody was sent."""
    return [m for m in await scene.told(who) if isinstance(m, Reminder)]


async def test_each_offset_once_with_its_part(scene: Scene) -> None:
    """The first asks, the last carries the way; the near ones go before everything else."""
    booking = await scene.booked(3)
    start = MONDAY + 5 * HOUR
    view = await scene.view(3)
    await scene.until(start)
    assert await reminded(scene, ANN) == [
        Reminder(booking, view, "Bo", asks=True, last=False),
        Reminder(booking, view, "Bo", asks=False, last=False),
        Reminder(booking, view, "Bo", asks=False, last=True),
    ]
    rows = await scene.all(select(OutboxRow).where(OutboxRow.kind == "Reminder", OutboxRow.chat_id == BO))
    assert [(row.created_at, row.lane, row.expires_at) for row in rows] == [
        (start - 24 * HOUR, Lane.REMINDER, start - 2 * HOUR),
        (start - 2 * HOUR, Lane.IMMINENT, start - HOUR / 2),
        (start - HOUR / 2, Lane.IMMINENT, start),
    ]


async def test_a_clock_that_jumps_sends_what_is_useful_still_and_only_once(scene: Scene) -> None:
    """Offline from Friday to an hour before the start: the first two are of no use, the last one comes."""
    await scene.booked(3)
    scene.clock.now = MONDAY + 4 * HOUR
    await ring(scene.units)
    await ring(scene.units)
    assert [(r.asks, r.last) for r in await reminded(scene, ANN)] == [(False, False)]
    await scene.forward(hours=3)
    assert len(await reminded(scene, ANN)) == 1


async def test_a_day_ahead_in_the_quiet_hours_waits_for_the_morning(scene: Scene) -> None:
    """Monday 23:30, 24 hours before a night session: at eight the next morning instead."""
    night = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    slot = await scene.slot(night)
    booking = await scene.booked(slot)
    due = await scene.all(
        select(Timer.due_at).where(Timer.subject == f"booking:{booking}", Timer.kind == "reminder")
    )
    assert due == [datetime(2026, 11, 24, 0, 0, tzinfo=UTC), night - 2 * HOUR, night - HOUR / 2]


async def test_a_late_reminder_keeps_quiet_too(scene: Scene) -> None:
    """Down when it was due and up again at night, it is queued for the morning, not sent at once."""
    slot = await scene.slot(datetime(2026, 11, 24, 13, 0, tzinfo=UTC))  # Tuesday, 21:00 in Shanghai
    await scene.booked(slot)
    scene.clock.now = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # midnight, three hours late
    await ring(scene.units)
    row = await scene.row(ANN, Reminder)
    assert row.not_before == datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("end", ["cancel", "move", "leave"])
async def test_nothing_reminds_of_what_has_changed(scene: Scene, end: str) -> None:
    """Cancelled, moved or left: no reminder of the old time fires, and one still in the queue is taken back."""
    booking = await scene.booked(3)
    start = MONDAY + 5 * HOUR
    scene.clock.now = start - 24 * HOUR
    await ring(scene.units)
    if end == "cancel":
        await scene.act(ANN, cancelling.cancel, booking)
    elif end == "leave":
        await scene.act(ANN, rescue.leave, booking)
    else:
        later = await scene.slot(MONDAY + 48 * HOUR)
        await scene.act(BO, holds.agree, await scene.hold(ANN, later, booking))
    states = await scene.all(select(OutboxRow.state).where(OutboxRow.kind == "Reminder"))
    assert states == ["cancelled", "cancelled"]
    await scene.until(start)
    about_old = [r for who in (ANN, BO) for r in await reminded(scene, who) if r.booking_id == booking]
    assert about_old == []


async def test_both_say_they_come(scene: Scene) -> None:
    """Each hears of the other; only together it is "attending"."""
    booking = await scene.booked(1)
    scene.clock.now = MONDAY - 24 * HOUR
    await ring(scene.units)
    view = await scene.view(1)
    assert await scene.act(ANN, reminders.attend, booking) == AttendNoted(booking, view, "Bo", both=False)
    assert await scene.state(booking) == "confirmed"
    assert await scene.act(BO, reminders.attend, booking) == AttendNoted(booking, view, "Ann", both=True)
    assert await scene.act(BO, reminders.attend, booking) == AttendNoted(booking, view, "Ann", both=True)
    assert await scene.state(booking) == "attending"
    await scene.until(MONDAY - 12 * HOUR)
    assert "NotConfirmedYet" not in await scene.kinds(OWNER)


@pytest.mark.parametrize("answered", [(), (ANN,)])
async def test_silence_is_reported_to_the_coordinators(scene: Scene, answered: tuple[int, ...]) -> None:
    """Twelve hours before, once, with those who have not answered."""
    booking = await scene.booked(1)
    scene.clock.now = MONDAY - 24 * HOUR
    await ring(scene.units)
    for who in answered:
        await scene.act(who, reminders.attend, booking)
    await scene.until(MONDAY - 12 * HOUR)
    silent = [SilentPerson(who, {ANN: "Ann", BO: "Bo"}[who]) for who in (ANN, BO) if who not in answered]
    assert await scene.last(OWNER) == NotConfirmedYet(
        booking, await scene.view(1), tuple(silent), MONDAY - 11 * HOUR if answered else None
    )
    await scene.until(MONDAY)
    # Where one of two had answered, the last call has settled the rest: an unread alert is taken back.
    assert (await scene.kinds(OWNER)).count("NotConfirmedYet") == (0 if answered else 1)


async def test_coordinators_sleep_too(scene: Scene) -> None:
    """For an afternoon session the deadline lies in the night: they read it in the morning."""
    await scene.booked(3)
    await scene.until(MONDAY + 5 * HOUR - 12 * HOUR)
    row = await scene.row(OWNER, NotConfirmedYet)
    assert row.not_before == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


async def test_who_may_say_so_and_when(scene: Scene) -> None:
    """One's own booking, once it stands, until it begins."""
    booking = await scene.hold(ANN, 1)
    with pytest.raises(BookingOver, match="held"):
        await scene.act(BO, reminders.attend, booking)
    await scene.act(BO, holds.agree, booking)
    for who in (CY, STRANGER):
        with pytest.raises(NotYours):
            await scene.act(who, reminders.attend, booking)
    scene.clock.now = MONDAY
    with pytest.raises(BookingOver, match="started"):
        await scene.act(BO, reminders.attend, booking)


async def test_who_said_yes_is_not_asked_again_after_a_rescue(scene: Scene) -> None:
    """The stand-in is asked, the stayer reminded; both answers together make it "attending"."""
    booking = await scene.booked(1)
    await scene.act(BO, reminders.attend, booking)
    await scene.act(STRANGER, pool.join)
    await scene.act(ANN, rescue.leave, booking)
    for who in (BO, STRANGER):
        card = [m for m in await scene.told(who) if isinstance(m, ProposalCard)][-1]
        await scene.act(who, matches.answer, card.proposal_id, agree=True)
    await scene.until(MONDAY - 24 * HOUR)
    assert [r.asks for r in await reminded(scene, BO)] == [False]
    assert [(r.asks, r.partner) for r in await reminded(scene, STRANGER)] == [(True, "Bo")]
    await scene.act(STRANGER, reminders.attend, booking)
    assert await scene.state(booking) == "attending"


async def test_booked_at_the_last_moment(scene: Scene) -> None:
    """What is past falls away: one reminder is left, it asks and shows the way, and nobody is late with an answer."""
    booking_at = MONDAY + 5 * HOUR - timedelta(hours=2)
    scene.clock.now = booking_at
    booking = await scene.booked(3)
    assert await scene.timers(f"booking:{booking}") == ["reminder"]
    await scene.until(MONDAY + 5 * HOUR)
    assert [(r.asks, r.last) for r in await reminded(scene, ANN)] == [(True, True)]


async def test_the_night_the_clocks_go_back(scene: Scene, clock: MovableClock) -> None:
    """In London on 25 October 2026 a day before is 24 hours, though the clocks show an hour's difference."""
    clock.now = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)
    start = datetime(2026, 10, 25, 9, 0, tzinfo=UTC)  # 09:00, the day before it was 10:00 by the same count
    async with scene.units.writing("london") as unit:
        studio: Studio = await a_studio(unit, "london", zone="Europe/London")
        slot = (await a_slot(unit, studio, start)).id
    await scene.booked(slot)
    await scene.until(start)
    rows = await scene.all(select(OutboxRow).where(OutboxRow.kind == "Reminder", OutboxRow.chat_id == ANN))
    assert [row.created_at for row in rows] == [start - 24 * HOUR, start - 2 * HOUR, start - HOUR / 2]


async def test_no_offsets_no_reminders(scene: Scene) -> None:
    """`offsets = []` and `confirm_by = ""` turn all of it off."""
    off = Policy(reminders=RemindersPolicy(offsets=(), confirm_by=None))
    scene.units.house = replace(scene.units.house, policy=off)
    booking = await scene.booked(1)
    assert await scene.timers(f"booking:{booking}") == []
