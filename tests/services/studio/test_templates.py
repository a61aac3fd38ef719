"""Slots that repeat: the preview, days laid out by themselves and once, days left out, stopping, ending."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.rules import templates as rules
from bot.rules.errors import DomainError
from bot.rules.templates import Template
from bot.services.messages.shifts import ShiftRequest
from bot.services.messages.slots import BatchCard, SlotsOpened
from bot.services.messages.templates import (
    TemplateCard,
    TemplateEnded,
    TemplateList,
    TemplatePreview,
    TemplateView,
)
from bot.services.studio import templates
from bot.services.studio.batches import TooManySlots
from bot.services.studio.studios import UnknownCity
from bot.services.studio.templates import NothingRepeats, NotItsDay, TemplateOver, UnknownTemplate
from bot.services.unit import Units
from storage.tables import Slot, SlotTemplate, Timer
from tests.helpers import MovableClock, a_studio
from tests.services.planning import ANN, BEN, OWNER, Planning

LINE = "beijing weekly mo-fr 09:00,14:00 3h ahead=4d"
"""Asked for on Friday, 20 November 2026: the days up to Tuesday come at once."""

VIEW = TemplateView(
    template_id=1,
    city="beijing",
    city_names={"en": "Beijing"},
    zone="Asia/Shanghai",
    line='beijing rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" 09:00,14:00 3h from=2026-11-21 ahead=4d',
    state="preview",
    days=tuple(date(2026, 11, day) for day in (23, 24, 25, 26, 27, 30)),
)


@pytest.fixture
async def planning(units: Units, clock: MovableClock) -> Planning:
    """Sessions that need nobody of the staff."""
    return await Planning(units, clock).build(staff=0, needed=0)


def template(line: str = LINE) -> Template:
    """A line that has been read."""
    found = rules.parse(line)
    assert isinstance(found, Template)
    return found


async def started(planning: Planning, line: str = LINE) -> TemplateCard:
    """A template that runs."""
    shown = await planning.act(OWNER, templates.preview, template(line))
    return await planning.act(OWNER, templates.start, shown.template.template_id)


async def starts(planning: Planning) -> list[str]:
    """When the slots that stand begin, in Shanghai."""
    async with planning.units.reading() as look:
        query = select(Slot.starts_at).where(Slot.state != "cancelled").order_by(col(Slot.starts_at))
        return [f"{at.astimezone(ZONE):%m-%d %H}" for at in await look.tx.all(query)]


ZONE = ZoneInfo("Asia/Shanghai")


async def test_a_preview_tells_what_would_come_and_creates_nothing(planning: Planning) -> None:
    """The next days, how many sessions come at once, and nothing in the database but the preview."""
    shown = await planning.act(OWNER, templates.preview, template())
    assert shown == TemplatePreview(VIEW, count=4)
    assert await planning.states() == []
    async with planning.units.reading() as look:
        assert await templates.listing(look) == TemplateList(())


async def test_a_preview_names_what_is_in_the_way_and_the_nights_of_the_clocks(planning: Planning) -> None:
    """What overlaps, and the hour that Berlin skips or has twice in the coming year."""
    async with planning.units.writing("berlin") as unit:
        await a_studio(unit, "berlin", rooms=1, zone="Europe/Berlin")
    await planning.opened("berlin 2026-11-23 09:00 3h")
    shown = await planning.act(OWNER, templates.preview, template("berlin daily 02:30,10:00 3h ahead=3d"))
    assert (shown.count, shown.clashes) == (5, 1)
    assert (shown.skipped, shown.twice) == (("2027-03-28 02:30",), ("2027-10-31 02:30",))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("mars daily 09:00 3h", UnknownCity("mars", ("beijing",))),
        ("beijing mo 09:00 3h from=2020-01-01 until=2020-12-01", NothingRepeats()),
        (
            "beijing daily 09:00 3h from=2026-11-21 except=2026-11-21..2026-11-30 until=2026-11-30",
            NothingRepeats(),
        ),
        ("beijing rrule=FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2 09:00 3h", NothingRepeats()),
        (
            "beijing daily " + ",".join(f"{hour:02}:00" for hour in range(24)) + " 1h ahead=92d",
            TooManySlots(2208, 1000),
        ),
    ],
)
async def test_a_template_that_cannot_be(planning: Planning, line: str, error: DomainError) -> None:
    """Each reason has its own error, and no template is kept."""
    with pytest.raises(type(error)) as caught:
        await planning.act(OWNER, templates.preview, template(line))
    assert caught.value == error
    assert (await planning.act(OWNER, templates.preview, template())).template.template_id == 1


async def test_days_appear_by_themselves(planning: Planning) -> None:
    """Each in the morning of the day on which it comes within reach, opened and announced like any other."""
    card = await started(planning)
    running = replace(VIEW, state="running", laid_until=date(2026, 11, 24))
    assert card == TemplateCard(running, "started")
    assert await starts(planning) == ["11-23 09", "11-23 14", "11-24 09", "11-24 14"]
    assert await planning.states() == ["open"] * 4
    assert [message.count for message in await planning.told(ANN, SlotsOpened)] == [4]
    await planning.forward(hours=20)  # Saturday morning, 08:00
    assert len(await starts(planning)) == 4
    await planning.forward(hours=1)
    assert (await starts(planning))[4:] == ["11-25 09", "11-25 14"]
    await planning.forward(days=5)  # nothing ran for days: what is within reach now comes at once
    assert (await starts(planning))[6:] == [  # 09:00 on Thursday has begun
        *("11-26 14", "11-27 09", "11-27 14"),
        *("11-30 09", "11-30 14"),
    ]
    assert await planning.told(OWNER, BatchCard) == []


async def test_the_staff_are_asked_and_who_planned_sees_it(units: Units, clock: MovableClock) -> None:
    """A run is a batch like one that was opened by hand."""
    planning = await Planning(units, clock).build(staff=1, needed=1)
    await started(planning)
    (request,) = await planning.told(BEN, ShiftRequest)
    assert [shift.slot.slot_id for shift in request.shifts] == [1, 2, 3, 4]
    (shown,) = await planning.told(OWNER, BatchCard)
    assert (shown.total, shown.free, shown.grid.days) == (4, 0, 2)


async def test_a_day_is_laid_once(planning: Planning) -> None:
    """Two that found the same template at the same state: the second one does nothing."""
    await started(planning)
    planning.clock.forward(days=1)

    async def read() -> SlotTemplate:
        async with planning.units.reading() as look:
            return await look.tx.one(select(SlotTemplate))

    async def run(row: SlotTemplate) -> bool:
        async with planning.units.writing(f"run {id(row)}") as unit:
            return await templates.lay(unit, row)

    assert sorted(await asyncio.gather(run(await read()), run(await read()))) == [False, True]
    assert (await starts(planning))[4:] == ["11-25 09", "11-25 14"]


async def test_starting_twice_starts_once(planning: Planning) -> None:
    """A double press is told so; a dropped preview cannot be started."""
    await started(planning)
    for service in (templates.start, templates.drop):
        with pytest.raises(TemplateOver) as caught:
            await planning.act(OWNER, service, 1)
        assert caught.value == TemplateOver(1, "running")
    shown = await planning.act(OWNER, templates.preview, template("beijing sa 09:00 3h"))
    await planning.act(OWNER, templates.drop, shown.template.template_id)
    with pytest.raises(TemplateOver) as caught:
        await planning.act(OWNER, templates.start, shown.template.template_id)
    assert caught.value == TemplateOver(2, "dropped")
    with pytest.raises(UnknownTemplate) as unknown:
        await planning.act(OWNER, templates.start, 9)
    assert unknown.value == UnknownTemplate(9, (1,))


async def test_days_can_be_left_out_later(planning: Planning) -> None:
    """The days that are still to come; what stands on one already stays and is counted."""
    await started(planning)
    card = await planning.act(OWNER, templates.leave_out, 1, (date(2026, 11, 24), date(2026, 11, 25)))
    assert (card.what, card.standing) == ("left_out", 2)
    assert card.template.line.endswith("except=2026-11-24,2026-11-25 ahead=4d")
    assert card.template.days[:3] == tuple(date(2026, 11, day) for day in (23, 26, 27))
    await planning.forward(days=7)
    assert (await starts(planning))[4:6] == ["11-27 14", "11-30 09"]
    for day in (date(2026, 11, 25), date(2026, 11, 28), date(2026, 11, 20)):
        with pytest.raises(NotItsDay):
            await planning.act(OWNER, templates.leave_out, 1, (day,))


async def test_stopping(planning: Planning) -> None:
    """Nothing more comes; what stands stays; a second press says that it was stopped."""
    await started(planning)
    card = await planning.act(OWNER, templates.stop, 1)
    assert (card.what, card.template.state, card.standing) == ("stopped", "stopped", 4)
    await planning.forward(days=3)
    assert len(await starts(planning)) == 4
    for service, more in ((templates.stop, ()), (templates.leave_out, ((date(2026, 11, 26),),))):
        with pytest.raises(TemplateOver) as caught:
            await planning.act(OWNER, service, 1, *more)
        assert caught.value == TemplateOver(1, "stopped")


async def test_the_end_is_told(planning: Planning) -> None:
    """After its last day nothing waits for a timer any more."""
    await started(planning, f"{LINE} until=2026-11-25")
    await planning.forward(days=1)
    assert (await starts(planning))[4:] == ["11-25 09", "11-25 14"]
    (ended,) = await planning.told(OWNER, TemplateEnded)
    assert ended.template.state == "ended"
    async with planning.units.reading() as look:
        pending = select(Timer.kind).where(Timer.subject == "slottemplate:1", Timer.state == "pending")
        assert await look.tx.all(pending) == []


async def test_a_plan_by_hand_takes_the_room_first(planning: Planning) -> None:
    """What stands is not planned over: the rest of the day comes, and who planned sees what was left out."""
    await planning.opened("beijing 2026-11-25 10:00 2h")
    await started(planning)
    await planning.forward(days=1)
    assert (await starts(planning))[4:] == ["11-25 10", "11-25 14"]
    shown: list[Any] = await planning.told(OWNER, BatchCard)
    assert [(card.total, card.skipped) for card in shown] == [(1, 1)]


def test_the_clock_of_these_tests() -> None:
    """They begin on a Friday at noon in Shanghai."""
    assert MovableClock()() == datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
