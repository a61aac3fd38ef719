"""A network at its worst, in both directions and for every call: nothing is lost, and nothing comes twice.

A second copy is right only where the network hid that the first one had arrived; that is open, and the kind of
message decides. What was carried out, and how often, is read from what the sandbox's people see.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import StartError
from bot.demo.cast import Actor, Cast
from bot.demo.joining import onboards
from bot.sandbox import Person
from bot.services import outbox
from bot.services.messages.people import Help
from handlers.telegram.transport import Patience
from tests.journeys.trouble import rows, settle, stuck, unexcused
from tests.stage import Stage

PATIENCE = Patience(place=1.0, connection=0.5, answer=0.4, poll=1.0, poll_spare=0.4)

SHORT, LONG = 0.1, 1.2
"""Seconds: within what the bot waits for an answer, and beyond it."""

Fault = tuple[str, dict[str, Any]]

NOT_DONE: tuple[Fault, ...] = (
    ("drop_before", {}),
    ("hang_before", {"seconds": 60}),
    ("error", {"status": 500}),
    ("error", {"status": 502}),
    ("error", {"status": 200}),
    ("error", {"status": 302}),
    ("error", {"status": 403}),
    ("error", {"status": 404}),
)
"""The call was not carried out, whatever it looks like."""

TURNED_AWAY = (302, 403, 404)
"""Of those pages, the bot knows it."""

DONE: tuple[Fault, ...] = (
    ("close", {}),
    ("delay", {"seconds": SHORT}),
    ("trickle", {"seconds": SHORT}),
)
"""It was, and the bot hears so."""

HIDDEN: tuple[Fault, ...] = (
    ("drop_after", {}),
    ("hang_after", {"seconds": 60}),
    ("error_after", {"status": 502}),
    ("error_after", {"status": 200}),
    ("malformed", {}),
    ("half", {}),
    ("delay", {"seconds": LONG}),
    ("trickle", {"seconds": 8}),
)
"""It was, and the bot cannot know."""

WELCOME = "Welcome"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pause is short: what is tried here is what happens, not how long it takes."""
    for name, value in {
        "bot.app.FIRST_PAUSES": (0.01, 0.05),
        "bot.app.MENU_PAUSES": (0.01, 0.05),
        "bot.delivery.jobs.LOOK_EVERY": 0.05,
        "bot.delivery.jobs.OUTAGE_PAUSE": timedelta(seconds=0.02),
        "bot.delivery.outbox.DOUBT_PAUSE": 0.05,
        "bot.delivery.outbox.LOOK_EVERY": 0.05,
        "bot.delivery.outbox.OUTAGE_PAUSES": (0.02, 0.1),
        "handlers.telegram.answers.PAUSE": 1,
        "handlers.telegram.fetch.PAUSES": (0.01, 0.05),
        "handlers.telegram.send.PROBE": 0.4,
        "handlers.telegram.transport.REPEATS": (0.01, 0.02),
        "handlers.telegram.transport.QUICKLY": 0.2,
    }.items():
        monkeypatch.setattr(name, value)


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """The sandbox, and a bot without patience."""
    async with Stage(tmp_path, database_url, patience=PATIENCE) as stage:
        yield stage


async def crowd(stage: Stage, faults: tuple[Fault, ...]) -> list[Person]:
    """Somebody for each fault."""
    return [await stage.client.person(f"{kind} {how}", language_code="en") for kind, how in faults]


async def strike(stage: Stage, method: str, people: list[Person], faults: tuple[Fault, ...]) -> None:
    """Let each fault meet the next call of a method for its person."""
    for person, (kind, how) in zip(people, faults, strict=True):
        await stage.client.fault(kind, method, chat_id=person.id, **how)


async def copies(stage: Stage, people: list[Person], words: str) -> list[int]:
    """How many messages with these words each of them sees, when all is done and what was late has come."""
    await settle(stage)
    async with asyncio.timeout(20):
        while len(await stage.client.events(kinds="fault")) > await _ended(stage):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await settle(stage)
    return [sum(words in text for text in await person.reads()) for person in people]


async def _ended(stage: Stage) -> int:
    """How many calls that met a fault are over: a call is noted when it ends."""
    return sum(entry["fault"] is not None for entry in await stage.client.requests())


# --- sending


