"""Staff asked by load: who is asked first, who is next, and what coordinators hear when nobody is left."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.rules.roles import Role
from bot.rules.slots import BadDate
from bot.rules.states import SlotState
from bot.services import people
from bot.services.booking import holds
from bot.services.joining import invitations
from bot.services.messages.bookings import BookingCancelled
from bot.services.messages.shifts import (
    ShiftReminder,
    ShiftRequest,
    ShiftsCancelled,
    ShiftWanted,
    StaffGone,
    StaffSettled,
    StaffShort,
)
from bot.services.people import Person
from bot.services.studio import batches, duty, shift_cards, shifts, understaffed
from bot.services.unit import Units
from storage.tables import OutboxRow, Shift, Slot
from tests.helpers import MovableClock, deliver, ring
from tests.services.planning import ANN, BEN, BO, CAT, DAN, OWNER, STAFF, Planning

ONE = "beijing 2026-12-01 09:00 3h"
"""A Tuesday."""
TWELVE = timedelta(hours=12)


@pytest.fixture
async def planning(units: Units, clock: MovableClock) -> Planning:
    """Three of the staff, one of whom each session needs."""
    return await Planning(units, clock).build(needed=1, staff=3, ask_next=TWELVE)


async def asked(planning: Planning) -> dict[int, list[int]]:
    """For each slot the Telegram ids of those who were asked or answered, in order."""
    async with planning.units.reading() as look:
        rows = await look.tx.all(
            select(Shift.slot_id, Person.telegram_id)
            .join(Person, col(Person.id) == col(Shift.person_id))
            .order_by(col(Shift.slot_id), col(Shift.id))
        )
    found: dict[int, list[int]] = {}
    for slot_id, who in rows:
        found.setdefault(slot_id, []).append(who)
    return found


async def say(planning: Planning, who: int, slot_id: int, *, yes: bool) -> None:
    """Somebody's answer for a slot, and what follows from it."""
    await planning.act(who, shifts.answer, await planning.shift(who, slot_id), yes=yes)
    await ring(planning.units)


async def booked(planning: Planning) -> None:
    """One session that Ben runs and a pair has booked."""
    await planning.opened(ONE)
    await say(planning, BEN, 1, yes=True)
    await planning.act(ANN, holds.book, 1, None)
    await planning.act(BO, holds.agree, 1)


# --- the first ones


async def test_the_slots_of_a_plan_are_shared_out(planning: Planning) -> None:
    """Four slots, three people: nobody is asked for more than two, and each gets only what is theirs."""
    await planning.opened()
    assert await asked(planning) == {1: [BEN], 2: [CAT], 3: [DAN], 4: [BEN]}
    (card,) = await planning.told(BEN, ShiftRequest)
    assert [view.slot.slot_id for view in card.shifts] == [1, 4]


async def test_what_one_has_elsewhere_counts(planning: Planning) -> None:
    """A second plan goes to those whom the first one left out."""
    await planning.opened("beijing 2026-12-01 09:00,14:00 3h")
    await planning.opened("beijing 2026-12-02 09:00 3h")
    assert (await asked(planning))[3] == [DAN]


async def test_who_cannot_then_is_passed_over(planning: Planning) -> None:
    """By the week that they ticked and the days off that they noted."""
    await planning.act(BEN, duty.press, "beijing", "=evenings")
    await planning.act(CAT, duty.add_off, "2026-11-30..2026-12-01")
    await planning.opened(ONE)
    assert await asked(planning) == {1: [DAN]}


async def test_too_few_who_can_mean_that_all_are_asked(planning: Planning) -> None:
    """Other hours too, but no days off."""
    for who in (BEN, DAN):
        await planning.act(who, duty.press, "beijing", "=evenings")
    await planning.act(CAT, duty.add_off, "2026-12-01")
    await planning.opened(ONE)
    assert await asked(planning) == {1: [BEN, DAN]}


# --- the next ones


async def test_who_declines_is_followed_at_once(planning: Planning) -> None:
    """By the next, and only by the next."""
    await planning.opened(ONE)
    await say(planning, BEN, 1, yes=False)
    assert await asked(planning) == {1: [BEN, CAT]}
    await say(planning, CAT, 1, yes=True)
    assert await planning.states() == ["open"]
    await planning.forward(days=3)
    assert await asked(planning) == {1: [BEN, CAT]}


