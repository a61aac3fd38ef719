"""Free times, bookings and their reminders, rescue, the waitlist."""

from dataclasses import replace
from datetime import date, timedelta

from bot.rules.states import BookingState
from bot.rules.wishes import DAYS, PARTS
from bot.services.messages import Message
from bot.services.messages import bookings as m
from bot.services.messages import reserves as r
from bot.services.messages import strikes as x
from bot.services.messages import waitlist as w
from bot.services.messages import wishes as wish
from bot.services.messages.people import CityChoice
from tests.handlers.examples.common import CITY, ELSEWHERE, LATER, NAME, NEXT, NOW, SLOT, TAKEN, WORDS, ZONE

ONE = m.Strikes(1, 2)
BLOCKED = m.Strikes(2, 2, True, LATER)
FOR_GOOD = m.Strikes(2, 2, True)
HOLD = timedelta(minutes=30)
WAITING = m.WaitLine(10**9, NEXT, 2)
TWO = (x.Who(7, NAME), x.Who(8, NAME))
OTHER_CITIES = (CityChoice("sydney", CITY), CityChoice("beijing", {}))
PAY = m.Money(10_000, "CNY")
NOTED = tuple(
    m.StrikeLine(number, kind, SLOT, NOW, does, WORDS if does == "lifted" else "")
    for number, (kind, does) in enumerate(
        (("late_cancel", "counts"), ("no_show", "blocks"), ("silent", "spent"), ("no_show", "lifted"))
    )
)
MOVING = m.Moving(10**9, SLOT, costs_strike=True)


KEPT = replace(SLOT, state="kept")
DAY, LAST = date(2026, 12, 1), date(2026, 12, 22)


def _wish(part: str, days: str) -> wish.WishView:
    return wish.WishView(10**9, "beijing", CITY, part, days, LAST, ZONE)


ON_DUTY = r.ReserveLine(10**9, "beijing", CITY, DAY)
WISHED = wish.WishLine(_wish("evening", "any"), 3)


def _line(state: str, asks: str = "", **more: object) -> m.BookingLine:
    until = LATER if state in ("held", "rescue") else None
    return m.BookingLine(10**9, SLOT, state, NAME, asks, until, **more)  # type: ignore[arg-type]


