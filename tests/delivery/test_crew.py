"""Several programs on one server: one sends, all work, and what the dead left behind is done once."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select, update

from bot.delivery import crew as crews
from bot.delivery import inbox as inboxes
from bot.delivery.budget import Budget
from bot.delivery.claim import candidates, claim, remember
from bot.delivery.crew import RELEASE, LostLease, Shared, release_of
from bot.delivery.inbox import Inbox
from bot.delivery.jobs import Jobs, Task
from bot.delivery.meter import Meter
from bot.delivery.outbox import Outbox
from bot.rules.policy import TelegramPolicy
from bot.services import outbox
from bot.services.jobs import add_job
from bot.services.ports import Effect
from bot.services.unit import House, Unit, Units, Wake
from storage.database import Database, Transaction
from storage.tables import InboxRow, Job, Lease, OutboxRow, Worker
from storage.trouble import UnreachableError
from storage.workers import others_alive
from tests.delivery import waiting
from tests.delivery.mouths import Card, Knock, Leaflet, Mouth, put, states
from tests.helpers import NOON, MovableClock, told
from tests.servers import Server

LONG = 30.0
"""Seconds that anything here may take on a busy machine."""


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    await waiting.until(holds, LONG)


NO_LIMITS = TelegramPolicy(per_second=0, per_chat=0, per_group=0)


@pytest.fixture
def engine() -> str:
    """On a file there is one program only."""
    return "postgresql"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Death is noticed within seconds, so that tests need not wait longer, and a busy machine is not taken for it."""
    for name, value in (("TTL", 2.5), ("BEAT", 0.1), ("MARGIN", 0.8), ("AGAIN", 0.05)):
        monkeypatch.setattr(crews, name, value)
    monkeypatch.setattr(inboxes, "LEFT_ALONE", timedelta(seconds=-1))
    monkeypatch.setattr(inboxes, "LOOK_EVERY", 0.1)
    monkeypatch.setattr("bot.delivery.jobs.LOOK_EVERY", 0.05)


class Program:
    """One of several, with a database connection and a crew of its own."""

    def __init__(self, url: str, clock: MovableClock, house: House, release: int = RELEASE) -> None:
        self.database = Database(url)
        self.heard: list[Wake] = []
        self.units = Units(self.database, clock, house)
        self.crew = Shared(self.database, self.hear, Meter(), release)
        self.wakes: list[Callable[[], None]] = []

    def hear(self, wake: Wake) -> None:
        """What others told."""
        self.heard.append(wake)
        for one in self.wakes:
            one()

    def freeze(self) -> None:
        """Say nothing any more, as if it were stopped or had lost its network."""
        assert self.crew._loop is not None
        self.crew._loop.cancel()

    def thaw(self) -> None:
        """Go on as if nothing had happened."""
        self.crew._loop = asyncio.create_task(self.crew._run())

    async def dies(self) -> None:
        """End without a word, as by SIGKILL."""
        self.freeze()
        await self.crew._registry.close()


Hire = Callable[..., Awaitable[Program]]


@pytest.fixture
async def hire(database_url: str, clock: MovableClock, house: House) -> AsyncIterator[Hire]:
    """Start another program on the same server."""
    async with AsyncExitStack() as stack:

        async def hire(release: int = RELEASE) -> Program:
            program = Program(database_url, clock, house, release)
            stack.push_async_callback(program.database.close)
            await program.crew.start()
            stack.push_async_callback(program.crew.stop)
            return program

        yield hire


async def all_of(units: Units, query: Any) -> list[Any]:
    """What a query finds."""
    async with units.reading() as look:
        return list(await look.tx.all(query))


# --- who sends