async def test_who_does_not_answer_is_followed_in_time(planning: Planning) -> None:
    """After the policy's twelve hours; the first may still say yes, and then the second is not needed."""
    await planning.opened(ONE)
    await planning.forward(hours=11, minutes=59)
    assert await asked(planning) == {1: [BEN]}
    await planning.forward(minutes=2)
    assert await asked(planning) == {1: [BEN, CAT]}
    await deliver(planning.units)
    await say(planning, BEN, 1, yes=True)
    assert await planning.states() == ["open"]
    (*_, card) = await planning.told(CAT, ShiftRequest)
    assert card.shifts[0].full


async def test_nobody_is_woken_to_be_asked(planning: Planning) -> None:
    """What the clock asks waits for the morning, and the time to answer begins then."""
    planning.clock.now = planning.clock.now.replace(hour=3, minute=0)  # eleven in Beijing
    await planning.opened(ONE)
    await planning.forward(hours=12)  # twenty-three
    async with planning.units.reading() as look:
        shift = await look.tx.one(select(Shift).where(Shift.id == 2))
        row = await look.tx.one(
            select(OutboxRow).where(OutboxRow.chat_id == CAT, OutboxRow.kind == ShiftRequest.kind)
        )
    morning = (planning.clock.now + timedelta(days=1)).replace(hour=0)  # eight
    assert (shift.asked_at, row.not_before) == (morning, morning)
    await planning.forward(hours=20)
    assert await asked(planning) == {1: [BEN, CAT]}
    await planning.forward(hours=1, minutes=1)
    assert await asked(planning) == {1: [BEN, CAT, DAN]}


async def test_after_the_last_everybody_is_reminded_once(planning: Planning) -> None:
    """Who declined is left alone; then who opened the plan is told, once."""
    await planning.opened(ONE)
    await say(planning, BEN, 1, yes=False)
    for _ in range(2):
        await planning.forward(hours=24)
    assert await asked(planning) == {1: [BEN, CAT, DAN]}
    assert await planning.told(OWNER, StaffShort) == []
    await planning.forward(hours=24)
    assert len(await planning.told(CAT, ShiftReminder)) == 1
    assert await planning.told(BEN, ShiftReminder) == []
    await planning.forward(hours=24)
    (short,) = await planning.told(OWNER, StaffShort)
    assert [slot.slot_id for slot in short.slots] == [1]
    await planning.forward(days=3)
    assert len(await planning.told(OWNER, StaffShort)) == 1
    assert len(await planning.told(CAT, ShiftReminder)) == 1


async def test_a_session_that_is_near_is_for_everybody(planning: Planning) -> None:
    """Two days before, whoever has not been asked is."""
    planning.clock.now = planning.clock.now.replace(month=11, day=28, hour=22, minute=0)
    await planning.opened(ONE)  # two days and three hours
    assert await asked(planning) == {1: [BEN]}
    await planning.forward(hours=3, minutes=1)
    assert await asked(planning) == {1: [BEN, CAT, DAN]}


async def test_when_all_decline_who_opened_the_plan_hears_it(planning: Planning) -> None:
    """At once, and of all such sessions in one message."""
    await planning.opened("beijing 2026-12-01 09:00,14:00 3h")
    for _ in range(3):
        for who in STAFF:
            for slot_id in (1, 2):
                if who in (await asked(planning))[slot_id]:
                    await say(planning, who, slot_id, yes=False)
    shorts = await planning.told(OWNER, StaffShort)
    assert sorted(slot.slot_id for short in shorts for slot in short.slots) == [1, 2]


async def test_a_newcomer_takes_what_is_left(planning: Planning) -> None:
    """Where the others are too few; what others were asked for stays theirs."""
    await planning.opened("beijing 2026-12-01 09:00,14:00 3h")
    for who in (BEN, CAT, DAN):
        if who in (await asked(planning)).get(1, []):
            await say(planning, who, 1, yes=False)
    assert (await asked(planning))[1] == [BEN, DAN, CAT]
    async with planning.units.writing("join") as unit:
        olga = await people.arrive(unit, people.Visitor(OWNER, "Olga"))
        token = await invitations.create(unit, olga, Role.STAFF, city="beijing")
        eve = await people.arrive(unit, people.Visitor(30, "Eve"))
        await invitations.accept_role(unit, eve, await invitations.find(unit, token))
    await ring(planning.units)
    now = await asked(planning)
    assert 30 not in now[2]


async def test_asked_again_by_hand_means_everybody(planning: Planning) -> None:
    """A reminder for who was asked, a card for who was not; no clock repeats it."""
    await planning.opened(ONE)
    planning.clock.forward(hours=1)
    async with planning.units.writing("again") as unit:
        assert await batches.ask_again(unit, 1) == 3
    assert await asked(planning) == {1: [BEN, CAT, DAN]}
    assert len(await planning.told(BEN, ShiftReminder)) == 1
    assert await planning.told(CAT, ShiftReminder) == []
    await planning.forward(hours=13)
    assert len(await planning.told(BEN, ShiftReminder)) == 1


