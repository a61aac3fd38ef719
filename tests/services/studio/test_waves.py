"""First waves: who is told first, what others are told meanwhile, and what came of each announcement."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from bot.services import people
from bot.services.booking import free_times, holds, wishing
from bot.services.messages.slots import AnnouncementReport, SlotsOpened
from bot.services.messages.waitlist import SlotOffered
from bot.services.pairing import pairs
from bot.services.studio import announcements, announcing, batches, openings, shifts, waves
from bot.services.studio.announcing import NothingOpen
from bot.services.studio.waves import KeptForFirst
from bot.services.unit import Units
from storage.tables import AnnouncedTo, Booking, OutboxRow
from tests.helpers import MovableClock, an_approved, deliver
from tests.services.planning import ANN, BEN, BO, OWNER, ZOE, Planning

TWO = timedelta(hours=2)
DAN, EMI, FIN, GUS = 31, 32, 33, 34
"""Dan and Emi are a pair a minute after Ann and Bo, Fin and Gus two."""
ONE_SLOT = "beijing 2026-12-01 09:00 3h"


async def crowd(units: Units, clock: MovableClock, *, needed: int = 0) -> Planning:
    """Three pairs and Zoe, and no staff needed (or one)."""
    planning = await Planning(units, clock).build(staff=needed, needed=needed)
    for first, second in ((DAN, EMI), (FIN, GUS)):
        clock.forward(minutes=1)
        async with units.writing(f"a pair {first}") as unit:
            one = await an_approved(unit, first, f"P{first}", city="beijing")
            other = await an_approved(unit, second, f"P{second}", city="beijing")
            await pairs.form(unit, one, other, "pool")
    return planning


@pytest.fixture
async def planning(units: Units, clock: MovableClock) -> Planning:
    """Three pairs and Zoe; sessions need no staff."""
    return await crowd(units, clock)


async def in_waves(planning: Planning, line: str = ONE_SLOT) -> None:
    """Open a batch in waves."""
    shown = await planning.preview(line)
    await planning.act(OWNER, batches.open_, shown.batch_id, waves=True)


async def told(planning: Planning) -> dict[int, int]:
    """How many announcements each of them got."""
    everybody = (ANN, BO, DAN, EMI, FIN, GUS, ZOE)
    return {who: len(await planning.told(who, SlotsOpened)) for who in everybody}


async def test_the_first_wave_is_refusedfirst_and_books_alone(planning: Planning) -> None:
    """Twice as many pairs as slots, those who wait longest; the rest hears when the head start is over."""
    await in_waves(planning)
    opens_at = planning.clock.now + TWO
    assert await told(planning) == {ANN: 1, BO: 1, DAN: 1, EMI: 1, FIN: 0, GUS: 0, ZOE: 0}
    (first,) = await planning.told(DAN, SlotsOpened)
    assert (first.first_until, first.paired, first.count) == (opens_at, True, 1)
    with pytest.raises(KeptForFirst) as kept:
        await planning.act(FIN, holds.book, 1, None)
    assert (kept.value.slot_id, kept.value.opens_at) == (1, opens_at)
    await planning.forward(hours=2)
    assert await told(planning) == {ANN: 1, BO: 1, DAN: 1, EMI: 1, FIN: 1, GUS: 1, ZOE: 1}
    (second,) = await planning.told(FIN, SlotsOpened)
    assert (second.first_until, second.paired) == (None, True)
    await planning.act(FIN, holds.book, 1, None)


async def test_what_the_first_wave_took_is_not_announced(planning: Planning) -> None:
    """Nothing is left, so nobody else is told."""
    await in_waves(planning)
    await planning.act(EMI, holds.book, 1, None)
    await planning.act(DAN, holds.agree, 1)
    await planning.forward(hours=2)
    assert (await told(planning))[FIN] == 0


async def test_who_is_in_the_wave_is_decided_once(planning: Planning) -> None:
    """A row for each of its people, which later changes do not touch."""
    await in_waves(planning)
    async with planning.units.reading() as look:
        query = select(AnnouncedTo.person_id, AnnouncedTo.first).order_by(col(AnnouncedTo.person_id))
        rows = [tuple(row) for row in await look.tx.all(query)]
        ids = [
            (await people.by_telegram_id(look, who)).id  # type: ignore[union-attr]
            for who in (ANN, BO, DAN, EMI)
        ]
    assert rows == [(one, True) for one in sorted(ids)]
    await planning.act(ANN, holds.book, 1, None)
    with pytest.raises(Exception, match="SlotTaken"):
        await planning.act(FIN, holds.book, 1, None)


async def test_free_times_show_what_is_kept(planning: Planning) -> None:
    """To who has to wait as `kept`, to the first wave as free."""
    await in_waves(planning)
    for who, state in ((FIN, "kept"), (ANN, "open")):
        page = await planning.act(who, free_times.page)
        assert [slot.state for slot in page.slots] == [state]


async def test_a_city_is_not_announced_past_its_first_wave(planning: Planning) -> None:
    """What only some can book yet is nothing to tell all of."""
    await in_waves(planning)
    with pytest.raises(NothingOpen):
        await planning.act(OWNER, announcing.announce_again, "beijing")
    await planning.forward(hours=2)
    await planning.act(OWNER, announcing.announce_again, "beijing")
    assert await told(planning) == dict.fromkeys((ANN, BO, DAN, EMI, FIN, GUS, ZOE), 2)


async def test_where_all_would_be_first_there_are_no_waves(planning: Planning) -> None:
    """Two slots are enough for four pairs: everybody is told at once."""
    await in_waves(planning, "beijing 2026-12-01 09:00,14:00 3h")
    assert set((await told(planning)).values()) == {1}
    await planning.act(FIN, holds.book, 1, None)


async def test_a_policy_without_a_head_start(planning: Planning) -> None:
    """No button, and a forged press opens them as always."""
    policy = planning.units.house.policy
    policy = replace(policy, booking=replace(policy.booking, wave=None))
    planning.units.house = replace(planning.units.house, policy=policy)
    assert (await planning.preview(ONE_SLOT)).wave is None
    await planning.act(OWNER, batches.open_, 1, waves=True)
    assert set((await told(planning)).values()) == {1}


async def test_the_second_wave_is_not_woken(units: Units, clock: MovableClock) -> None:
    """A head start that would end at night ends in the morning."""
    clock.now = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)  # 20:30 in Shanghai
    planning = await crowd(units, clock)
    await in_waves(planning)
    morning = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    (first,) = await planning.told(ANN, SlotsOpened)
    assert first.first_until == morning
    await planning.forward(hours=11)
    assert (await told(planning))[FIN] == 0
    clock.now = morning
    await planning.forward()
    assert (await told(planning))[FIN] == 1


async def test_what_is_open_but_not_announced_is_nobodys_yet(units: Units, clock: MovableClock) -> None:
    """In the minutes between the staff's yes and the announcement nobody can jump the wave."""
    planning = await crowd(units, clock, needed=1)
    await in_waves(planning, "beijing 2026-12-01 09:00,14:00 3h")
    await planning.act(BEN, shifts.answer, await planning.shift(BEN, 1), yes=True)
    for who in (ANN, FIN):
        with pytest.raises(KeptForFirst) as kept:
            await planning.act(who, holds.book, 1, None)
        assert kept.value.opens_at is None
    await planning.forward(minutes=2)
    await planning.act(ANN, holds.book, 1, None)