async def test_one_sends_and_the_next_one_takes_over(hire: Hire) -> None:
    """The first that comes; when it says goodbye, another one within a beat, under a higher number."""
    first, second, third = [await hire() for _ in range(3)]
    assert (first.crew.fence, second.crew.fence, third.crew.fence) == (1, None, None)
    assert len({first.crew.me, second.crew.me, third.crew.me}) == 3
    await first.crew.stop()
    await until(lambda: {second.crew.fence, third.crew.fence} == {None, 2})
    assert [lease.name for lease in await all_of(second.units, select(Lease))] == ["sending"]
    assert await others_alive(second.database) == 2


async def test_the_silent_lose_the_lease_and_know_it_first(hire: Hire) -> None:
    """It stops sending by itself before the others may begin; back again it is somebody else."""
    first, second = await hire(), await hire()
    before = first.crew.me
    first.freeze()
    seen = []

    def changed() -> bool:
        seen.append((first.crew.fence, second.crew.fence))
        return second.crew.fence == 2

    await until(changed)
    assert (1, 2) not in seen
    assert (None, None) in seen
    async with first.units.writing("late") as unit:
        with pytest.raises(LostLease):
            await first.crew.check_sending(unit.tx, 1)
        with pytest.raises(LostLease):
            await first.crew.check_alive(unit.tx)
    first.thaw()
    await until(lambda: first.crew.me != before)
    await asyncio.sleep(0.3)
    assert (first.crew.fence, second.crew.fence) == (None, 2)


async def test_a_lease_is_checked_where_it_is_relied_on(hire: Hire) -> None:
    """By number: an old turn of one's own is as little worth as another's."""
    first, second = await hire(), await hire()
    async with first.units.writing("now") as unit:
        await first.crew.check_sending(unit.tx, 1)
        for who, turn in ((first, 0), (first, 2), (second, 1)):
            with pytest.raises(LostLease):
                await who.crew.check_sending(unit.tx, turn)


async def test_a_connection_that_breaks_is_made_again(
    hire: Hire, postgresql: Server, database_url: str
) -> None:
    """Within the time that it may be silent, so nothing changes hands."""
    first, second = await hire(), await hire()
    me, name = first.crew.me, first.database.url.database
    await postgresql.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        " AND query LIKE '%leases%'"
    )
    first.heard.clear()
    await until(lambda: Wake.OUTBOX | Wake.JOBS | Wake.TIMERS in first.heard)
    await asyncio.sleep(0.3)
    assert (first.crew.me, first.crew.fence, second.crew.fence) == (me, 1, None)
    first.heard.clear()
    async with second.units.writing("word") as unit:
        unit.wakes |= Wake.JOBS
    await until(lambda: Wake.JOBS in first.heard)


async def test_words_are_heard_once_they_are_true(hire: Hire) -> None:
    """After the commit, by everybody; never after what was undone."""
    first, second = await hire(), await hire()
    for program in (first, second):
        program.heard.clear()

    async def undone() -> None:
        async with first.units.writing("undone") as unit:
            unit.wakes |= Wake.TIMERS
            raise RuntimeError("not after all")

    with pytest.raises(RuntimeError):
        await undone()
    async with first.units.writing("done") as unit:
        unit.wakes |= Wake.OUTBOX | Wake.JOBS
    await until(lambda: bool(second.heard))
    assert second.heard == [Wake.OUTBOX | Wake.JOBS]


# --- jobs


async def test_jobs_of_the_dead_are_done_by_the_living(hire: Hire) -> None:
    """Once; and the end that the dead one writes down late, having been stopped only, does not count."""
    first, second = await hire(), await hire()
    gate, done = asyncio.Event(), []

    async def slow(task: Task) -> None:
        await gate.wait()
        done.append("slow")
        raise RuntimeError("and it failed")

    async def well(task: Task) -> None:
        done.append("well")

    slowly = Jobs(first.units, {"work": slow}, crew=first.crew)
    await slowly.start()
    async with first.units.writing("job") as unit:
        await add_job(unit, "work", "a")
    await until(lambda: bool(slowly._hands))
    await asyncio.sleep(0.1)
    assert await all_of(first.units, select(Job.worker_id)) == [first.crew.me]
    quick = Jobs(second.units, {"work": well}, crew=second.crew)
    second.wakes.append(quick.wake)
    await quick.start()
    await asyncio.sleep(0.3)
    assert done == []
    first.freeze()
    await until(lambda: done == ["well"])
    gate.set()
    await until(lambda: not slowly._hands)
    assert done == ["well", "slow"]
    (job,) = await all_of(second.units, select(Job))
    assert (job.state, job.error, job.attempts) == ("done", "", 2)
    await slowly.stop()
    await quick.stop()