async def test_who_blocked_the_bot_is_not_waited_for(planning: Planning) -> None:
    """The next is asked; what they had confirmed is for others, and nobody asks them again."""
    await planning.opened("beijing 2026-12-01 09:00,14:00 3h")
    await say(planning, BEN, 1, yes=True)
    for who in (CAT, BEN):
        async with planning.units.writing(f"{who} gone") as unit:
            await people.lost(unit, who)
        await ring(planning.units)
    assert (await asked(planning))[2] == [CAT, DAN]
    assert await planning.shift_states(BEN) == ["declined"]
    assert await planning.states() == ["draft", "draft"]
    assert len(await planning.told(DAN, ShiftWanted)) == 1


# --- cover


async def test_cover_is_found_by_load(planning: Planning) -> None:
    """One is asked to step in, coordinators hear of it, and see who takes over; it stays with its pair."""
    await booked(planning)
    await say(planning, BEN, 1, yes=False)
    (alarm,) = await planning.told(OWNER, StaffGone)
    assert (alarm.person, alarm.asked, alarm.decide) == ("Ben", 1, False)
    assert await asked(planning) == {1: [BEN, CAT]}
    assert len(await planning.told(CAT, ShiftWanted)) == 1
    await deliver(planning.units)
    await say(planning, CAT, 1, yes=True)
    (*_, seen) = await planning.told(OWNER)
    assert isinstance(seen, StaffSettled)
    assert (seen.how, seen.person) == ("found", "Cat")
    await planning.forward(days=9)
    assert len(await planning.told(OWNER, StaffGone)) == 1


async def test_without_cover_coordinators_decide_a_day_before(planning: Planning) -> None:
    """Until then the next are asked, those too who once said no; the one who gave it back is not."""
    planning.clock.now = planning.clock.now.replace(month=11, day=25, hour=2, minute=0)
    await planning.opened(ONE)
    await say(planning, BEN, 1, yes=False)
    await say(planning, CAT, 1, yes=True)
    await planning.act(ANN, holds.book, 1, None)
    await planning.act(BO, holds.agree, 1)
    await say(planning, CAT, 1, yes=False)
    assert len(await planning.told(DAN, ShiftWanted)) == 1
    assert await planning.told(BEN, ShiftWanted) == []
    await planning.forward(hours=25)
    assert len(await planning.told(BEN, ShiftWanted)) == 1
    assert await planning.told(CAT, ShiftWanted) == []
    while planning.clock.now < planning.clock.now.replace(month=11, day=30, hour=1, minute=1):
        await planning.forward(hours=1)
    alarms = await planning.told(OWNER, StaffGone)
    assert [(alarm.person, alarm.decide) for alarm in alarms] == [("Cat", False), ("", True)]


async def test_late_or_with_nobody_to_ask_they_decide_at_once(planning: Planning) -> None:
    """One message, with the buttons."""
    await booked(planning)
    planning.clock.now = planning.clock.now.replace(month=11, day=30, hour=22)
    await say(planning, BEN, 1, yes=False)
    (alarm,) = await planning.told(OWNER, StaffGone)
    assert (alarm.decide, alarm.asked) == (True, 2)
    await planning.forward(hours=2)
    assert len(await planning.told(OWNER, StaffGone)) == 1


async def test_it_takes_place_with_fewer(units: Units, clock: MovableClock) -> None:
    """With who is left; then nothing is to be decided any more."""
    planning = await Planning(units, clock).build(staff=2, needed=2, ask_next=TWELVE)
    await planning.opened(ONE)
    for who in (BEN, CAT):
        await say(planning, who, 1, yes=True)
    await planning.act(ANN, holds.book, 1, None)
    await planning.act(BO, holds.agree, 1)
    await say(planning, BEN, 1, yes=False)
    (alarm,) = await planning.told(OWNER, StaffGone)
    assert (alarm.confirmed, alarm.needed, alarm.asked, alarm.decide) == (1, 2, 0, True)
    await deliver(units)
    settled = await planning.act(OWNER, understaffed.run_with_fewer, 1)
    assert (settled.how, settled.confirmed) == ("fewer", 1)
    with pytest.raises(understaffed.NothingToDecide):
        await planning.act(OWNER, understaffed.off, 1)
    assert await planning.states() == ["taken"]


