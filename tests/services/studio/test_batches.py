"""Batches of slots: the preview, opening, dropping, asking again, lowering the need, taking back."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.rules.errors import DomainError
from bot.rules.slots import parse
from bot.services import people
from bot.services.messages.shifts import ShiftReminder, ShiftRequest, ShiftsCancelled, Today
from bot.services.messages.slots import (
    AnnouncementReport,
    BatchCard,
    BatchDropped,
    BatchPreview,
    Grid,
    Lack,
    SlotsOpened,
)
from bot.services.studio import batches, shift_cards, shifts
from bot.services.studio.batches import (
    BatchNotOpened,
    BatchOver,
    JustAsked,
    NobodyToAsk,
    NothingLacking,
    NothingToPlan,
    TooManySlots,
    UnknownBatch,
)
from bot.services.studio.studios import NoStudioYet, UnknownCity
from bot.services.unit import Unit, Units
from tests.helpers import MovableClock, a_slot, a_studio, deliver
from tests.services.planning import ANN, BEN, BO, CAT, OWNER, WEEK, ZOE, Planning

GRID = Grid(
    city="beijing",
    city_names={"en": "Beijing"},
    zone="Asia/Shanghai",
    first=date(2026, 12, 1),
    last=date(2026, 12, 2),
    times=("09:00", "14:00"),
    length=timedelta(hours=3),
    rooms=1,
)


@pytest.fixture
async def planning(units: Units, clock: MovableClock) -> Planning:
    """Two of the staff, and each session needs both."""
    return await Planning(units, clock).build()


@pytest.fixture
async def free(units: Units, clock: MovableClock) -> Planning:
    """Sessions that need nobody of the staff."""
    return await Planning(units, clock).build(staff=0, needed=0)


# --- the preview


async def test_a_preview_counts_and_creates_nothing(planning: Planning) -> None:
    """Everything that a coordinator wants to know before saying yes."""
    expected = BatchPreview(batch_id=1, grid=GRID, count=4, staff_needed=2, staff=2, wave=timedelta(hours=2))
    assert await planning.preview() == expected
    assert await planning.states() == []


async def test_a_preview_tells_what_is_left_out(units: Units, clock: MovableClock) -> None:
    """What has begun, what overlaps something in its room, and what the clocks skip."""
    planning = await Planning(units, clock).build(staff=0)
    async with units.writing("berlin") as unit:
        berlin = await a_studio(unit, "berlin", rooms=2, zone="Europe/Berlin")
        await a_slot(unit, berlin, datetime(2026, 11, 20, 14, tzinfo=UTC), room=2)
    clock.now = datetime(2026, 11, 20, 10, tzinfo=UTC)
    shown = await planning.preview("berlin 2026-11-20 09:00,14:00 3h")
    assert (shown.count, shown.past, shown.clashes, shown.nonexistent) == (1, 2, 1, ())
    shown = await planning.preview("berlin 2027-03-28 02:30,09:00 3h")
    assert (shown.count, shown.nonexistent, shown.twice) == (2, ("2027-03-28 02:30",), ())
    shown = await planning.preview("berlin 2027-10-30..2027-10-31 02:30,09:00 3h")
    assert (shown.count, shown.nonexistent, shown.twice) == (8, (), ("2027-10-31 02:30",))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("beijing 2020-12-01 09:00 3h", NothingToPlan(1, 0, 0)),
        ("mars 2026-12-01 09:00 3h", UnknownCity("mars", ("beijing",))),
        (
            "beijing 2026-12-01..2027-02-20 " + ",".join(f"{hour:02}:00" for hour in range(24)) + " 1h",
            TooManySlots(1968, 1000),
        ),
    ],
)
async def test_a_plan_that_cannot_be(planning: Planning, line: str, error: DomainError) -> None:
    """Each reason has its own error, and no batch is kept."""
    with pytest.raises(type(error)) as caught:
        await planning.preview(line)
    assert caught.value == error
    assert (await planning.preview()).batch_id == 1


async def test_without_a_studio_nothing_can_be_planned(units: Units, clock: MovableClock) -> None:
    """The first step is another one."""
    async with units.writing("test") as unit:
        with pytest.raises(NoStudioYet):
            await batches.preview(unit, await _owner(unit), parse(WEEK))


async def _owner(unit: Unit) -> people.Person:
    return await people.arrive(unit, people.Visitor(OWNER, "Olga"))


# --- opening and dropping


async def test_without_staff_they_open_and_are_announced_at_once(free: Planning) -> None:
    """All four are open; the pair is offered the earliest, who is alone is told to find a partner."""
    card = await free.opened()
    report = AnnouncementReport(free.clock.now, told=3, sent=0, opened=0, booked=0)
    shown = {"announced_at": free.clock.now, "reports": (report,)}
    assert card == BatchCard(batch_id=1, grid=GRID, total=4, free=4, taken=0, **shown)
    assert await free.states() == ["open"] * 4
    for who in (ANN, BO):
        (announced,) = await free.told(who, SlotsOpened)
        assert (announced.count, announced.paired) == (4, True)
        assert [slot.slot_id for slot in announced.slots] == [1, 2, 3, 4]
    (alone,) = await free.told(ZOE, SlotsOpened)
    assert (alone.count, alone.paired, alone.slots) == (4, False, ())


async def test_opening_twice_at_once_creates_them_once(free: Planning) -> None:
    """A double press is told that it was done, and changes nothing."""
    shown = await free.preview()

    async def press(cause: str) -> str:
        async with free.units.writing(cause) as unit:
            try:
                await batches.open_(unit, await _owner(unit), shown.batch_id)
            except BatchOver as error:
                return error.state
            return "done"

    assert sorted(await asyncio.gather(press("a"), press("b"))) == ["done", "opened"]
    assert await free.states() == ["open"] * 4
    assert len(await free.told(ANN, SlotsOpened)) == 1


async def test_what_clashes_meanwhile_is_skipped_and_told(free: Planning) -> None:
    """Two previews of the same times: who opens second gets what is left."""
    second = await free.preview("beijing 2026-12-01 09:00,14:00,18:00 3h")
    await free.opened()
    card = await free.act(OWNER, batches.open_, second.batch_id)
    assert (card.total, card.free, card.skipped) == (1, 1, 2)


async def test_a_plan_that_has_become_empty_is_not_opened(free: Planning) -> None:
    """The preview stays as it is, and the reason is told."""
    second = await free.preview()
    await free.opened()
    with pytest.raises(NothingToPlan) as caught:
        await free.act(OWNER, batches.open_, second.batch_id)
    assert caught.value == NothingToPlan(0, 4, 0)
    assert await free.act(OWNER, batches.drop, second.batch_id) == BatchDropped(GRID)


async def test_a_dropped_preview_is_over(free: Planning) -> None:
    """Nothing was created, and the button says what became of it."""
    shown = await free.preview()
    assert await free.act(OWNER, batches.drop, shown.batch_id) == BatchDropped(GRID)
    for service in (batches.drop, batches.open_):
        with pytest.raises(BatchOver) as caught:
            await free.act(OWNER, service, shown.batch_id)
        assert caught.value == BatchOver("dropped")
    with pytest.raises(UnknownBatch):
        await free.act(OWNER, batches.open_, 99)
    assert await free.states() == []


# --- a batch that waits for its staff


async def test_the_staff_are_asked_once_each(planning: Planning) -> None:
    """Four slots fit into one message; nothing is open or announced yet."""
    card = await planning.opened()
    assert (card.total, card.free, card.lacks, card.staff) == (4, 0, (Lack(4, 2),), 2)
    for who in (BEN, CAT):
        (request,) = await planning.told(who, ShiftRequest)
        assert [view.slot.slot_id for view in request.shifts] == [1, 2, 3, 4]
        assert {view.state for view in request.shifts} == {"asked"}
    assert await planning.states() == ["draft"] * 4
    assert await planning.told(ANN, SlotsOpened) == []


async def test_asking_again_reaches_the_silent_once_a_minute(planning: Planning) -> None:
    """Who has answered everything is left alone; a double press is one."""
    await planning.opened()
    async with planning.units.writing("ben") as unit:
        ben = await _person(unit, BEN)
        await shifts.answer_card(unit, ben, 1, 1, yes=True)
    async with planning.units.writing("again") as unit:
        assert await batches.ask_again(unit, 1) == 1
        with pytest.raises(JustAsked):
            await batches.ask_again(unit, 1)
    (reminder,) = await planning.told(CAT, ShiftReminder)
    assert [view.slot.slot_id for view in reminder.shifts] == [1, 2, 3, 4]
    assert await planning.told(BEN, ShiftReminder) == []
    planning.clock.forward(minutes=1)
    async with planning.units.writing("later") as unit:
        assert await batches.ask_again(unit, 1) == 1
    assert len(await planning.told(CAT, ShiftReminder)) == 2


async def _person(unit: Unit, telegram_id: int) -> people.Person:
    found = await people.by_telegram_id(unit, telegram_id)
    assert found is not None
    return found


async def test_nobody_to_ask_and_nothing_to_ask_for(planning: Planning) -> None:
    """Each has its own words: invite more staff, or everything is fine."""
    await planning.opened()
    for who in (BEN, CAT):
        await planning.act(who, shifts.answer_card, 1, 1, yes=False)
    async with planning.units.writing("again") as unit:
        with pytest.raises(NobodyToAsk) as caught:
            await batches.ask_again(unit, 1)
        assert caught.value == NobodyToAsk(2, "beijing")
        await batches.need(unit, await _owner(unit), 1, 0)
        with pytest.raises(NothingLacking):
            await batches.ask_again(unit, 1)


async def test_fewer_people_open_what_has_them(planning: Planning) -> None:
    """With one each, Ben's two open; with none, all do, and his cards say that nobody else is needed."""
    await planning.opened()
    await deliver(planning.units)
    for slot_id in (1, 2):
        await planning.act(BEN, shifts.answer, await planning.shift(BEN, slot_id), yes=True)
    card = await planning.act(OWNER, batches.need, 1, 1)
    assert (card.free, card.lacks, card.staff_needed) == (2, (Lack(2, 1),), 1)
    assert await planning.states() == ["open", "open", "draft", "draft"]
    assert await planning.act(OWNER, batches.need, 1, 2) == card
    card = await planning.act(OWNER, batches.need, 1, 0)
    assert (card.free, card.lacks) == (4, ())
    (*_, shown) = await planning.told(CAT, ShiftRequest)
    assert [view.full for view in shown.shifts] == [True] * 4