async def test_who_is_thought_dead_claims_nothing(hire: Hire) -> None:
    """Nobody would take it away again; registered anew, it does."""
    first, _second = await hire(), await hire()
    done: list[str] = []

    async def work(task: Task) -> None:
        done.append(task.data["name"])

    first.freeze()
    async with first.units.writing("thought dead") as unit:
        await unit.tx.run(text(f"DELETE FROM workers WHERE id = {first.crew.me}"))
    jobs = Jobs(first.units, {"work": work}, crew=first.crew)
    await jobs.start()
    async with first.units.writing("job") as unit:
        await add_job(unit, "work", "a", name="a")
    jobs.wake()
    await asyncio.sleep(0.3)
    assert (done, await all_of(first.units, select(Job.state))) == ([], ["queued"])
    first.thaw()
    await until(lambda: done == ["a"])
    await jobs.stop()


# --- sending


def sending(program: Program, mouth: Mouth, policy: TelegramPolicy = NO_LIMITS) -> Outbox:
    """A program's outbox."""
    made = Outbox(program.units, mouth, Budget(policy), crew=program.crew)
    program.wakes.append(made.wake)
    return made


async def test_everybody_queues_and_one_sends(hire: Hire) -> None:
    """In each chat's order, each once."""
    programs = [await hire() for _ in range(3)]
    mouths = [Mouth() for _ in programs]
    outboxes = [sending(program, mouth) for program, mouth in zip(programs, mouths, strict=True)]
    for one in outboxes:
        await one.start()
    for number in range(30):
        await put(programs[number % 3].units, 7, Card(str(number)))
    await until(lambda: len(mouths[0].said) == 30)
    assert [said for _, said, _ in mouths[0].said] == [str(number) for number in range(30)]
    assert (mouths[1].said, mouths[2].said) == ([], [])
    for one in outboxes:
        await one.stop()


async def test_what_was_in_the_air_is_settled_by_the_next_one(hire: Hire) -> None:
    """By its kind, as after a crash; how it ended after all, the silent one does not write down."""
    first, second = await hire(), await hire()
    held, mouth = Mouth(), Mouth()
    held.hold()
    outboxes = [sending(first, held), sending(second, mouth)]
    for one in outboxes:
        await one.start()
    await put(first.units, 7, Card("must arrive"), Card("after it"))
    await held.has_said(1)
    first.freeze()
    await until(lambda: [said for _, said, _ in mouth.said] == ["must arrive", "after it"])
    held.let_go()
    await asyncio.sleep(0.3)
    rows = await all_of(second.units, select(OutboxRow).order_by(col(OutboxRow.id)))
    assert [(row.state, row.uncertain, row.attempts) for row in rows] == [
        ("sent", True, 2),
        ("sent", False, 1),
    ]
    assert [said for _, said, _ in held.said] == ["must arrive"]
    for one in outboxes:
        await one.stop()


async def test_who_was_stopped_between_claiming_and_sending_does_not_send(hire: Hire) -> None:
    """It looks at the time first: the next one has sent it, or will."""
    first, second = await hire(), await hire()
    late, mouth = Mouth(), Mouth()
    stopped, other = sending(first, late), sending(second, mouth)
    send = stopped._send
    gate = asyncio.Event()

    async def stops(*args: Any) -> None:
        await gate.wait()
        await send(*args)

    stopped._send = stops  # type: ignore[method-assign]
    for one in (stopped, other):
        await one.start()
    await put(first.units, 7, Knock("x"))
    await until(lambda: bool(stopped._air))
    first.freeze()
    await until(lambda: bool(mouth.said))
    gate.set()
    await asyncio.sleep(0.2)
    assert (late.said, [said for _, said, _ in mouth.said]) == ([], ["x"])
    first.thaw()
    await asyncio.sleep(0.3)
    assert (late.said, await states(first.units)) == ([], ["sent"])
    for one in (stopped, other):
        await one.stop()