async def test_what_must_arrive(stage: Stage) -> None:
    """Each trouble meets one person's first message: it arrives, and twice only where the first was hidden."""
    faults = NOT_DONE + DONE + HIDDEN
    people = await crowd(stage, faults)
    await strike(stage, "sendMessage", people, faults)
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.hears(WELCOME, timeout=15) for person in people))
    expected = [1] * len(NOT_DONE + DONE) + [2] * len(HIDDEN)
    assert await copies(stage, people, WELCOME) == expected
    open_to = {person.id for person, fault in zip(people, faults, strict=True) if _is_open(fault)}
    assert {chat for (chat,) in rows(stage, "SELECT chat_id FROM outbox WHERE uncertain")} == open_to


def _is_open(fault: Fault) -> bool:
    """Whether the bot cannot know if it was carried out."""
    kind, how = fault
    return fault not in DONE and not (kind == "error" and how["status"] in TURNED_AWAY)


async def test_what_is_never_sent_again(stage: Stage) -> None:
    """A broadcast: nobody gets it twice, and who does not get it is one of those where it was open, and is counted."""
    faults = NOT_DONE + DONE + HIDDEN
    people = await crowd(stage, faults)
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.presses("lang:en") for person in people))
    await asyncio.gather(*(person.sees_button("consent:") for person in people))
    olga = await stage.owner()
    await olga.says("/broadcast all lang=en | The studio has a new door.")
    button = await olga.sees_button("cast:1:send")
    await strike(stage, "sendMessage", people, faults)
    await olga.presses(button)
    await stage.forward(seconds=5)
    lost = [1 if not _is_open(fault) else 0 for fault in NOT_DONE]
    assert await copies(stage, people, "new door") == lost + [1] * len(DONE + HIDDEN)
    ends = Counter(row[0] for row in rows(stage, "SELECT state FROM outbox WHERE topic = 'broadcast:1'"))
    left_open = sum(_is_open(fault) for fault in faults)
    assert (ends["uncertain"], ends["failed"], ends["queued"]) == (left_open, 0, 0)


async def test_silence_wanted(stage: Stage) -> None:
    """A 429, by Telegram or by what lies before it: all wait, and nobody gets anything twice."""
    people = await crowd(stage, NOT_DONE[:4])
    await stage.client.fault("retry_after", "sendMessage", chat_id=people[0].id, seconds=1)
    await stage.client.fault("error", "sendMessage", chat_id=people[1].id, status=429)
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.hears(WELCOME, timeout=15) for person in people))
    assert await copies(stage, people, WELCOME) == [1] * len(people)
    assert rows(stage, "SELECT chat_id FROM outbox WHERE uncertain") == []


# --- editing


async def test_edits(stage: Stage) -> None:
    """Each trouble meets one person's tick in a list: the list shows what holds, and the tick counted once."""
    faults = NOT_DONE + DONE + HIDDEN
    async with Cast(stage.client, patience=20.0) as cast:
        actors = [await cast.joins(f"{kind} {how}", "en") for kind, how in faults]
        await asyncio.gather(*(_until_languages(actor) for actor in actors))
        await strike(stage, "editMessageText", [actor.person for actor in actors], faults)
        await asyncio.gather(*(actor.presses("profile:speaks:zh") for actor in actors))
        await asyncio.gather(*(_ticked(actor) for actor in actors))
        await asyncio.gather(*(actor.presses("profile:speaks:done") for actor in actors))
        await asyncio.gather(*(actor.sees("profile:dialect:skip") for actor in actors))
        await settle(stage)
        assert unexcused(cast, []) == []
    spoken = rows(stage, "SELECT speaks FROM people WHERE telegram_id != 700001")
    assert spoken == [('["zh"]',)] * len(faults)


async def _until_languages(actor: Actor) -> None:
    await actor.says("/start")
    await actor.presses("lang:en")
    for purpose in ("review", "recording", "training"):
        await actor.presses(f"consent:{purpose}:*:yes")
    await actor.presses("profile:name:keep")
    await actor.hears("1998")
    await actor.says("1990")
    await actor.presses("profile:gender:skip")
    await actor.sees("profile:speaks:zh")


async def _ticked(actor: Actor) -> None:
    def find() -> bool | None:
        return any("✅" in button.text for button in actor.buttons("profile:speaks:zh")) or None

    await actor.cast.until(find, lambda: actor.missed("should have seen the tick"))


# --- answering presses


