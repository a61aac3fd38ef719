"""`/people`: the search, every page of a story, and lifting strikes."""

from dataclasses import replace

from bot.rules.roles import Role
from bot.rules.states import BookingState, SampleState, ShiftState
from bot.services.messages import Message
from bot.services.messages import stories as m
from bot.services.messages.bookings import Money, StrikeLine, Strikes
from handlers.render.events import EVENTS, THINGS
from tests.handlers.examples.common import CITY, LATER, NAME, NOW, SLOT, WORDS, ZONE

HEAD = m.Head(10**9, 700_002, NAME, "zoe_writes", ZONE)
PAY, BACK = Money(10_000, "CNY"), Money(-10_000, "CNY")
BARE = replace(HEAD, username=None)
BLOCKED = replace(HEAD, blocked=True)
ONE = m.Found(10**9, NAME, "zoe_writes")
LONG = m.Found(2, "7" * 40)
CARD = m.PersonCard(HEAD, "pair", NOW, LATER, True, ("applicant",), partner=NAME)
STRIKES = tuple(
    StrikeLine(number, "no_show", SLOT, NOW, does, WORDS if does == "lifted" else "")
    for number, does in enumerate(("counts", "blocks", "spent", "lifted"))
)
LOG = tuple(m.LogLine(NOW, f"{thing}.active", f"{thing}:10") for thing in THINGS)
HAPPENED = (
    m.LogLine(NOW, "strike.lifted", "person:10", NAME, WORDS),
    *(m.LogLine(NOW, f"sample.{event}", "sample:10", NAME, WORDS) for event in EVENTS),
)

EXAMPLES: tuple[Message, ...] = (
    m.AskPerson(),
    m.FoundPeople(WORDS, ()),
    m.FoundPeople("", (), view="strikes"),
    m.FoundPeople(WORDS, (ONE, LONG), 1),
    m.FoundPeople("", (ONE,), 20, "recent"),
    m.FoundPeople("", (ONE,), 0, "strikes"),
    CARD,
    *(replace(CARD, stands=stands, partner="") for stands in ("new", "onboarded", "approved", "pool")),
    *(replace(CARD, sample=state.value) for state in SampleState),
    replace(
        CARD,
        head=BLOCKED,
        reachable=False,
        roles=tuple(role.value for role in Role),
        city="beijing",
        city_names=CITY,
        speaks=("en", "zh"),
        dialect="sichuan",
        sessions=3,
        strikes=Strikes(2, 2, True, LATER),
    ),
    replace(CARD, head=BARE, strikes=Strikes(2, 2, True)),
    replace(CARD, strikes=Strikes(1, 2)),
    m.PersonSamples(HEAD, ()),
    m.PersonSamples(HEAD, tuple(m.SampleLine(NOW, state.value) for state in SampleState), 1),
    m.PersonSamples(HEAD, (m.SampleLine(NOW, "rejected", ("noise", "flat")),), 2),
    m.PersonSessions(HEAD, ()),
    m.PersonSessions(HEAD, tuple(m.SessionLine(1, SLOT, state.value, NAME) for state in BookingState), 3),
    m.PersonSessions(
        HEAD,
        (
            m.SessionLine(10**9, SLOT, "attending", NAME, missable=True),
            m.SessionLine(1, SLOT, "recorded", NAME, left=True),
            m.SessionLine(2, SLOT, "no_show", NAME, pay=PAY, correction=BACK),
            m.SessionLine(3, SLOT, "no_show", NAME, correction=PAY),
        ),
    ),
    m.PersonStrikes(HEAD, Strikes(0, 2), ()),
    m.PersonStrikes(BLOCKED, Strikes(2, 2, True, LATER), STRIKES, 1),
    m.PersonShifts(HEAD, ()),
    m.PersonShifts(HEAD, tuple(m.DutyLine(SLOT, state.value) for state in ShiftState), 1),
    m.PersonLog(HEAD, ()),
    m.PersonLog(HEAD, LOG, more=True),
    *(m.PersonLog(HEAD, HAPPENED[at : at + 6], 1) for at in range(0, len(HAPPENED), 6)),
    m.AskReason(BLOCKED),
    m.AskReason(HEAD, STRIKES[0]),
    m.Lifted(HEAD, 1, WORDS),
    m.Lifted(BARE, 2, WORDS),
    m.AskCorrection(HEAD, SLOT, PAY),
    m.AskCorrection(HEAD, SLOT, BACK),
    m.Corrected(HEAD, PAY, WORDS),
    m.Corrected(HEAD, BACK, WORDS),
)