async def test_a_late_beat_that_cost_nothing_goes_on(hire: Hire) -> None:
    """Nobody else was there to take over: the same turn, and what is in the air counts as cut off."""
    only = await hire()
    mouth = Mouth()
    outbox_ = sending(only, mouth)
    await outbox_.start()
    only.freeze()
    await until(lambda: only.crew.fence is None)
    await put(only.units, 7, Card("x"))
    await asyncio.sleep(0.2)
    assert mouth.said == []
    only.thaw()
    await until(lambda: bool(mouth.said))
    await outbox_.stop()


async def test_a_takeover_passes_no_limit(hire: Hire, clock: MovableClock) -> None:
    """What the other one sent within the last minute counts; what is older does not."""
    program = await hire()
    policy = TelegramPolicy(per_second=30, per_chat=1.0, burst=5, per_group=20)
    async with program.units.writing("sent") as unit:
        for number in range(4):
            await outbox.send(unit, 7, Card(f"{number}"))
        for number in range(25):
            await outbox.send(unit, -5, Card(f"{number}"))
        await unit.tx.change(
            update(OutboxRow).values(state="sent", sent_at=clock.now - timedelta(seconds=0.1))
        )
    fresh, old = Budget(policy), Budget(policy)
    async with program.units.reading() as look:
        await remember(look, fresh)
    clock.now += timedelta(minutes=2)
    async with program.units.reading() as look:
        await remember(look, old)
    now = asyncio.get_running_loop().time()
    assert fresh.spent(now).keys() == {-5}
    assert fresh.spent(now)[-5] > 55
    fresh.take(7, now)
    assert 7 in fresh.spent(now)
    assert (old.spent(now), old.wait_all(now)) == ({}, 0.0)


# --- two versions side by side


@pytest.mark.parametrize(
    ("older", "newer"),
    [("0.1.0", "0.1.1"), ("0.9.12", "0.10.0"), ("1.2", "1.2.1"), ("1.99.99", "2.0.0rc1"), ("0.1.0", "1")],
)
def test_releases_grow(older: str, newer: str) -> None:
    """As versions do."""
    assert release_of(older) < release_of(newer)


async def test_the_newest_release_sends(hire: Hire) -> None:
    """The older one leaves it the lease and never takes it back, until the newer ones have gone."""
    old = await hire(1)
    sends = sending(old, Mouth())
    await sends.start()
    assert (old.crew.fence, old.crew.retiring) == (1, False)
    new = await hire(2)
    assert new.crew.fence is None
    await until(lambda: new.crew.fence == 2)
    other = await hire(1)
    await asyncio.sleep(0.5)
    assert [one.crew.fence for one in (old, new, other)] == [None, 2, None]
    await new.crew.stop()
    await until(lambda: {old.crew.fence, other.crew.fence} == {None, 3})
    await sends.stop()


async def test_what_is_in_the_air_lands_before_the_lease_changes_hands(hire: Hire) -> None:
    """Nothing is cut off by an upgrade: what was begun ends, what was queued goes by the newer one, in its order."""
    old = await hire(1)
    held, mouth = Mouth(), Mouth()
    held.hold()
    first = sending(old, held)
    await first.start()
    await put(old.units, 7, Card("begun"), Card("queued"))
    await held.has_said(1)
    new = await hire(2)
    second = sending(new, mouth)
    await second.start()
    await until(lambda: old.crew.retiring)
    await asyncio.sleep(0.5)
    assert (old.crew.fence, new.crew.fence, mouth.said) == (1, None, [])
    held.let_go()
    await until(lambda: bool(mouth.said))
    assert ([said for _, said, _ in held.said], [said for _, said, _ in mouth.said]) == (
        ["begun"],
        ["queued"],
    )
    await second.stop()
    rows = await all_of(new.units, select(OutboxRow))
    assert {(row.state, row.uncertain, row.attempts) for row in rows} == {("sent", False, 1)}
    await first.stop()


