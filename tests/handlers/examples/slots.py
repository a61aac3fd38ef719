"""Planning slots, opening and announcing them, and the staff who run them."""

from dataclasses import replace
from datetime import date, timedelta

from bot.services.messages import Message
from bot.services.messages import duty as d
from bot.services.messages import shifts as s
from bot.services.messages import slots as m
from bot.services.messages import templates as t
from bot.services.messages.people import CityChoice
from bot.services.messages.strikes import Begun
from bot.services.studio.slot_draft import DAYS, LENGTHS, TIMES, WEEKDAYS
from tests.handlers.examples.common import CITY, LATER, NAME, NEXT, NOW, SLOT, ZONE

CITIES = (CityChoice("beijing", CITY), CityChoice("sydney", {}))
GRID = m.Grid(
    *("beijing", CITY, ZONE, date(2026, 12, 1), date(2026, 12, 7)),
    *(("09:00", "14:00"), timedelta(hours=3), 2),
)
ONE_DAY = replace(GRID, last=GRID.first, times=("09:00",), rooms=1)
ANSWERED = {"city": "beijing", "dates": "2026-12-01..2026-12-07", "times": "09:00,14:00"}
CARD = m.BatchCard(10**9, GRID, 28, 20, 4, staff=3, staff_needed=2)
REPORT = m.AnnouncementReport(NOW, 120, 118, 40, 12, LATER)
DAY = m.OpeningsDay(GRID.first, 1, 1, 1)
TEMPLATE = t.TemplateView(
    *(10**9, "beijing", CITY, ZONE),
    line='beijing rrule="FREQ=WEEKLY;BYDAY=MO,FR" 09:00,14:00 3h from=2026-12-01 until=2027-03-01 '
    "except=2026-12-25,2027-01-01 ahead=14d",
    days=(date(2026, 12, 4), date(2026, 12, 7)),
    laid_until=date(2026, 12, 4),
)
RULES = (
    *("FREQ=DAILY", "FREQ=DAILY;INTERVAL=2;COUNT=1", "FREQ=WEEKLY;INTERVAL=3;COUNT=4;BYDAY=MO"),
    *(
        "FREQ=WEEKLY",
        "FREQ=MONTHLY;BYDAY=1SA,-1FR,-2MO",
        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1,-1,-2;BYMONTH=1,2",
    ),
)


def _ruled(rule: str) -> t.TemplateView:
    return replace(
        TEMPLATE, line=f'beijing rrule="{rule}" 09:00 3h from=2026-12-01 except=2026-12-25 ahead=7d'
    )


def _shift(state: str, slot: m.SlotView = SLOT, *, full: bool = False) -> s.ShiftView:
    return s.ShiftView(10**9, state, slot, full)


OFF = replace(SLOT, state="cancelled")
SET_UP = replace(SLOT, busy_from=NOW - timedelta(minutes=15))
MIXED = (
    *(_shift("asked"), _shift("asked", NEXT), _shift("confirmed"), _shift("declined"), _shift("asked", OFF)),
    _shift("asked", full=True),
)


def _request(*shifts: s.ShiftView) -> s.ShiftRequest:
    return s.ShiftRequest(10**9, 100, CITY, ZONE, 2, shifts)