async def test_what_starts_soon_is_open_to_all(units: Units, clock: MovableClock) -> None:
    """A slot that could hardly be booked after the head start is not kept for anybody."""
    planning = await crowd(units, clock)
    clock.now = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
    await in_waves(planning, "beijing 2026-12-01 12:00 3h")
    assert set((await told(planning)).values()) == {1}
    await planning.act(FIN, holds.book, 1, None)


async def test_who_has_recorded_comes_after_who_has_not(planning: Planning) -> None:
    """Ann and Bo have waited longest as a pair, but they had a session."""
    clock = planning.clock
    await planning.opened("beijing 2026-11-21 09:00 3h")
    await planning.act(ANN, holds.book, 1, None)
    await planning.act(BO, holds.agree, 1)
    clock.now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    await in_waves(planning)
    first = [who for who in (ANN, DAN, FIN) if (await planning.told(who, SlotsOpened))[-1].first_until]
    assert first == [DAN, FIN]


async def test_new_times_are_offered_to_wishes_before_they_are_announced(planning: Planning) -> None:
    """One pair a slot; what nobody of them takes is announced, gathered, when the offers are over."""
    last = datetime(2026, 12, 2, tzinfo=UTC).date()
    await planning.act(FIN, wishing.join, "beijing", "morning", "any", last)
    await planning.opened("beijing 2026-12-01..2026-12-02 09:00,14:00 3h")
    assert await planning.states() == ["taken", "open", "open", "open"]
    (offer,) = await planning.told(GUS, SlotOffered)
    assert (offer.slot.slot_id, offer.wish) == (1, True)
    assert [message.count for message in await planning.told(ANN, SlotsOpened)] == [3]
    await planning.forward(minutes=30)
    assert await planning.states() == ["open"] * 4
    await planning.forward(hours=3)
    assert [message.count for message in await planning.told(ANN, SlotsOpened)] == [3, 1]


