"""The pool as coordinators see it, and two proposed to each other by hand."""

from dataclasses import replace
from datetime import timedelta

from bot.rules.by_hand import Against
from bot.services.messages import Message
from bot.services.messages import pool as m
from handlers.render.pool import OBSTACLES
from tests.handlers.examples.common import CITY, LATER, NAME, ZONE

SPAN = timedelta(days=3, hours=5)
STUCK = tuple(
    m.PoolCity("beijing", CITY, 1200, SPAN, 4, stuck=number, obstacle=obstacle, most=number)
    for obstacle in OBSTACLES
    for number in (1, 3)
)
NOWHERE = m.PoolCity("", {}, 1, SPAN)
ALL_BUSY = m.PoolCity("beijing", CITY, 0, engaged=2)
ANN = m.Waiter(10**9, NAME, SPAN, "beijing", CITY, ("en", "zh"), "wu", (0, 1, 20))
NEW = m.Waiter(10**9 + 1, NAME, timedelta(minutes=2))
AGAINST = tuple(one.value for one in Against)
OTHERS = (
    NEW,
    *(replace(ANN, against=(one,), possible=one != "language") for one in AGAINST),
    replace(ANN, against=AGAINST[2:]),
    replace(NEW, possible=False),
)
EXAMPLES: tuple[Message, ...] = (
    m.PoolNumbers(),
    *(m.PoolNumbers((one,)) for one in STUCK),
    m.PoolNumbers((STUCK[0], ALL_BUSY, NOWHERE)),
    m.PoolWaiting("beijing", CITY, (ANN, NEW), 1, 3),
    m.PoolWaiting("", {}, (NEW,), 0, 1),
    m.PoolWaiting("beijing", CITY, (), 0, 1),
    m.PoolChoice(ANN, OTHERS, 0, 2),
    m.PoolChoice(NEW, (), 0, 1),
    m.PoolPreview(ANN, NEW),
    m.PoolPreview(NEW, replace(ANN, against=("city", "hours"))),
    m.PoolProposed(NAME, NAME, "beijing", LATER, ZONE),
    m.PoolProposed(NAME, NAME, "", None, ZONE),
)
