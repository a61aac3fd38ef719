"""Broadcasts, and what coordinators see of everything at once."""

from datetime import timedelta
from typing import get_args

from bot.rules.commands import Audience
from bot.services.messages import Lane, Message
from bot.services.messages import broadcasts as b
from bot.services.messages import overview as m
from handlers.render import set_aside
from tests.handlers.examples.common import CITY, NAME, NOW, SLOT, WORDS
from tests.handlers.examples.slots import CITIES

EVERYBODY = b.Circle("all")
NARROW = b.Circle("approved", "beijing", CITY, "zh")
TALLY = b.Tally(10_000, 2, 3, 4, 5, 6)
SPAN = timedelta(hours=5, minutes=20)
WHATS = tuple(set_aside.WHATS)
ERROR = "KeyError('<b>&" + "x" * 106


def _card(state: str, tally: b.Tally = TALLY) -> b.BroadcastCard:
    return b.BroadcastCard(10**9, state, NARROW, 10_020, WORDS, tally)


def _pending(count: int, more: int) -> m.Pending:
    return m.Pending(
        *(NOW, m.Stuck(count, NOW - SPAN, ("zh", "en")), m.Stuck(count, NOW - SPAN, ("zh",))),
        in_group=count > 1,
        unconfirmed=(m.Unconfirmed(SLOT, (NAME, NAME)),),
        more_unconfirmed=more,
        understaffed=(m.Understaffed(SLOT, 1, 2),),
        more_understaffed=more,
        set_aside=tuple(
            m.SetAside(10**9 + n, what, NOW - SPAN, NAME, ERROR) for n, what in enumerate(WHATS[:5])
        ),
        more_set_aside=more,
        failed=count,
        uncertain=count,
        given_up=count,
    )


EXAMPLES: tuple[Message, ...] = (
    b.BroadcastWords(WORDS),
    b.AskAudience(get_args(Audience)),
    *(b.AskAudienceLanguage(b.Circle(audience)) for audience in get_args(Audience)),
    b.AskAudienceCity(EVERYBODY, CITIES),
    b.AskBroadcastWords(NARROW, 1),
    b.AskBroadcastWords(EVERYBODY, 2),
    b.BroadcastCard(1, "draft", EVERYBODY, 1),
    *(_card(state) for state in ("draft", "sending", "paused", "sent", "stopped")),
    _card("stopped", b.Tally()),
    m.Pending(NOW, m.Stuck(), m.Stuck()),
    _pending(1, 0),
    _pending(2, 1),
    m.Pending(
        *(NOW, m.Stuck(), m.Stuck()),
        set_aside=tuple(m.SetAside(n, what, NOW - SPAN, unreadable=True) for n, what in enumerate(WHATS)),
    ),
    m.Funnel(*range(100, 111)),
    m.Funnel(*range(11), SPAN, (m.CityNumbers(CITY, "beijing", 4, 3, 2, 1),)),
    m.DeliveryNumbers(tuple(m.LaneNumbers(lane) for lane in Lane)),
    m.DeliveryNumbers(
        tuple(m.LaneNumbers(lane, 1, 2, 3, 4, 5, SPAN) for lane in Lane),
        *(1, SPAN, 2, 3, 4, 5, 6),
        uncertain=(m.KindNumbers("<Kind>", 2), m.KindNumbers("ReviewCard", 1)),
        checks=m.CheckNumbers(12, SPAN, SPAN),
        run=m.RunNumbers(SPAN, 1, 2, 300, 299, SPAN),
    ),
    m.DeliveryNumbers((m.LaneNumbers(0),), run=m.RunNumbers(SPAN)),
)
