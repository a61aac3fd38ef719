"""Counters and ages, seen from outside: what became of what, how long it took, how much waits.

Counting is an increment in memory and happens after the commit that made it true. What waits, and since when,
is asked of the rows when somebody looks.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.services.coordinating import flow
from bot.services.messages import Lane
from bot.services.ports import Outcome, RetryAfter, Uncertain
from bot.services.pulse import Pulse
from bot.services.unit import Units

PUNCTUAL = 1.0
"""Seconds within which a timer counts as punctual; one of `SECONDS`."""

SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, PUNCTUAL, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)
GROUPS = (1, 2, 4, 8, 16, 32)

_LANES = {lane.value: lane.name.lower() for lane in Lane}


class Meter:
    """Counts what the running program does.

    Inbox, outbox, jobs and the clock tell it; `text` gives everything in Prometheus' text format, `pulse` the
    little of it that no row tells.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.registry = registry = CollectorRegistry()
        self._since = clock()
        self._latest = 0.0
        self._sendings = _counter(registry, "messages", "Sendings, by how they ended", "lane", "ending")
        self._uncertain = _counter(registry, "messages_uncertain", "Open whether it arrived", "kind")
        self._held = _counter(registry, "rate_limited", "Telegram asked for silence (429)")
        self._send = _seconds(registry, "send_seconds", "From the call to its answer", "lane")
        self._updates = _counter(registry, "updates", "Updates, by how they ended", "ending")
        self._handling = _seconds(registry, "update_seconds", "From an update being kept to its commit")
        self._together = Histogram(
            "duologue_updates_per_commit", "Updates that shared a commit", registry=registry, buckets=GROUPS
        )
        self._jobs = _seconds(registry, "job_seconds", "One try of a job", "kind", "ending")
        self._lag = _seconds(registry, "timer_lag_seconds", "From a timer's time to its commit", "kind")
        self._leases = _counter(
            registry, "leases_taken", "Times that this program took something over", "lease"
        )
        self._gauges = _Gauges(registry)

    def sent(self, lane: int, kind: str, outcome: Outcome, state: str, seconds: float | None = None) -> None:
        """A sending ended so and left its row in this state; `seconds` if it was seen through."""
        self._sendings.labels(_LANES.get(lane, str(lane)), "again" if state == "queued" else state).inc()
        if isinstance(outcome, Uncertain):
            self._uncertain.labels(kind).inc()
        elif isinstance(outcome, RetryAfter):
            self._held.inc()
        if seconds is not None:
            self._send.labels(_LANES.get(lane, str(lane))).observe(seconds)

    def lease_taken(self, lease: str) -> None:
        """This program does something for all from now on."""
        self._leases.labels(lease).inc()

    def updates(self, ending: str, count: int = 1) -> None:
        """So many updates ended so: "unread" or, after a failure that is not the last, "again"."""
        self._updates.labels(ending).inc(count)

    def served(self, kept_at: list[float], failed: int) -> None:
        """A commit stands with the updates that were kept then (monotonic seconds); so many were set aside in it."""
        now = time.monotonic()
        for moment in kept_at:
            self._handling.observe(now - moment)
        self._together.observe(len(kept_at))
        self._updates.labels("done").inc(len(kept_at) - failed)
        if failed:
            self._updates.labels("failed").inc(failed)

    def job(self, kind: str, ending: str, seconds: float) -> None:
        """A try of a job took so long and ended "done", "failed" or "again"."""
        self._jobs.labels(kind, ending).observe(seconds)

    def rung(self, kind: str, lag: timedelta) -> None:
        """A timer was run so long after its time."""
        seconds = max(0.0, lag.total_seconds())
        self._latest = max(self._latest, seconds)
        self._lag.labels(kind).observe(seconds)

    def pulse(self) -> Pulse:
        """What no row tells, by now."""
        return Pulse(
            since=self._since,
            held=_sum(self._held, "_total"),
            again=_sum(self._sendings, "_total", ending="again"),
            rung=_sum(self._lag, "_count"),
            punctual=_sum(self._lag, "_bucket", le=str(PUNCTUAL)),
            latest=timedelta(seconds=self._latest),
        )

    async def text(self, units: Units) -> str:
        """Everything in Prometheus' text format, ages and queues as the rows tell them now."""
        async with units.reading() as look:
            self._gauges.show(await flow.waiting(look))
        return generate_latest(self.registry).decode()


class _Gauges:
    """What waits, and for how long; 0 seconds where nothing does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = _gauge(registry, "messages_waiting", "Messages that wait", "lane")
        self._oldest = _gauge(registry, "messages_oldest_seconds", "How long the oldest has waited", "lane")
        self._updates = _gauge(registry, "updates_waiting", "Updates that wait")
        self._oldest_update = _gauge(registry, "updates_oldest_seconds", "How long the oldest has waited")
        self._set_aside = _gauge(registry, "updates_set_aside", "Updates that wait for a human")
        self._timers = _gauge(registry, "timers_pending", "Timers that are not due or wait")
        self._overdue = _gauge(registry, "timers_overdue", "Timers more than a minute late")
        self._jobs = _gauge(registry, "jobs_waiting", "Jobs that wait")

    def show(self, waiting: flow.Waiting) -> None:
        for lane, (count, oldest) in waiting.lanes.items():
            self._messages.labels(_LANES[lane]).set(count)
            self._oldest.labels(_LANES[lane]).set(oldest.total_seconds() if oldest else 0.0)
        self._updates.set(waiting.updates)
        self._oldest_update.set(waiting.oldest_update.total_seconds() if waiting.oldest_update else 0.0)
        self._set_aside.set(waiting.set_aside)
        self._timers.set(waiting.timers)
        self._overdue.set(waiting.overdue)
        self._jobs.set(waiting.jobs)


def _counter(registry: CollectorRegistry, name: str, what: str, *labels: str) -> Counter:
    return Counter(f"duologue_{name}", what, labels, registry=registry)


def _gauge(registry: CollectorRegistry, name: str, what: str, *labels: str) -> Gauge:
    return Gauge(f"duologue_{name}", what, labels, registry=registry)


def _seconds(registry: CollectorRegistry, name: str, what: str, *labels: str) -> Histogram:
    return Histogram(f"duologue_{name}", what, labels, registry=registry, buckets=SECONDS)


def _sum(metric: Counter | Histogram, suffix: str, **labels: str) -> int:
    """The sum of a metric's samples whose name ends so and that have these labels."""
    samples = (sample for family in metric.collect() for sample in family.samples)
    return int(
        sum(
            sample.value
            for sample in samples
            if sample.name.endswith(suffix) and labels.items() <= sample.labels.items()
        )
    )
