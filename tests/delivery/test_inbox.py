"""The inbox: kept once, in each person's order, each an atomic step, and what fails is set aside."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.delivery.inbox import PATIENCE, Inbox
from bot.services import outbox
from bot.services.messages.people import SlowDown, SomethingBroke
from bot.services.ports import Effect, UnintelligibleError
from bot.services.unit import Unit, Units
from storage.tables import InboxRow, OutboxRow
from tests.delivery.mouths import Card
from tests.delivery.waiting import until
from tests.helpers import told


class Listener:
    """Understands `{"update_id": …, "sender": …, "does": …}` and takes down what it handled."""

    def __init__(self) -> None:
        self.handled: list[int] = []
        self.done: list[int] = []
        self.tries: Counter[int] = Counter()
        self.effects: list[int] = []
        self.at_once = 0
        self.most_at_once = 0
        self.gates: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    def sender_of(self, raw: Mapping[str, Any]) -> int:
        """The port."""
        return int(raw.get("sender", 0))

    async def handle(self, raw: dict[str, Any], unit: Unit) -> Sequence[Effect]:
        """The port: every update says something to its sender, then does what it is there for."""
        number, does = raw["update_id"], raw.get("does", "")
        self.tries[number] += 1
        self.handled.append(number)
        if does == "garbled":
            raise UnintelligibleError("no such shape")
        await outbox.send(unit, raw["sender"], Card(f"handled {number}"))
        if does == "fail" or (does == "fail once" and self.tries[number] == 1):
            raise RuntimeError("https://api.telegram.org/bot123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAA/x fails")
        self.done.append(number)

        async def effect() -> None:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            if does == "wait":
                await self.gates[number].wait()
            self.at_once -= 1
            self.effects.append(number)
            if does == "bad effect":
                raise RuntimeError("the answer to the press failed")

        return [effect]

    async def slow_down(self, raw: dict[str, Any], unit: Unit) -> None:
        """The port."""
        await outbox.send(unit, raw["sender"], SlowDown(), about="slow down")

    async def give_up(self, raw: dict[str, Any], unit: Unit) -> None:
        """The port."""
        await outbox.send(unit, raw["sender"], SomethingBroke())


def updates(*ids: int, sender: int = 7, does: str = "") -> list[dict[str, Any]]:
    """Updates with these ids of one sender."""
    return [{"update_id": n, "sender": sender, "does": does} for n in ids]


@pytest.fixture
def listener() -> Listener:
    """Handles and takes down."""
    return Listener()


@pytest.fixture
async def inbox(units: Units, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Inbox]:
    """A serving inbox with short pauses between tries."""
    monkeypatch.setattr("bot.delivery.inbox.PAUSES", (0.01, 0.02))
    monkeypatch.setattr("bot.delivery.inbox.DATABASE_PAUSES", (0.02, 0.05))
    inbox = Inbox(units, listener)
    await inbox.start()
    yield inbox
    await inbox.stop()


async def served(inbox: Inbox) -> None:
    """Wait until nothing is waiting."""
    async with asyncio.timeout(5):
        await inbox.idle()


async def rows(units: Units) -> list[tuple[int, str, int, str]]:
    """Update id, state, tries and error of each update, in order."""
    async with units.reading() as look:
        found = await look.tx.all(select(InboxRow).order_by(col(InboxRow.id)))
    return [(row.update_id, row.state, row.attempts, row.error) for row in found]


async def test_kept_before_it_is_acknowledged(units: Units, listener: Listener) -> None:
    """When `accept` returns, the updates are in the database, handled or not."""
    inbox = Inbox(units, listener)
    await inbox.accept(updates(1, 2))
    assert await rows(units) == [(1, "new", 0, ""), (2, "new", 0, "")]
    assert listener.handled == []


async def test_an_update_that_comes_twice_counts_once(units: Units, inbox: Inbox, listener: Listener) -> None:
    """In one batch, in a later one, and after it was done."""
    await inbox.accept([*updates(5, 4), *updates(5)])
    await served(inbox)
    await inbox.accept(updates(4, 5, 3))
    await served(inbox)
    assert listener.done == [5, 4, 3]
    assert len(await told(units, 7)) == 3


async def test_smaller_ids_are_no_older_updates(inbox: Inbox, listener: Listener) -> None:
    """After an idle week Telegram's ids begin anew anywhere: only the same id is the same update."""
    await inbox.accept(updates(900_000_000))
    await inbox.accept(updates(17))
    await served(inbox)
    assert listener.done == [900_000_000, 17]