# --- what came of it


async def press(planning: Planning, who: int) -> None:
    """Somebody presses a button of the announcement that they got first."""
    async with planning.units.writing(f"{who} presses") as unit:
        person = await people.by_telegram_id(unit, who)
        query = select(OutboxRow).where(OutboxRow.chat_id == who, OutboxRow.kind == SlotsOpened.kind)
        row = await unit.tx.one(query.order_by(col(OutboxRow.id)).limit(1))
        assert person is not None
        assert row.message_id is not None
        await announcements.pressed(unit, person, who, row.message_id)
        await announcements.pressed(unit, person, who, 10**6)


async def test_an_announcement_counts_sent_opened_booked(planning: Planning) -> None:
    """Sent are messages that went out, opened are people who pressed a button of it, booked are sessions."""
    await planning.opened("beijing 2026-12-01 09:00,14:00 3h")
    at = planning.clock.now
    assert (await planning.act(OWNER, card)) == (AnnouncementReport(at, 7, 0, 0, 0),)
    await deliver(planning.units)
    for who in (ANN, DAN, ANN):
        await press(planning, who)
    await planning.act(ANN, holds.book, 1, None)
    assert (await planning.act(OWNER, card)) == (AnnouncementReport(at, 7, 7, 2, 0),)
    await planning.act(BO, holds.agree, 1)
    assert (await planning.act(OWNER, card)) == (AnnouncementReport(at, 7, 7, 2, 1),)


async def card(unit: object, _person: object) -> tuple[AnnouncementReport, ...]:
    """The numbers on the batch's card."""
    return (await batches.card(unit, 1)).reports  # type: ignore[arg-type]


async def test_a_citys_announcement_has_its_own_numbers(planning: Planning) -> None:
    """Bookings of before do not count for it."""
    await planning.opened("beijing 2026-12-01 09:00,14:00 3h")
    await planning.act(ANN, holds.book, 1, None)
    await planning.act(BO, holds.agree, 1)
    planning.clock.forward(hours=1)
    await planning.act(OWNER, announcing.announce_again, "beijing")
    await planning.act(FIN, holds.book, 2, None)
    await planning.act(GUS, holds.agree, 2)
    async with planning.units.reading() as look:
        (beijing,) = (await openings.openings(look)).cities
        held = await look.tx.all(select(Booking.state).order_by(col(Booking.id)))
    assert beijing.reports == (AnnouncementReport(planning.clock.now, 5, 0, 0, 1),)
    assert list(held) == ["confirmed", "confirmed"]


async def test_the_refusal_names_the_wish_that_would_help(planning: Planning) -> None:
    """The part of the day and the kind of day of that very slot, by the studio's clock."""
    await in_waves(planning, "beijing 2026-12-05 18:00 3h")
    page = await planning.act(FIN, free_times.page)
    (slot,) = page.slots
    refused = waves.refusal(slot, planning.clock.now)
    assert (refused.slot.slot_id, refused.part, refused.days) == (1, "evening", "weekend")
