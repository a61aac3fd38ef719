"""What the state machines of the services share: a real database to act on, presses of all sorts, and promises.

Whoever presses what, once or twice, alone or with others, in whatever order and however time passes: what is
asserted here and in the machines holds after every step.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import inspect
from sqlmodel import SQLModel, col, select, update

from bot.delivery.clock import Clock
from bot.rules.errors import DomainError
from bot.rules.policy import Policy
from bot.rules.states import check_move
from bot.services import people
from bot.services.due import RINGS
from bot.services.messages import Message
from bot.services.people import Visitor
from bot.services.unit import Group, House, Unit, Units
from storage.database import Database
from storage.prepared import Prepared
from storage.tables import Audit, Job, OutboxRow, Person, Timer
from tests.databases import Databases, Eyes
from tests.helpers import MovableClock
from tests.services.lives import LIVES

OWNER = 1
BOT = "duologue_bot"
PICK = st.integers(0, 50)
"""Which of what there is: a machine takes it modulo how many there are."""

Row = TypeVar("Row", bound=SQLModel)
Build = Callable[[Units], Awaitable[None]]
Press = Callable[[Unit], Awaitable[None]]
Service = Callable[..., Awaitable[Any]]


_COMMON = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def short(examples: int, steps: int) -> settings:
    """For every change of the code: the same runs each time."""
    return settings(_COMMON, max_examples=examples, stateful_step_count=steps, derandomize=True)


def long(examples: int, steps: int) -> settings:
    """To search for what nobody thought of: other runs each time."""
    return settings(_COMMON, max_examples=examples, stateful_step_count=steps, derandomize=False)


@cache
def _whole(table: type[SQLModel]) -> Prepared[Any]:
    """A look at a whole table, in the order of its key."""
    keys: Any = inspect(table).primary_key
    return Prepared(select(table).order_by(*keys))


def run_machine(machine: "type[Machine]", databases: Databases, how: settings) -> None:
    """Run a machine, each time on a new database of this kind, which begins as a copy of its scene."""

    async def build() -> str:
        url = await databases.create()
        database = Database(url)
        units = Units(database, MovableClock(), House(machine.policy, frozenset({OWNER}), BOT))
        await machine.build(units)
        await database.close()
        return url

    scene = asyncio.run(build())
    there = {"databases": databases, "scene": scene}
    run_state_machine_as_test(type(machine.__name__, (machine,), there), settings=how)


@dataclass(frozen=True)
class Way:
    """How presses come: so many at the same moment, each so often, in one commit or in one each."""

    together: int = 1
    copies: int = 1
    one_commit: bool = False


class Machine(RuleBasedStateMachine):
    """People on a real database, under a clock that is moved. `build` sets the scene."""

    databases: ClassVar[Databases]
    scene: ClassVar[str]
    """The URL of what `build` made."""
    build: ClassVar[Build]
    policy: ClassVar[Policy] = Policy()
    kind_of_units: ClassVar[type[Units]] = Units

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = MovableClock()
        self._url = self.runner.run(self.databases.create(self.scene))
        self.database = Database(self._url)
        house = House(self.policy, frozenset({OWNER}), BOT)
        self.units = self.kind_of_units(self.database, self.clock, house)
        self.bell = Clock(self.units, RINGS)
        self._eyes = Eyes(self._url)
        self._seen: dict[type[Any], list[Any]] = {}
        self._causes = 0
        self._way = Way()
        self._pressed: list[tuple[str, Press]] = []
        self._audited = 0
        self._stands = dict(self._standing())

    def teardown(self) -> None:
        """Close the database and throw it away."""
        self._eyes.close()
        self.runner.run(self.database.close())
        self.runner.run(self.databases.drop(self._url))
        self.runner.close()

    def run(self, doing: Awaitable[Any]) -> None:
        """Do something, and what rings because of it."""
        self._seen.clear()
        self.runner.run(self._and_ring(doing))

    async def _and_ring(self, doing: Awaitable[Any]) -> None:
        await doing
        await self.bell.run_due()

    # --- presses

    def press(self, who: int, service: Service, *args: Any, **named: Any) -> None:
        """Somebody does something; what the rules refuse is undone, anything else that is raised is a fault.

        It happens at once, unless it is one of several that come together.
        """
        self.do(partial(_as, who, service, args, named))

    def do(self, press: Press) -> None:
        """`press` for what needs more than one service."""
        for _ in range(self._way.copies):
            self._pressed.append((self.cause(), press))
        if len(self._pressed) >= self._way.together * self._way.copies:
            self.all_arrive()

    def press_meanwhile(self, who: int, service: Service, *args: Any, **named: Any) -> None:
        """Somebody does something that arrives only in the middle of what comes next."""
        self._pressed.append((self.cause(), partial(_as, who, service, args, named)))

    def cause(self) -> str:
        """A name that nothing else was caused by."""
        self._causes += 1
        return f"press {self._causes}"

    def all_arrive(self, *beside: Awaitable[Any]) -> None:
        """What was pressed arrives, with whatever happens beside it."""
        self.run(self.arriving(*beside))

    async def arriving(self, *beside: Awaitable[Any]) -> None:
        """`all_arrive` for what is under way already."""
        presses, way = self._pressed, self._way
        self._pressed, self._way = [], Way()
        groups = [presses] if way.one_commit and presses else [[press] for press in presses]
        await asyncio.gather(*map(self._handle, groups), *beside)

    async def _handle(self, presses: Sequence[tuple[str, Press]]) -> None:
        async with self.units.together("inbox.handle") as group:
            for cause, press in presses:
                await _undone_if_refused(group, cause, press)

    @rule(together=st.integers(2, 3), one_commit=st.booleans())
    def the_next_come_together(self, together: int, one_commit: bool) -> None:
        """The next presses wait for each other and arrive at the same moment."""
        if not self._pressed:
            self._way = Way(together, one_commit=one_commit)

    @rule(one_commit=st.booleans())
    def the_next_comes_twice(self, one_commit: bool) -> None:
        """The next press is a double one."""
        if not self._pressed:
            self._way = Way(copies=2, one_commit=one_commit)

    # --- time and mail

    def pass_time(self, span: timedelta, *, asleep: bool = False) -> None:
        """Time passes and rings what is due, each when it is; `asleep`: all of it late, at the end."""
        end = self.clock.now + span
        while not asleep:
            due = min((timer.due_at for timer in self.pending()), default=end)
            if due >= end:
                break
            self.clock.now = max(self.clock.now, due)
            self.all_arrive(self.bell.run_due())
        self.clock.now = end
        self.all_arrive(self.bell.run_due())

    def until_it_rings(self, times: int) -> None:
        """Time passes until something is due, so often."""
        for _ in range(times):
            due = min((timer.due_at for timer in self.pending()), default=self.clock.now)
            self.pass_time(due - self.clock.now)

    def mail_goes_out(self) -> None:
        """Everything that may be sent now is sent, so that what is said of it next has to be an edit."""
        due = [
            row
            for row in self.every(OutboxRow)
            if row.state == "queued" and (row.not_before is None or row.not_before <= self.clock.now)
        ]
        late = [row for row in due if row.expires_at is not None and row.expires_at <= self.clock.now]
        sent = [row for row in due if row not in late]
        for row in sent:
            self.goes_out(row)
        self.run(self._settle([row.id for row in sent], [row.id for row in late]))

    async def job_done(self, job_id: int) -> None:
        """Note that a job is done."""
        async with self.units.transaction("jobs.settle") as tx:
            await tx.change(update(Job).where(col(Job.id) == job_id).values(state="done"))

    async def _settle(self, sent: Sequence[int], late: Sequence[int]) -> None:
        own = col(OutboxRow.id)
        async with self.units.transaction("outbox.settle") as tx:
            arrived = update(OutboxRow).where(own.in_(sent))
            await tx.change(arrived.values(state="sent", message_id=own, sent_at=self.clock.now))
            await tx.change(update(OutboxRow).where(own.in_(late)).values(state="cancelled"))

    def goes_out(self, row: OutboxRow) -> None:
        """A machine's word on what must not be sent at this moment."""

    # --- looks, past everything that is tested

    def look_again(self) -> None:
        """What was seen before may have changed, in the middle of what is under way."""
        self._seen.clear()

    def every(self, table: type[Row]) -> list[Row]:
        """Every row of a table, in the order of its key, as it is after the last step."""
        if table not in self._seen:
            plan = _whole(table).plan(self.database.engine.dialect)
            self._seen[table] = [plan.load(row) for row in self._eyes.rows(plan.sql)]
        return self._seen[table]

    def pending(self, thing: str = "") -> list[Timer]:
        """The timers that are still to ring, about a kind of thing ("booking:") or about all."""
        timers = self.every(Timer)
        return [timer for timer in timers if timer.state == "pending" and timer.subject.startswith(thing)]

    def shown(self, kind: type[Message]) -> list[OutboxRow]:
        """The messages that were first of a kind, as people see them or will: each with its newest edit."""
        newest = {
            row.edits: row for row in self.every(OutboxRow) if row.edits and row.state in ("queued", "sent")
        }
        return [
            newest.get(row.id, row)
            for row in self.every(OutboxRow)
            if row.kind == kind.kind and row.edits is None and row.state in ("queued", "sent")
        ]

    def ids(self) -> dict[int, int]:
        """The people's ids by their Telegram ids."""
        return {person.telegram_id: person.id for person in self.every(Person)}

    def _standing(self) -> Iterable[tuple[str, str]]:
        """Where everything that lives stands, by its name in the trail."""
        for kind, life in LIVES.items():
            for row in self.every(life.table):
                yield f"{kind}:{row.id}", row.state

    # --- what always holds

    @invariant()
    def every_move_is_along_an_arrow_and_in_the_trail_once(self) -> None:
        """From the beginning to where a thing stands lead the rows of the trail, each an arrow, and no other way."""
        for row in self.every(Audit)[self._audited :]:
            kind = row.subject.partition(":")[0]
            if kind not in LIVES or row.before is None or row.after is None:
                continue
            life = LIVES[kind]
            assert self._stands.get(row.subject, row.before) == row.before, row
            assert row.subject in self._stands or row.before in life.begins, row
            check_move(life.states(row.before), life.states(row.after))
            self._stands[row.subject] = row.after
        self._audited = len(self.every(Audit))
        for subject, state in self._standing():
            begins = LIVES[subject.partition(":")[0]].begins
            assert state == self._stands[subject] if subject in self._stands else state in begins, subject
            self._stands[subject] = state

    @invariant()
    def no_timer_fails(self) -> None:
        """What a timer does never raises, and nothing that is due stays behind."""
        for timer in self.every(Timer):
            assert timer.attempts == 0, timer
            assert timer.state != "pending" or timer.due_at > self.clock.now, timer


async def _undone_if_refused(group: Group, cause: str, press: Press) -> None:
    with suppress(DomainError):
        async with group.alone(cause) as unit:
            await press(unit)


async def _as(who: int, service: Service, args: Any, named: dict[str, Any], unit: Unit) -> None:
    await service(unit, await present(unit, who), *args, **named)


async def present(unit: Unit, who: int) -> Person:
    """Somebody who is known and has just done something in private."""
    person = await people.by_telegram_id(unit, who)
    assert person is not None
    return await people.arrive(unit, Visitor(who, person.telegram_name, person.username))