async def test_answers_to_presses(stage: Stage) -> None:
    """Whatever becomes of the answer, the press counts once; and where the connection broke, the answer comes."""
    heard = {}
    for kind, how in NOT_DONE + DONE + HIDDEN[:-2]:
        person = await stage.client.person("Ann", language_code="en")
        await person.says("/start")
        button = await person.sees_button("lang:en")
        await stage.client.fault(kind, "answerCallbackQuery", **how)
        answer = await person.presses(button, timeout=0.8)
        await person.sees_button("consent:", timeout=10)
        heard[kind, how.get("status")] = answer.answered
        await settle(stage)
        assert sum("Welcome" in text for text in await person.reads()) == 1
    assert {key for key, answered in heard.items() if not answered} == {("hang_before", None)}
    people = rows(stage, "SELECT language, count(*) FROM people GROUP BY language")
    assert people == [("en", len(NOT_DONE + DONE + HIDDEN) - 2)]
    assert rows(stage, "SELECT count(*) FROM inbox WHERE state != 'done'") == [(0,)]


# --- fetching


async def test_fetching(stage: Stage) -> None:
    """Each trouble meets a poll while people write: everybody is answered once."""
    people = []
    for kind, how in (*NOT_DONE, *DONE, *HIDDEN):
        await stage.client.fault(kind, "getUpdates", **how)
        person = await stage.client.person(f"{kind} {how}", language_code="en")
        await person.says("/start")
        people.append(person)
    await asyncio.gather(*(person.hears(WELCOME, timeout=20) for person in people))
    assert await copies(stage, people, WELCOME) == [1] * len(people)
    kept = rows(stage, "SELECT count(*), count(DISTINCT update_id) FROM inbox WHERE state = 'done'")
    assert kept == [(len(people), len(people))]


async def test_telegram_is_away(stage: Stage) -> None:
    """Nobody listens for a while: what was to be said is said once when it is back, and nothing was in doubt."""
    people = await crowd(stage, NOT_DONE)
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.hears(WELCOME) for person in people))
    await settle(stage)
    await stage.sandbox.stop()
    async with stage.app.units.writing("while it is away") as unit:
        for person in people:
            await outbox.send(unit, person.id, Help(("help",)), about="while it is away")
    await asyncio.sleep(0.5)  # the outage itself
    await stage.sandbox.start()
    await asyncio.gather(*(person.hears("/help", timeout=10) for person in people))
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.hears(WELCOME, timeout=10) for person in people))
    assert await copies(stage, people, "/help") == [1] * len(people)
    assert rows(stage, "SELECT count(*) FROM outbox WHERE uncertain OR state != 'sent'") == [(0,)]


async def test_a_burst_of_pages(stage: Stage) -> None:
    """A gateway says 502 to everything for a while: what was in the air then is in doubt, and nothing else."""
    people = await crowd(stage, NOT_DONE + HIDDEN)
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.hears(WELCOME) for person in people))
    await settle(stage)
    await stage.client.fault("error", lasts=1.5, status=502)
    async with stage.app.units.writing("in the burst") as unit:
        for person in people:
            for number in range(5):
                await outbox.send(unit, person.id, Help(("help",)), about=f"in the burst {number}")
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.hears(WELCOME, timeout=15) for person in people))
    assert await copies(stage, people, "/help") == [5] * len(people)
    struck = [call for call in await stage.client.requests("sendMessage") if call["fault"]]
    assert len(struck) <= len(people)
    assert rows(stage, "SELECT count(*) FROM outbox WHERE uncertain") == [(len(struck),)]


# --- files


async def test_a_sample_through_any_trouble(stage: Stage) -> None:
    """Whatever meets its fetching, it is checked once, and its sender is not told that it could not be read."""
    ann = await stage.newcomer("Ann")
    for kind, how in (*NOT_DONE, *HIDDEN[:-2]):
        for method in ("getFile", "download"):
            await stage.client.fault(kind, method, **how)
    await stage.client.fault("retry_after", "getFile", seconds=1)
    await ann.sends_voice(stage.dialogue("night-market"), duration=159)
    await ann.presses(await ann.sees_button("sample:1:agreed:yes"))
    await ann.hears("on its way to the reviewers", timeout=30)
    await settle(stage)
    assert rows(stage, "SELECT state, counted FROM samples") == [("queued", 1)]
    assert rows(stage, "SELECT state, attempts FROM jobs WHERE kind = 'check_sample'") == [("done", 1)]
    assert await stage.client.get("faults") == []
    assert not any("not accepted" in text for text in await ann.reads())


# --- the start


async def test_the_start(stage: Stage) -> None:
    """Each trouble meets a try to reach Telegram: the bot starts all the same, and none is taken for its refusal."""
    await stage.lower_curtain()
    for kind, how in NOT_DONE:
        await stage.client.fault(kind, "getMe", **how)
    await stage.raise_curtain()
    ann = await stage.client.person("Ann", language_code="en")
    await ann.says("/start")
    await ann.hears(WELCOME)
    assert await stage.client.get("faults") == []