async def test_what_no_text_can_hold_is_kept_all_the_same(
    units: Units, inbox: Inbox, listener: Listener
) -> None:
    """Halves of characters and zeros, in words and where a press has its id: nothing is stuck at the door."""
    odd = "\ud800\x00 \u4f60"
    (raw,) = updates(1, does=odd)
    raw["callback_query"] = {"id": odd}
    await inbox.accept([raw])
    await inbox.accept(updates(2))
    await served(inbox)
    assert listener.done == [1, 2]
    async with units.reading() as look:
        first = await look.tx.first(select(InboxRow).order_by(col(InboxRow.id)))
    assert first is not None
    assert (first.raw, first.press) == (raw, None)


async def test_a_persons_order_is_kept(inbox: Inbox, listener: Listener) -> None:
    """Whatever fails and is tried again, the updates of one person take effect in their order."""
    await inbox.accept([*updates(1), *updates(2, does="fail once"), *updates(3, 4)])
    await served(inbox)
    assert listener.done == [1, 2, 3, 4]
    assert listener.handled == [1, 2, 2, 3, 4]


async def test_an_answer_that_hangs_holds_up_nobody(inbox: Inbox, listener: Listener) -> None:
    """What a person did is committed; that Telegram does not take the answer to a press delays no update."""
    await inbox.accept(updates(1, sender=7, does="wait"))
    await inbox.accept([*updates(2, sender=7), *updates(3, sender=8), *updates(4, sender=9)])
    await until(lambda: set(listener.effects) == {2, 3, 4})
    assert listener.done[0] == 1
    listener.gates[1].set()
    await served(inbox)
    assert listener.effects[-1] == 1