EXAMPLES: tuple[Message, ...] = (
    m.FreeTimes((), NAME, HOLD),
    m.FreeTimes((), NAME, HOLD, first=False),
    m.FreeTimes((), NAME, HOLD, moving=MOVING),
    m.FreeTimes((SLOT, NEXT), NAME, HOLD, later=LATER),
    m.FreeTimes((SLOT, TAKEN, ELSEWHERE), NAME, None, later=LATER, first=False, moving=MOVING),
    m.FreeTimes((SLOT,), NAME, HOLD, moving=m.Moving(1, NEXT)),
    m.FreeTimes((SLOT,), NAME, HOLD, later=LATER, moving=MOVING, elsewhere=OTHER_CITIES, city="beijing"),
    m.FreeTimes((), NAME, HOLD, moving=MOVING, elsewhere=OTHER_CITIES),
    *(
        m.NextBest(SLOT, why, near, wait=why == "taken", moving_id=moving_id)
        for why in ("taken", "gone", "late", "busy", "partner_busy", "over")
        for near, moving_id in (((NEXT, ELSEWHERE), None), ((), None), ((NEXT,), 10**9))
    ),
    m.FreeTimes((SLOT,), NAME, HOLD, reserve=True),
    m.FreeTimes((), NAME, HOLD, reserve=True),
    r.AskReserve(
        "beijing", CITY, (r.ReserveDay(DAY, 2), r.ReserveDay(LAST, 0), r.ReserveDay(LAST, 1, mine=True)), NAME
    ),
    r.AskReserve("beijing", CITY, (), NAME),
    *(kind(ON_DUTY, NAME, you=you) for kind in (r.ReserveNoted, r.ReserveLeft) for you in (True, False)),
    m.MyBookings((), reserves=(ON_DUTY,), calendar=True),
    w.SlotOffered(10**9, SLOT, LATER, reserve=True),
    w.OfferEnded(SLOT, "declined", NAME, you=True, reserve=True),
    m.HoldPlaced(10**9, SLOT, NAME, LATER),
    m.HoldAsked(1, ELSEWHERE, NAME, LATER, instead_of=SLOT),
    m.HoldPlaced(1, NEXT, NAME, LATER, instead_of=SLOT),
    m.HoldAsked(10**9, SLOT, NAME, LATER),
    m.HoldAsked(1, NEXT, NAME, LATER, instead_of=SLOT),
    m.HoldAgreed(SLOT),
    *(
        m.HoldEnded(SLOT, why, you, NAME, kept=NEXT if you else None)
        for why in ("declined", "withdrawn", "expired")
        for you in (True, False)
    ),
    m.BookingConfirmed(10**9, SLOT, NAME, free_until=LATER),
    m.BookingConfirmed(1, NEXT, NAME, instead_of=SLOT, strikes=BLOCKED),
    m.BookingConfirmed(1, SLOT, NAME, stand_in=True),
    m.CalendarFile(
        "1@duologue", 0, SLOT, NOW, alarms=(timedelta(hours=24), timedelta(minutes=30)), partner="李雷"
    ),
    m.CalendarFile("1@duologue", 0, SLOT, NOW),
    m.CalendarFile("1@duologue", 1, NEXT, NOW, cancelled=True),
    m.Reminder(10**9, SLOT, NAME, asks=True, last=False),
    m.Reminder(1, SLOT, NAME, asks=False, last=True),
    m.AttendNoted(10**9, SLOT, NAME, both=True),
    m.AttendNoted(1, SLOT, NAME, both=False),
    m.CancelAsked(10**9, SLOT, NAME, False, free_until=LATER, leave_until=LATER),
    m.CancelAsked(1, SLOT, NAME, True, leave_until=LATER, strikes=ONE),
    m.CancelAsked(1, SLOT, "", False),
    m.CancelAsked(1, SLOT, NAME, False, hold=True),
    m.BookingKept(1, SLOT),
    *(
        m.BookingCancelled(SLOT, why, NAME)
        for why in ("you", "partner", "parted", "no_stand_in", "no_time", "studio")
    ),
    m.BookingCancelled(SLOT, "you", strikes=FOR_GOOD),
    m.BookingCancelled(SLOT, "studio", reason="<b>&" + NAME),
    m.BookingCancelled(SLOT, "studio", reason=NAME, instead=(SLOT, NEXT)),
    m.BookingCancelled(SLOT, "no_stand_in", pay=PAY),
    m.YouAreOut(SLOT, NAME),
    m.YouAreOut(SLOT, NAME, BLOCKED, silent=True),
    m.YouAreOut(SLOT, NAME, ONE),
    m.PartnerOut(10**9, SLOT, NAME, LATER),
    m.PartnerOut(10**9, SLOT, NAME, LATER, silent=True, pay=PAY),
    m.MyBookings(()),
    m.MyBookings((_line("held", "hold"),)),
    m.MyBookings(
        (
            _line("held", instead_of=NEXT),
            _line("confirmed", "attend"),
            _line("attending"),
            _line("checked_in"),
            _line("rescue"),
        ),
        (WAITING, m.WaitLine(2, TAKEN, 1, LATER)),
        (*(m.PastLine(SLOT, state) for state in BookingState), m.PastLine(SLOT, "cancelled", left=True)),
        BLOCKED,
        ZONE,
        NOTED,
        1,
    ),
    m.MyBookings((), (WAITING,), (), ONE, ZONE, NOTED[:1], 2),
    m.MyBookings(
        (),
        past=(m.PastLine(SLOT, "no_show", missed=True), m.PastLine(SLOT, "no_show", pay=PAY)),
        noted=NOTED[2:],
    ),
    m.NotConfirmedYet(1, SLOT, (m.SilentPerson(700_002, NAME),), LATER),
    x.LastCall(10**9, SLOT, NAME, LATER, costs_strike=True),
    x.LastCall(10**9, SLOT, NAME, LATER, costs_strike=False),
    x.StrikeNoted(SLOT, ONE),
    x.StrikeNoted(SLOT, BLOCKED),
    x.StrikeNoted(SLOT, m.Strikes(0, 0)),
    x.PartnerMissed(SLOT, NAME, PAY),
    x.PartnerMissed(SLOT, NAME),
    x.PayCorrected(SLOT, PAY, WORDS),
    x.PayCorrected(SLOT, m.Money(-10_000, "CNY"), WORDS),
    x.WhoIsMissing(10**9, SLOT, TWO),
    x.WhoIsMissing(10**9, SLOT, TWO, 8),
    x.WhoIsMissing(10**9, SLOT, TWO, 0),
    x.MissingNoted(SLOT, (NAME,)),
    x.BlockOver(1),
    x.BlockOver(2),
    x.BlockOver(0),
    x.StrikesLifted(1, WORDS, ONE, free=True, zone=ZONE),
    x.StrikesLifted(2, WORDS, BLOCKED, free=False, zone=ZONE),
    m.NotConfirmedYet(1, SLOT, (m.SilentPerson(700_002, NAME), m.SilentPerson(700_003, NAME))),
    m.FreedLate(SLOT),
    w.WaitNoted(SLOT, 1, NAME),
    w.WaitNoted(SLOT, 2, NAME, you=False),
    w.WaitNotNeeded(SLOT),
    w.WaitLeft(SLOT, NAME),
    w.WaitLeft(SLOT, NAME, you=False),
    w.SlotOffered(10**9, SLOT, LATER),
    w.OfferTaken(SLOT),
    w.OfferEnded(SLOT, "declined", NAME, you=True),
    w.OfferEnded(SLOT, "declined", NAME),
    w.OfferEnded(SLOT, "lapsed", NAME),
    w.WaitOver(SLOT),
    w.WaitOver(SLOT, gone=True),
    w.SlotOffered(10**9, SLOT, LATER, wish=True),
    w.OfferEnded(SLOT, "declined", NAME, you=True, wish=True),
    w.OfferEnded(SLOT, "lapsed", NAME, wish=True),
    m.FreeTimes((KEPT, NEXT), NAME, HOLD),
    m.MyBookings((), wishes=(WISHED,)),
    m.MyBookings((), (WAITING,), wishes=(WISHED, wish.WishLine(_wish("any", "weekend"), 1, asked=True))),
    wish.AskWish("city", (CityChoice("beijing", CITY), CityChoice("sydney", {}))),
    wish.AskWish("part", city="beijing", city_names=CITY),
    wish.AskWish("days", city="beijing", city_names=CITY, part="evening"),
    wish.AskWish("until", (), "n" * 24, CITY, "afternoon", "weekdays", (DAY, LAST)),
    *(wish.WishNoted(_wish(part, days), 2, NAME) for part in PARTS for days in DAYS),
    wish.WishNoted(_wish("any", "any"), 1, NAME, you=False),
    wish.WishNoted(_wish("any", "any"), 1, NAME, free=(SLOT, NEXT)),
    wish.WishLeft(_wish("morning", "any"), NAME),
    wish.WishLeft(_wish("morning", "any"), NAME, you=False),
    *(wish.WishEnded(_wish("evening", "weekdays"), why) for why in ("met", "silent", "over")),
    wish.FirstWave(SLOT, LATER, "afternoon", "weekdays"),
    wish.FirstWave(SLOT, None, "evening", "weekend"),
)
