"""Planned deaths come where and when they were told to, once, and in a normal run there is nothing of them."""

from pathlib import Path

import pytest
from sqlmodel import select

from bot.app import App
from bot.delivery.mortal import Fate, MortalEars, MortalMouth, MortalUnits, mortal_ports
from bot.services.messages.people import SlowDown
from bot.services.ports import Outcome, Outgoing, Ports, Sent
from bot.services.unit import Units
from storage.tables import City
from tests.stage import Stage


class Dead(BaseException):
    """What a test dies of."""


def dies() -> None:
    """End, as far as a test can."""
    raise Dead


@pytest.fixture
def engine() -> str:
    """Whether a commit changed anything is counted as SQLite counts it."""
    return "sqlite"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where moments are written down."""
    return tmp_path / "faults.log"


def fate(journal: Path, *moments: str) -> Fate:
    """A run on the same data as the runs before."""
    return Fate(moments, journal, end=dies)


def lines(journal: Path) -> list[str]:
    """What was written down."""
    return journal.read_text().splitlines() if journal.exists() else []


async def a_city(units: Units, code: str) -> None:
    """A commit of the step "found"."""
    async with units.writing(code, "found") as unit:
        await unit.tx.add(City(code=code, names={}, created_at=unit.now))


async def cities(units: Units) -> list[str]:
    """Which commits stand."""
    async with units.reading() as look:
        return sorted(await look.tx.all(select(City.code)))


async def test_death_before_a_commit_leaves_nothing(units: Units, journal: Path) -> None:
    """The second one; what is done again after the death has its number, and passes."""
    first = MortalUnits(fate(journal, "before found:2"), units)
    await a_city(first, "a")
    with pytest.raises(Dead):
        await a_city(first, "b")
    assert await cities(units) == ["a"]
    second = MortalUnits(fate(journal, "before found:2", "before found:3"), units)
    await a_city(second, "b")
    with pytest.raises(Dead):
        await a_city(second, "c")
    assert await cities(units) == ["a", "b"]
    assert lines(journal) == [
        "before found",
        "after found",
        "died before found:2",
        "before found",
        "after found",
        "died before found:3",
    ]


async def test_death_after_a_commit_leaves_it_and_does_nothing_more(units: Units, journal: Path) -> None:
    """Nobody is woken; the commit counts, so the next one is the second."""
    woken: list[object] = []
    units.wake = woken.append
    first = MortalUnits(fate(journal, "after found"), units)
    await a_city(first, "a")  # without a number it is no moment: configuration adds it
    second = MortalUnits(fate(journal, "after found:2", "after found:3"), units)
    with pytest.raises(Dead):
        await a_city(second, "b")
    third = MortalUnits(fate(journal, "after found:2", "after found:3"), units)
    with pytest.raises(Dead):
        await a_city(third, "c")
    assert await cities(units) == ["a", "b", "c"]
    assert woken == []


async def test_a_forgotten_commit_leaves_nothing_and_nobody_notices(units: Units, journal: Path) -> None:
    """What the negative controls need."""
    mortal = MortalUnits(fate(journal, "forget found:2"), units)
    for code in "abc":
        await a_city(mortal, code)
    assert await cities(units) == ["a", "c"]
    assert [line for line in lines(journal) if line.startswith("forgot")] == ["forgot found:2"]


async def test_an_error_is_no_moment(units: Units, journal: Path) -> None:
    """Where nothing is committed there is no boundary."""
    mortal = MortalUnits(fate(journal), units)
    with pytest.raises(ZeroDivisionError):
        async with mortal.writing("fails", "found"):
            raise ZeroDivisionError
    assert lines(journal) == []


async def test_death_around_a_sending(journal: Path) -> None:
    """Before it nothing went out, after it Telegram has it."""
    sent: list[Outgoing] = []

    class Mouth:
        async def deliver(self, outgoing: Outgoing) -> Outcome:
            sent.append(outgoing)
            return Sent(7)

    message = Outgoing(1, "en", SlowDown())
    with pytest.raises(Dead):
        await MortalMouth(fate(journal, "before send:1"), Mouth()).deliver(message)
    assert sent == []
    with pytest.raises(Dead):
        await MortalMouth(fate(journal, "before send:1", "after send:1"), Mouth()).deliver(message)
    assert sent == [message]
    assert await MortalMouth(fate(journal, "after send:1"), Mouth()).deliver(message) == Sent(7)


async def test_a_normal_run_has_no_such_moments(stage: Stage) -> None:
    """Nothing of it stands at any boundary: not switched off, but not there."""
    mortals = (MortalUnits, MortalMouth, MortalEars)
    assert type(stage.app.units) is Units
    for part in (stage.app.inbox, stage.app.outbox, stage.app.jobs, stage.app.clock):
        assert not [name for name, value in vars(part).items() if isinstance(value, mortals)]


async def test_a_run_that_is_told_to_watches_every_boundary(stage: Stage) -> None:
    """The same wiring with the variable set: updates, commits, sendings and answers are watched."""
    await stage.lower_curtain()
    settings = stage.config().settings.model_copy(update={"fault": ()})
    config = stage.config()
    async with App(type(config)(settings, config.policy)) as app:
        ann = await stage.client.person("Ann")
        await ann.says("/start")
        await ann.presses(await ann.sees_button("lang:en"))
        await ann.hears("Do you agree")
        assert isinstance(app.units, MortalUnits)
    passed = lines(stage.data / "faults.log")
    for point in ("inbox.accept", "inbox.handle", "outbox.turn", "send", "answer"):
        assert passed.count(f"before {point}") == passed.count(f"after {point}") > 0


async def test_long_work_is_watched_where_it_leaves_a_trace(journal: Path) -> None:
    """A file is fetched, a recording kept, read and erased."""

    class Outside:
        async def fetch(self, file_id: str) -> bytes:
            return file_id.encode()

        async def put(self, data: bytes, suffix: str) -> str:
            return data.decode() + suffix

        async def get(self, key: str) -> bytes:
            return key.encode()

        async def delete(self, key: str) -> None: ...

        async def measure(self, data: bytes) -> object: ...

    outside = Outside()
    ports = mortal_ports(fate(journal), Ports(outside, outside, outside, outside))
    assert await ports.files.fetch("f") == b"f"
    assert await ports.store.put(b"k", ".ogg") == "k.ogg"
    assert await ports.store.get("k.ogg") == b"k.ogg"
    await ports.store.delete("k.ogg")
    assert lines(journal) == [
        f"{side} {point}" for point in ("fetch", "keep", "erase") for side in ("before", "after")
    ]