EXAMPLES: tuple[Message, ...] = (
    m.AskPlan("city", cities=CITIES),
    m.AskPlan("dates", {"city": "beijing"}, DAYS, (), CITY),
    m.AskPlan("weekdays", {"city": "beijing", "often": "weekly"}, WEEKDAYS, (), CITY),
    m.AskPlan("times", {"city": "beijing", "often": "weekly", "weekdays": "FREQ=DAILY"}, TIMES, (), CITY),
    m.AskPlan("times", {"city": "beijing", "dates": "2026-12-01"}, TIMES, (), CITY),
    m.AskPlan("length", ANSWERED, LENGTHS, (), CITY),
    m.BatchPreview(10**9, GRID, 28, 1, 1, ("02:30",), 2, 3),
    m.BatchPreview(1, GRID, 20, 4, 4, staff_needed=1, staff=0),
    m.BatchPreview(1, ONE_DAY, 1, staff_needed=1, staff=1),
    m.BatchPreview(1, ONE_DAY, 1),
    m.BatchPreview(1, GRID, 20, tight=1, gap=30, closed=1),
    m.BatchPreview(1, GRID, 20, tight=2, gap=30, closed=4),
    m.BatchPreview(1, ONE_DAY, 1, wave=timedelta(hours=2)),
    m.BatchPreview(1, ONE_DAY, 1, twice=("2027-10-31 02:30",)),
    m.BatchDropped(GRID),
    m.BatchDropped(replace(GRID, skip=(date(2026, 12, 2),))),
    m.BatchDropped(replace(GRID, skip=(date(2026, 12, 2), date(2026, 12, 3)))),
    t.TemplatePreview(TEMPLATE, 4, 1, 2, 1, 30, 1, ("2027-03-28 02:30",), ("2027-10-31 02:30",), 2, 3),
    t.TemplatePreview(TEMPLATE, 1, staff_needed=1),
    t.TemplatePreview(replace(TEMPLATE, days=()), 0),
    *(t.TemplatePreview(_ruled(rule), 1) for rule in RULES),
    *(t.TemplateCard(TEMPLATE, what) for what in ("", "started", "left_out")),
    *(t.TemplateCard(replace(TEMPLATE, state=what), what) for what in ("stopped", "dropped")),
    t.TemplateCard(TEMPLATE, "left_out", 1),
    t.TemplateCard(replace(TEMPLATE, state="stopped", days=()), "stopped", 3),
    t.TemplateCard(TEMPLATE, choosing=True),
    t.TemplateCard(TEMPLATE, confirming=True),
    t.TemplateEnded(TEMPLATE),
    t.TemplateList(),
    t.TemplateList((TEMPLATE, _ruled(RULES[0]))),
    replace(CARD, lacks=(m.Lack(1, 1), m.Lack(3, 2)), skipped=1),
    replace(CARD, lacks=(m.Lack(1, 1),), skipped=2, staff=0, taken=1),
    replace(CARD, lacks=(m.Lack(1, 1),), staff=1),
    replace(CARD, total=24),
    replace(CARD, total=24, announced_at=LATER),
    replace(CARD, total=24, announced_at=LATER, reports=(REPORT, replace(REPORT, opens_at=None))),
    replace(CARD, confirming=True),
    replace(CARD, total=5, confirming=True),
    replace(CARD, total=0, free=0, taken=0),
    m.Openings(()),
    m.Openings(
        (
            m.CityOpenings("beijing", CITY, (DAY, replace(DAY, lacking=3)), 1),
            m.CityOpenings("beijing", CITY, (DAY,), 4),
            m.CityOpenings("sydney", {}, (), zone=ZONE, reports=(replace(REPORT, opens_at=None),)),
        )
    ),
    m.SlotsOpened(CITY, 1, NOW, NOW, ZONE, (SLOT,), paired=True),
    m.SlotsOpened(CITY, 5, NOW, LATER, ZONE, (SLOT, NEXT), paired=False),
    m.SlotsOpened(CITY, 2, NOW, LATER, ZONE, (SLOT, NEXT), paired=True, first_until=LATER),
    m.SlotsOpened(CITY, 1, NOW, NOW, ZONE, (SLOT,), paired=True, again=True),
    m.SlotsOpened(CITY, 5, NOW, LATER, ZONE, (SLOT, NEXT), paired=True, again=True),
    _request(*MIXED),
    _request(_shift("asked", OFF)),
    _request(_shift("asked", full=True)),
    _request(_shift("confirmed"), _shift("declined", full=True)),
    s.ShiftReminder(1, CITY, ()),
    s.ShiftReminder(1, CITY, (_shift("asked"),), 1),
    s.ShiftReminder(1, CITY, (_shift("asked"), _shift("asked", NEXT)), 7),
    *(s.ShiftWanted(_shift(state)) for state in ("asked", "confirmed", "declined")),
    s.ShiftWanted(_shift("declined"), fresh=True),
    s.ShiftWanted(_shift("asked", SET_UP)),
    s.Today((_shift("asked", SET_UP),), (_shift("confirmed", SET_UP),)),
    s.ShiftWanted(_shift("asked", full=True)),
    s.ShiftsCancelled((SLOT,)),
    s.ShiftsCancelled((SLOT,) * 21),
    s.ShiftsCancelled((SLOT,) * 25),
    s.StaffGone(SLOT, NAME, 1, 2, 0),
    s.StaffGone(SLOT, NAME, 1, 2, 1),
    s.StaffGone(SLOT, NAME, 0, 2, 3),
    s.StaffGone(SLOT, NAME, 0, 2, 1, decide=True),
    s.StaffGone(SLOT, "", 0, 2, 0, decide=True),
    s.StaffGone(SLOT, "", 1, 2, 0, decide=True),
    s.StaffGone(SLOT, "", 2, 3, 0, decide=True, confirming=True),
    *(s.StaffSettled(SLOT, how, NAME, 1) for how in ("found", "fewer", "off")),
    s.StaffSettled(SLOT, "fewer", "", 2),
    s.StaffShort(1, (SLOT,)),
    s.StaffShort(1, (SLOT, NEXT) * 4, 3),
    s.StaffShort(1, (SLOT,), 1),
    s.Today((), (), load=s.Load(timedelta(), timedelta(hours=4.5))),
    s.Today(
        (), (_shift("confirmed", NEXT),), load=s.Load(timedelta(hours=12), timedelta(hours=9)), calendar=True
    ),
    d.DutyTimes((d.CityWeek("beijing", CITY, tuple(range(21))),)),
    d.DutyTimes(
        (d.CityWeek("beijing", CITY, (0, 3, 4)), d.CityWeek("sydney", {}, tuple(range(21)))),
        (d.OffSpan(1, NOW.date(), NOW.date()), d.OffSpan(2, NOW.date(), LATER.date() + timedelta(days=4))),
        1,
    ),
    d.DutyTimes((d.CityWeek("beijing", CITY, (2,)),), (d.OffSpan(1, NOW.date(), NOW.date()),), 3),
    d.DutyWeek(d.CityWeek("beijing", CITY, tuple(range(21)))),
    d.DutyWeek(d.CityWeek("beijing", CITY, (0, 3, 4))),
    d.DutyWeek(d.CityWeek("beijing", CITY, ()), empty=True),
    d.AskDaysOff(),
    s.Today((), ()),
    s.Today((), (), begun=(Begun(10**9, SLOT),)),
    s.Today((), (_shift("confirmed", NEXT),), begun=(Begun(1, SLOT), Begun(2, NEXT))),
    s.Today((_shift("asked"),), (_shift("confirmed", NEXT),), 1),
    s.Today((_shift("asked"),), (_shift("confirmed", replace(NEXT, zone="Europe/Berlin")),)),
    s.Today(MIXED[:2], MIXED[2:3], 4),
)