async def test_what_only_the_newer_one_knows_waits_for_it(hire: Hire) -> None:
    """And its chat with it, so that order is kept; where nobody knows it, it is set aside as ever."""
    old, new = await hire(1), await hire(2)
    await put(old.units, 7, Card("a"), Card("b"))
    await put(old.units, 8, Card("c"))
    async with old.units.writing("newer") as unit:
        await unit.tx.change(update(OutboxRow).where(col(OutboxRow.id) == 1).values(kind="OfTheFuture"))

    async def claimed() -> list[int]:
        async with old.units.writing("claim") as unit:
            rows = await candidates(unit, (), 10)
            return [one.row.id for one in await claim(unit, rows, Budget(NO_LIMITS), 10, old.crew)]

    assert await claimed() == [3]
    assert await states(old.units) == ["queued", "queued", "sending"]
    await new.crew.stop()
    assert await claimed() == [2]
    assert await states(old.units) == ["failed", "sending", "sending"]


async def test_jobs_of_the_future_are_left_alone(hire: Hire) -> None:
    """Whoever knows the kind does it, whoever does not costs it no try."""
    old, new = await hire(1), await hire(2)
    done: list[str] = []

    async def work(task: Task) -> None:
        done.append(task.data["name"])

    older = Jobs(old.units, {"old": work}, crew=old.crew, at_leisure=("old", "gone"))
    await older.start()
    async with old.units.writing("jobs") as unit:
        await add_job(unit, "new", "a", name="new")
        await add_job(unit, "old", "b", name="old")
    older.wake()
    await until(lambda: done == ["old"])
    await asyncio.sleep(0.2)
    newer = Jobs(new.units, {"old": work, "new": work}, crew=new.crew)
    await newer.start()
    await until(lambda: done == ["old", "new"])
    for one in (older, newer):
        await one.stop()
    assert await all_of(new.units, select(Job.attempts)) == [1, 1]


# --- a commit that stands though it seemed to fail