async def test_it_is_called_off(planning: Planning) -> None:
    """The two are told, and everybody who was asked to step in; none can run it with nobody."""
    await booked(planning)
    planning.clock.now = planning.clock.now.replace(month=11, day=30, hour=22)
    await say(planning, BEN, 1, yes=False)
    async with planning.units.writing("ask") as unit:
        shown = await understaffed.ask_to_call_off(unit, 1, confirming=True)
    assert (shown.confirming, shown.decide) == (True, True)
    with pytest.raises(understaffed.NothingToDecide):
        await planning.act(OWNER, understaffed.run_with_fewer, 1)
    assert (await planning.act(OWNER, understaffed.off, 1)).how == "off"
    assert await planning.states() == [SlotState.CANCELLED]
    for who in (ANN, BO):
        assert len(await planning.told(who, BookingCancelled)) == 1
    assert await planning.told(BEN, ShiftsCancelled) == []


async def test_no_decision_once_somebody_takes_over(planning: Planning) -> None:
    """The button of a minute ago says so."""
    await booked(planning)
    planning.clock.now = planning.clock.now.replace(month=11, day=30, hour=22)
    await say(planning, BEN, 1, yes=False)
    await say(planning, CAT, 1, yes=True)
    with pytest.raises(understaffed.NothingToDecide):
        await planning.act(OWNER, understaffed.off, 1)
    async with planning.units.reading() as look:
        assert (await look.tx.one(select(Slot).where(Slot.id == 1))).state == "taken"


# --- when they can, and how much they have


async def test_a_week_for_each_city(planning: Planning) -> None:
    """Pressed cell by cell; an empty one is not kept, and only one's own cities have one."""
    shown = await planning.act(BEN, duty.press, "beijing", "=evenings")
    assert shown.week.cells == (2, 5, 8, 11, 14, 17, 20)
    shown = await planning.act(BEN, duty.press, "beijing", "-2")
    assert 2 not in shown.week.cells
    cleared = await planning.act(BEN, duty.press, "beijing", "clear")
    assert (cleared.empty, cleared.week.cells) == (True, ())
    assert (await planning.act(BEN, duty.times)).weeks[0].cells == shown.week.cells
    with pytest.raises(duty.NotYourCity):
        await planning.act(BEN, duty.press, "sydney", "any")
    with pytest.raises(duty.NotYourCity):
        await planning.act(ANN, duty.grid, "beijing")


async def test_days_off_are_noted_and_taken_back(planning: Planning) -> None:
    """One's own only; what is past, or wrong, is refused and the question stays; none is noted twice."""
    await planning.act(BEN, duty.ask_off)
    for text, error in (("tomorrow", BadDate), ("2026-01-02", duty.DaysPast)):
        with pytest.raises(error):
            await planning.act(BEN, duty.add_off, text)
    shown = await planning.act(BEN, duty.add_off, "2026-12-01~2026-12-03")
    shown = await planning.act(BEN, duty.add_off, "2026-12-02")
    assert [(str(span.first), str(span.last)) for span in shown.off] == [("2026-12-01", "2026-12-03")]
    with pytest.raises(duty.UnknownDaysOff):
        await planning.act(CAT, duty.drop_off, shown.off[0].off_id)
    assert (await planning.act(BEN, duty.drop_off, shown.off[0].off_id)).off == ()


async def test_days_off_on_which_one_runs_a_session(planning: Planning) -> None:
    """They are counted: only the person can give a session back."""
    await planning.opened(ONE)
    await say(planning, BEN, 1, yes=True)
    assert (await planning.act(BEN, duty.add_off, "2026-12-01")).running == 1
    assert (await planning.act(CAT, duty.add_off, "2026-12-01")).running == 0


async def test_the_days_off_of_one_person_have_an_end(planning: Planning) -> None:
    """Twenty spans ahead."""
    for day in range(1, 21):
        await planning.act(BEN, duty.add_off, f"2026-12-{day:02}")
    with pytest.raises(duty.TooManyDaysOff):
        await planning.act(BEN, duty.add_off, "2026-12-24")


async def test_today_shows_ones_load_beside_the_others(planning: Planning) -> None:
    """In hours of sessions confirmed; nothing while nobody has any."""
    async with planning.units.reading() as look:
        ben = await people.by_telegram_id(look, BEN)
        assert ben is not None
        assert (await shift_cards.today(look, ben)).load is None
    planning.clock.now = planning.clock.now.replace(month=11, day=25)
    await planning.opened()
    for who, slot_id in ((BEN, 1), (CAT, 2), (BEN, 4)):
        await say(planning, who, slot_id, yes=True)
    async with planning.units.reading() as look:
        load = (await shift_cards.today(look, ben)).load
    assert load is not None
    assert (load.own, load.others) == (timedelta(hours=6), timedelta(hours=1.5))
