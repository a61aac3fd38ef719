"""The flow of messages, updates, timers and jobs: what waits, and how the last day's ended."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlmodel import SQLModel, and_, case, col, func, or_, select

from bot.services.messages import Lane
from bot.services.messages.overview import CheckNumbers, DeliveryNumbers, KindNumbers, LaneNumbers, RunNumbers
from bot.services.unit import Unit
from storage.tables import InboxRow, Job, OutboxRow, Timer

DAY = timedelta(days=1)
"""The span of `/stats delivery`."""

CHECK = "check_sample"
"""The kind of job whose duration people feel: they wait for its verdict."""

OVERDUE = timedelta(minutes=1)
"""So late is a timer that counts as overdue."""

TOLD_KINDS = 5
"""How many kinds of uncertain messages are named, the most frequent ones."""


@dataclass(frozen=True)
class Waiting:
    """What waits now. `lanes`: how many messages of each, and the age of the oldest that may go (None: none may)."""

    lanes: Mapping[int, tuple[int, timedelta | None]]
    updates: int
    oldest_update: timedelta | None
    set_aside: int
    timers: int
    overdue: int
    jobs: int


async def waiting(unit: Unit) -> Waiting:
    """What waits now; reads only what waits, however much was done before."""
    new, pending = InboxRow.state == "new", Timer.state == "pending"
    late = and_(pending, col(Timer.due_at) < unit.now - OVERDUE)
    return Waiting(
        lanes=await _lanes_waiting(unit),
        updates=await _count(unit, InboxRow, new),
        oldest_update=_age(unit, await unit.tx.one(select(func.min(InboxRow.received_at)).where(new))),
        set_aside=await _count(unit, InboxRow, InboxRow.state == "failed"),
        timers=await _count(unit, Timer, pending),
        overdue=await _count(unit, Timer, late),
        jobs=await _count(unit, Job, Job.state == "queued"),
    )


async def _lanes_waiting(unit: Unit) -> dict[int, tuple[int, timedelta | None]]:
    due = or_(col(OutboxRow.not_before).is_(None), col(OutboxRow.not_before) <= unit.now)
    rows = await unit.tx.all(
        select(OutboxRow.lane, func.count(), func.min(case((due, col(OutboxRow.created_at)))))
        .where(OutboxRow.state == "queued")
        .group_by(col(OutboxRow.lane))
    )
    found: dict[int, tuple[int, timedelta | None]] = {lane.value: (0, None) for lane in Lane}
    return found | {lane: (count, _age(unit, since)) for lane, count, since in rows}


async def delivery(unit: Unit) -> DeliveryNumbers:
    """How messages, updates, timers and jobs flow: what waits, the last day, and since the program's start."""
    now = await waiting(unit)
    lanes, uncertain = await _messages(unit, now)
    pulse = unit.house.pulse()
    return DeliveryNumbers(
        lanes=lanes,
        updates=now.updates,
        oldest_update=now.oldest_update,
        set_aside=now.set_aside,
        timers=now.timers,
        overdue=now.overdue,
        jobs=now.jobs,
        unread=await _unread(unit),
        uncertain=uncertain,
        checks=await _checks(unit),
        run=RunNumbers(
            max(timedelta(), unit.now - pulse.since),
            *(pulse.held, pulse.again, pulse.rung, pulse.punctual, pulse.latest),
        )
        if pulse.since is not None
        else None,
    )


def _age(unit: Unit, since: datetime | None) -> timedelta | None:
    return None if since is None else max(timedelta(), unit.now - since)


async def _count(unit: Unit, table: type[SQLModel], condition: Any) -> int:
    return int(await unit.tx.one(select(func.count()).select_from(table).where(condition)))


async def _last_before(unit: Unit, row_id: Any, begun: Any) -> int:
    """The newest row that is older than a day: what came after it is the last day's.

    The tables are never read as a whole: they grow for long, and other writers wait meanwhile.
    """
    older = select(row_id).where(begun <= unit.now - DAY).order_by(row_id.desc()).limit(1)
    return int(await unit.tx.first(older) or 0)


async def _messages(unit: Unit, now: Waiting) -> tuple[tuple[LaneNumbers, ...], tuple[KindNumbers, ...]]:
    """By urgency what waits and how the last day's ended, and of which kinds are those that may not have arrived."""
    last = await _last_before(unit, col(OutboxRow.id), col(OutboxRow.created_at))
    doubtful = case((col(OutboxRow.uncertain), col(OutboxRow.kind)), else_="")
    ended = await unit.tx.all(
        select(OutboxRow.lane, OutboxRow.state, doubtful, func.count())
        .where(OutboxRow.id > last)
        .group_by(col(OutboxRow.lane), col(OutboxRow.state), doubtful)
    )
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    kinds: Counter[str] = Counter()
    for lane, state, kind, count in ended:
        if state in ("sent", "blocked", "failed", "uncertain"):
            found[lane][state] += count
        elif state in ("sending", "held"):
            found[lane]["waiting"] += count
        if kind:
            kinds[kind] += count
    lanes = []
    for lane in Lane:
        count, oldest = now.lanes[lane]
        found[lane]["waiting"] += count
        lanes.append(LaneNumbers(lane=lane.value, oldest=oldest, **found[lane]))
    return tuple(lanes), tuple(KindNumbers(*one) for one in kinds.most_common(TOLD_KINDS))


async def _unread(unit: Unit) -> int:
    """Updates of the last day that came on top of too many and were left unread."""
    last = await _last_before(unit, col(InboxRow.id), col(InboxRow.received_at))
    return await _count(unit, InboxRow, and_(col(InboxRow.id) > last, InboxRow.state == "unread"))


async def _checks(unit: Unit) -> CheckNumbers | None:
    """How long the last day's samples waited for their checks' verdict; None if there were none."""
    last = await _last_before(unit, col(Job.id), col(Job.created_at))
    rows = await unit.tx.all(
        select(Job.created_at, Job.done_at).where(
            Job.id > last, Job.kind == CHECK, col(Job.done_at).is_not(None)
        )
    )
    spans = [done - created for created, done in rows if done is not None]
    return CheckNumbers(len(spans), median(spans), max(spans)) if spans else None