def cut_off_once(units: Units, step: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the answer to one commit of a step get lost on the way; gives the steps to which that happened."""
    begin, struck = units.transaction, list[str]()

    @asynccontextmanager
    async def cut_off(name: str) -> AsyncIterator[Transaction]:
        async with begin(name) as tx:
            yield tx
        if name == step and not struck:
            struck.append(name)
            raise UnreachableError("the connection broke before the answer came")

    monkeypatch.setattr(units, "transaction", cut_off)
    return struck


async def test_what_was_claimed_unawares_is_sent(hire: Hire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows say that it is in the air, and nobody has it: it goes, once."""
    program = await hire()
    mouth = Mouth()
    outbox_ = sending(program, mouth)
    await put(program.units, 7, Leaflet("a"), Leaflet("b"))
    await put(program.units, 8, Card("c"))
    struck = cut_off_once(program.units, "outbox.turn", monkeypatch)
    await outbox_.start()
    await until(lambda: len(mouth.said) == 3)
    await outbox_.stop()
    assert struck == ["outbox.turn"]
    assert sorted(said for _, said, _ in mouth.said) == ["a", "b", "c"]
    assert await states(program.units) == ["sent"] * 3


async def test_a_job_that_was_claimed_unawares_is_done(hire: Hire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its program lives, so nobody else would ever take it."""
    program = await hire()
    done: list[str] = []

    async def work(task: Task) -> None:
        done.append("done")

    async with program.units.writing("job") as unit:
        await add_job(unit, "work", "a")
    struck = cut_off_once(program.units, "jobs.claim", monkeypatch)
    jobs = Jobs(program.units, {"work": work}, crew=program.crew)
    await jobs.start()
    await until(lambda: done == ["done"])
    await jobs.stop()
    assert struck == ["jobs.claim"]
    assert await all_of(program.units, select(Job.state)) == ["done"]


# --- updates


class Handler:
    """Takes down, in the database, in which order each person's updates were handled, and by whom."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.handled = 0

    def sender_of(self, raw: Mapping[str, Any]) -> int:
        """The port."""
        return int(raw["sender"])

    async def handle(self, raw: dict[str, Any], unit: Unit) -> Sequence[Effect]:
        """The port: slow enough for others to come between."""
        self.handled += 1
        await asyncio.sleep(random.random() * 0.002)
        await outbox.send(unit, raw["sender"], Card(f"{raw['number']}"))
        return ()

    async def slow_down(self, raw: dict[str, Any], unit: Unit) -> None:
        """The port."""

    async def give_up(self, raw: dict[str, Any], unit: Unit) -> None:
        """The port."""


async def dealt_out(inboxes_: Sequence[Inbox], people: int, each: int) -> None:
    """Deliver updates of people to one program after another, as a balancer would."""
    number = 0
    for place in range(each):
        for sender in range(1, people + 1):
            number += 1
            raw = {"update_id": number, "sender": sender, "number": place}
            await inboxes_[number % len(inboxes_)].accept([raw])


async def in_order(units: Units, people: int, each: int) -> bool:
    """Whether everybody's updates took effect once and in their order."""
    found = defaultdict(list)
    for sender in range(1, people + 1):
        found[sender] = [card.text for card in await told(units, sender) if isinstance(card, Card)]
    return all(said == [str(place) for place in range(each)] for said in found.values())


async def handled(units: Units) -> None:
    """Wait until no update waits."""
    async with asyncio.timeout(LONG):
        while await all_of(units, select(InboxRow.id).where(InboxRow.state == "new")):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)


async def test_each_persons_order_whoever_keeps_and_whoever_handles(hire: Hire) -> None:
    """Three programs, updates dealt out in turn: once each, in everybody's order, and the work is shared."""
    programs = [await hire() for _ in range(3)]
    handlers = [Handler(str(number)) for number in range(3)]
    lines = [
        Inbox(program.units, handler, crew=program.crew)
        for program, handler in zip(programs, handlers, strict=True)
    ]
    for one in lines:
        await one.start()
    await dealt_out(lines, people=10, each=12)
    await handled(programs[0].units)
    for one in lines:
        await one.stop()
    assert await in_order(programs[0].units, 10, 12)
    assert sum(handler.handled for handler in handlers) == 120
    assert min(handler.handled for handler in handlers) > 0


async def test_without_looking_at_the_order_it_is_lost(hire: Hire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: taken as on a file, where nobody else handles updates, they come in disorder."""
    monkeypatch.setattr(inboxes, "TAKE_IN_ORDER", inboxes.TAKE)
    monkeypatch.setattr(inboxes, "LEFT_ALONE", timedelta(hours=1))  # each handles what it kept
    first, second = await hire(), await hire()
    lines = [Inbox(program.units, Handler("x"), crew=program.crew) for program in (first, second)]
    await dealt_out(lines, people=3, each=4)  # kept, and not handled yet
    for one in reversed(lines):
        await one.start()
        await asyncio.sleep(0.2)
    await handled(first.units)
    for one in lines:
        await one.stop()
    assert not await in_order(first.units, 3, 4)


async def test_updates_of_the_dead_are_handled_by_the_living(hire: Hire) -> None:
    """What was acknowledged is nobody's alone."""
    first, second = await hire(), await hire()
    dead, line = (
        Inbox(first.units, Handler("dead"), crew=first.crew),
        Inbox(second.units, Handler("living"), crew=second.crew),
    )
    await line.start()
    await dealt_out([dead], people=5, each=3)
    await first.dies()
    await handled(second.units)
    await line.stop()
    assert await in_order(second.units, 5, 3)


async def test_what_was_sent_earlier_and_found_later_goes_first(hire: Hire) -> None:
    """The only one that is left has the second update already when it finds the first, which the dead one kept."""
    first, second = await hire(), await hire()
    dead, line = (
        Inbox(first.units, Handler("dead"), crew=first.crew),
        Inbox(second.units, Handler("living"), crew=second.crew),
    )
    await dead.accept([{"update_id": 1, "sender": 7, "number": 0}])
    await line.accept([{"update_id": 2, "sender": 7, "number": 1}])
    await first.dies()
    await line.start()
    await handled(second.units)
    await line.idle()
    await line.stop()
    assert [card.text for card in await told(second.units, 7) if isinstance(card, Card)] == ["0", "1"]


async def test_what_others_have_handled_waits_no_longer(hire: Hire) -> None:
    """A program that hardly gets on forgets what the others did for it, and takes nobody for somebody who floods."""
    slow, quick = await hire(), await hire()
    handler = Handler("slow")
    keeps, line = (
        Inbox(slow.units, handler, crew=slow.crew),
        Inbox(quick.units, Handler("quick"), crew=quick.crew),
    )
    await line.start()
    for number in range(2 * inboxes.PATIENCE):  # each as soon as the one before is handled
        await keeps.accept([{"update_id": number, "sender": 7, "number": number}])
        await handled(quick.units)
    assert await all_of(quick.units, select(InboxRow.id).where(InboxRow.state == "unread")) == []
    assert len(keeps._waiting[7]) == 2 * inboxes.PATIENCE
    await keeps._take_up()
    assert len(keeps._waiting[7]) == 1  # the first of a line may be in hand
    await keeps.start()
    await keeps.idle()
    assert handler.handled == 0
    await keeps.stop()
    await line.stop()


async def test_a_flood_is_one_wherever_it_arrives(hire: Hire) -> None:
    """What waits is counted for all programs together; what comes on top is left unread."""
    lines = [
        Inbox(program.units, Handler("x"), crew=program.crew) for program in [await hire() for _ in range(3)]
    ]
    await dealt_out(lines, people=1, each=90)
    found = await all_of(lines[0]._units, select(InboxRow.state))
    assert (found.count("new"), found.count("unread")) == (20, 70)


async def test_who_has_plenty_to_do_takes_up_nothing(hire: Hire, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handled elsewhere anyway is not lined up by everybody."""
    monkeypatch.setattr(inboxes, "TAKEN_UP", 8)
    first, second, third = [await hire() for _ in range(3)]
    keeps, idle, busy = [Inbox(one.units, Handler("x"), crew=one.crew) for one in (first, second, third)]
    for number in range(50):
        await keeps.accept([{"update_id": number, "sender": 1 + number, "number": 0}])
    for number in range(50, 56):
        await busy.accept([{"update_id": number, "sender": 1 + number, "number": 0}])
    await idle._take_up()
    await busy._take_up()
    assert [len(one._waiting) for one in (keeps, idle, busy)] == [50, 8, 8]
    for one in (keeps, idle, busy):
        await one.start()
    await handled(first.units)
    for one in (keeps, idle, busy):
        await one.idle()
        await one.stop()


async def test_nobody_is_forgotten(hire: Hire) -> None:
    """Who registered and who died is seen in the table, by the server's clock."""
    programs = [await hire() for _ in range(3)]
    await programs[1].dies()
    found: list[int] = []

    async def look() -> None:
        found[:] = await all_of(programs[0].units, select(Worker.id))

    async with asyncio.timeout(LONG):
        while len(found) != 2:
            await look()
            await asyncio.sleep(0.05)
    assert set(found) == {programs[0].crew.me, programs[2].crew.me}
    assert programs[0].units.clock() + timedelta(days=1) > NOON