async def test_the_start_in_vain(stage: Stage) -> None:
    """After some tries it gives up and says what is wrong; a token that Telegram refuses is said at once."""
    await stage.lower_curtain()
    await stage.client.fault("error", "getMe", status=502, lasts=60)
    with pytest.raises(StartError, match="Telegram cannot be reached: a page with status 502"):
        await stage.raise_curtain()
    await stage.client.request("DELETE", "faults")
    token, stage.sandbox.api.token = stage.sandbox.api.token, "5:another"
    stage.sandbox.token, calls = token, len(await stage.client.requests("getMe"))
    with pytest.raises(StartError, match="refuses the token"):
        await stage.raise_curtain()
    stage.sandbox.api.token = token
    await stage.raise_curtain()
    assert len(await stage.client.requests("getMe")) == calls + 2


async def test_menus(stage: Stage) -> None:
    """Not set at the start, they are set later; those of people too."""
    await stage.lower_curtain()
    await stage.client.reset()
    for kind, how in NOT_DONE:
        await stage.client.fault(kind, "setMyCommands", times=2, **how)
    await stage.raise_curtain()
    ann = await stage.client.person("Ann", language_code="en")
    async with asyncio.timeout(20):
        while await stage.client.get("faults"):  # noqa: ASYNC110 - faults have no event for their end
            await asyncio.sleep(0.02)
        while "start" not in [entry["command"] for entry in await ann.menu()]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    people = await crowd(stage, NOT_DONE + HIDDEN)
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.sees_button("lang:en") for person in people))
    for kind, how in NOT_DONE + HIDDEN:
        await stage.client.fault(kind, "setMyCommands", **how)
    await asyncio.gather(*(person.presses("lang:en") for person in people))
    await copies(stage, people, WELCOME)
    menus = {tuple(entry["command"] for entry in await person.menu()) for person in people}
    assert len(menus) == 1
    assert "sample" in menus.pop()


# --- everything at once

METHODS = (
    "getUpdates",
    "sendMessage",
    "sendMessage",
    "editMessageText",
    "answerCallbackQuery",
    "getFile",
    "download",
    "setMyCommands",
    None,
)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
async def test_a_rough_night(stage: Stage, seed: int) -> None:
    """Four people join and send samples while anything meets any call: the story ends as on a calm one."""
    async with Cast(stage.client, patience=30.0) as cast:
        actors = [await cast.joins(f"Person {number}", "en") for number in range(4)]
        async with disturbed(stage, random.Random(seed)):
            await asyncio.gather(*(joins_and_sends(actor, stage) for actor in actors))
        await copies(stage, [], "")
        assert unexcused(cast, []) == []
    assert stuck(stage) == []
    told = Counter(dict(rows(stage, "SELECT kind, count(*) FROM outbox WHERE edits IS NULL GROUP BY kind")))
    # A list whose first copy was hidden is not known by its number: a tick in that copy is answered with a new one.
    del told["AskSpeaks"]
    assert {kind: count % 4 for kind, count in told.items()} == dict.fromkeys(told, 0)
    assert rows(stage, "SELECT state, checked_at IS NOT NULL FROM samples") == [("received", True)] * 4


@asynccontextmanager
async def disturbed(stage: Stage, chance: random.Random) -> AsyncIterator[None]:
    """Any trouble for any call, one after the other, and updates once more that were delivered before."""

    async def disturb() -> None:
        # A late copy cannot be told from the one that was sent because of it.
        faults = [fault for fault in NOT_DONE + DONE + HIDDEN if fault[0] != "delay"]
        updates = stage.sandbox.world.updates
        while True:
            kind, how = chance.choice(faults)
            await stage.client.fault(kind, chance.choice(METHODS), **how)
            if again := [number for number in updates._recent if number not in updates.pending]:
                await stage.client.redeliver(chance.choice(again))
            await asyncio.sleep(chance.uniform(0.05, 0.25))

    disturber = asyncio.create_task(disturb())
    try:
        yield
    finally:
        disturber.cancel()
        await asyncio.gather(disturber, return_exceptions=True)
        await stage.client.request("DELETE", "faults")


async def joins_and_sends(actor: Actor, stage: Stage) -> None:
    """Onboarding and a sample that is checked."""
    await onboards(actor, "1990", "skip", "en", city="")
    since = await actor.cast.mark()
    await actor.sends_voice(stage.dialogue("night-market"), 159)
    await actor.hears("received", since=since)
    await actor.hears("checks passed", since=since)