async def test_what_nobody_booked_can_be_taken_back(planning: Planning) -> None:
    """Drafts and open ones are cancelled, the staff told; their room is free for another plan."""
    await planning.opened()
    for who in (BEN, CAT):
        await planning.act(who, shifts.answer, await planning.shift(who, 1), yes=True)
    assert await planning.states() == ["open", "draft", "draft", "draft"]
    card = await planning.act(OWNER, batches.take_back, 1)
    assert (card.total, card.free) == (0, 0)
    assert await planning.states() == ["cancelled"] * 4
    (lost,) = await planning.told(BEN, ShiftsCancelled)
    assert [slot.slot_id for slot in lost.slots] == [1]
    assert await planning.shift_states(BEN) == ["released", "asked", "asked", "asked"]
    async with planning.units.reading() as look:
        assert await shift_cards.today(look, await _person(look, BEN)) == Today((), ())
    assert (await planning.preview()).count == 4


async def test_a_preview_has_no_slots_to_act_on(planning: Planning) -> None:
    """Forged presses on a batch that was never opened change nothing."""
    shown = await planning.preview()
    for service, args in ((batches.need, (0,)), (batches.take_back, ())):
        with pytest.raises(BatchNotOpened):
            await planning.act(OWNER, service, shown.batch_id, *args)
    async with planning.units.writing("forged") as unit:
        with pytest.raises(BatchNotOpened):
            await batches.ask_again(unit, shown.batch_id)