async def test_updates_of_many_people_share_a_commit(
    units: Units, inbox: Inbox, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each still succeeds or fails alone: what a failing one wrote is gone, and what the others wrote stays."""
    commits: list[str] = []
    together = units.together

    def counted(step: str) -> Any:
        commits.append(step)
        return together(step)

    monkeypatch.setattr(units, "together", counted)
    monkeypatch.setattr("bot.delivery.inbox.GROUP_SECONDS", 60)
    crowd = [update for n in range(30) for update in updates(n, sender=100 + n)]
    await inbox.accept([*crowd[:15], *updates(99, sender=99, does="fail"), *crowd[15:]])
    await served(inbox)
    assert commits == [
        "inbox.accept",
        *["inbox.handle"] * 4,
    ]  # three tries of the bad one, and setting it aside
    assert sorted(listener.done) == list(range(30))
    assert [await told(units, 100 + n) for n in range(30)] == [[Card(f"handled {n}")] for n in range(30)]
    assert await told(units, 99) == [SomethingBroke()]


async def test_a_flood_is_read_in_part_and_answered_once(
    units: Units, inbox: Inbox, listener: Listener
) -> None:
    """Who sends a thousand at once is told once that the rest was left unread; the others notice nothing."""
    await inbox.accept(updates(*range(1000), sender=7))
    await inbox.accept(updates(5000, sender=8))
    await served(inbox)
    assert listener.done.index(5000) < 3
    assert [n for n in listener.done if n != 5000] == list(range(PATIENCE))
    heard = await told(units, 7)
    assert heard.count(SlowDown()) == 1
    assert len(heard) == PATIENCE + 1
    assert Counter(state for _, state, _, _ in await rows(units)) == {"done": PATIENCE + 1, "unread": 980}
    await inbox.accept(updates(1001, sender=7))
    await served(inbox)
    assert listener.done[-1] == 1001


async def test_what_is_put_back_is_taken_again(
    units: Units, inbox: Inbox, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update that was set aside and put back by another program is handled without a restart."""
    await inbox.accept(updates(1, does="fail"))
    await served(inbox)
    listener.tries[1] = 0
    async with units.writing("put back by hand") as unit:
        mended = {"update_id": 1, "sender": 7, "does": ""}
        await unit.tx.change(update(InboxRow).values(state="new", raw=mended))
    await until(lambda: listener.done == [1], timeout=10)
    await served(inbox)
    assert [state for _, state, _, _ in await rows(units)] == ["done"]


async def test_who_sends_much_waits_behind_the_others(inbox: Inbox, listener: Listener) -> None:
    """A hundred updates of one person do not keep everybody else waiting for a hundred turns."""
    await inbox.accept(updates(*range(PATIENCE), sender=7))
    await inbox.accept(updates(500, sender=8))
    await served(inbox)
    assert listener.done.index(500) < 3
    assert [n for n in listener.done if n != 500] == list(range(PATIENCE))


async def test_one_update_is_one_atomic_step(units: Units, inbox: Inbox, listener: Listener) -> None:
    """What a failing try wrote is gone; after a good one, the update is done and its answer queued."""
    await inbox.accept(updates(1, does="fail once"))
    await served(inbox)
    assert await rows(units) == [(1, "done", 2, "")]
    assert await told(units, 7) == [Card("handled 1")]


async def test_what_keeps_failing_is_set_aside(units: Units, inbox: Inbox, listener: Listener) -> None:
    """After three tries it is kept with its reason, its sender is told once, and the next one goes."""
    await inbox.accept([*updates(1, does="fail"), *updates(2)])
    await served(inbox)
    reason = "RuntimeError('https://api.telegram.org/bot<token>/x fails')"
    assert await rows(units) == [(1, "failed", 3, reason), (2, "done", 1, "")]
    assert listener.tries == {1: 3, 2: 1}
    assert await told(units, 7) == [SomethingBroke(), Card("handled 2")]


async def test_what_nobody_can_parse_is_set_aside_at_once(
    units: Units, inbox: Inbox, listener: Listener
) -> None:
    """Trying again cannot help."""
    await inbox.accept(updates(1, does="garbled"))
    await served(inbox)
    assert await rows(units) == [(1, "failed", 1, "UnintelligibleError('no such shape')")]
    assert await told(units, 7) == [SomethingBroke()]


async def test_a_failing_effect_undoes_nothing(units: Units, inbox: Inbox, listener: Listener) -> None:
    """The answer to a press is worthless a moment later: it is not tried again."""
    await inbox.accept(updates(1, does="bad effect"))
    await served(inbox)
    assert await rows(units) == [(1, "done", 1, "")]
    assert listener.tries == {1: 1}


async def test_effects_come_after_the_commit(units: Units, inbox: Inbox, listener: Listener) -> None:
    """While the effect runs, the update is done for everybody else."""
    await inbox.accept(updates(1, does="wait"))
    await until(lambda: listener.at_once == 1)
    assert await rows(units) == [(1, "done", 1, "")]
    listener.gates[1].set()


async def test_a_crash_before_the_commit_leaves_everything_to_do(units: Units, listener: Listener) -> None:
    """What was kept and not done is taken up by the next run, in order, and only once."""
    dead = Inbox(units, listener)
    await dead.accept([*updates(1, 2), *updates(3, sender=8)])
    async with units.writing("done before the crash") as unit:
        await unit.tx.change(update(InboxRow).where(col(InboxRow.update_id) == 1).values(state="done"))
    living = Inbox(units, listener)
    await living.start()
    await served(living)
    await living.stop()
    assert sorted(listener.done) == [2, 3]


async def test_two_programs_take_an_update_once(units: Units, listener: Listener) -> None:
    """If two runs know of the same update, the database lets one of them have it."""
    first, second = Inbox(units, listener), Inbox(units, listener)
    await first.accept(updates(*range(20)))
    await second.start()
    await first.start()
    await served(first)
    await served(second)
    await first.stop()
    await second.stop()
    assert sorted(listener.done) == list(range(20))
    assert len(await told(units, 7)) == 20


async def test_a_stop_finishes_what_is_in_hand(units: Units, inbox: Inbox, listener: Listener) -> None:
    """The rest stays in the database for the next run."""
    await inbox.accept(updates(1, does="wait"))
    await until(lambda: listener.at_once == 1)
    inbox._stopping = True
    await inbox.accept(updates(2))
    stopping = asyncio.create_task(inbox.stop())
    await asyncio.sleep(0.02)
    assert not stopping.done()
    listener.gates[1].set()
    await stopping
    assert listener.effects == [1]
    assert [state for _, state, _, _ in await rows(units)] == ["done", "new"]


async def test_a_database_that_fails_for_a_while_loses_nothing(
    units: Units, inbox: Inbox, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update that cannot even be set aside waits, in its order, until the database works again."""
    together = units.together
    broken, failures = True, 0

    def fails_for_a_while(step: str) -> Any:
        nonlocal failures
        if broken and step == "inbox.handle":
            failures += 1
            raise OSError("disk full")
        return together(step)

    monkeypatch.setattr(units, "together", fails_for_a_while)
    await inbox.accept(updates(1, 2))
    await until(lambda: failures > 4, timeout=20)  # three tries and the setting aside, and then again
    assert listener.done == []
    broken = False
    await served(inbox)
    assert listener.done == [1, 2]
    assert [state for _, state, _, _ in await rows(units)] == ["done", "done"]


async def test_messages_are_queued_once_whatever_dies(units: Units, inbox: Inbox) -> None:
    """The names of an update's messages are the same on every try, so none can be there twice."""
    await inbox.accept(updates(1, does="fail once"))
    await served(inbox)
    async with units.reading() as look:
        assert await look.tx.all(select(OutboxRow.about)) == ["u1.1"]
