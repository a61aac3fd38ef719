"""Updates that come twice, in another order, or under other numbers: each takes effect once."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox import Person
from bot.sandbox.updates import UpdateQueue
from tests.journeys.trouble import rows, settle
from tests.stage import Stage

WELCOME = "Welcome"

TRUE = {
    "people": "SELECT telegram_id, name, birth_year, speaks, skipped, onboarded_at IS NOT NULL FROM people",
    "consents": "SELECT person_id, purpose, agreed FROM consents ORDER BY id",
    "samples": "SELECT person_id, state, agreed, counted FROM samples",
    "moves": "SELECT subject, before, after FROM audit ORDER BY id",
    "told": "SELECT chat_id, kind FROM outbox WHERE edits IS NULL ORDER BY id",
    "edited": "SELECT chat_id, kind FROM outbox WHERE edits IS NOT NULL ORDER BY id",
    "failed": "SELECT count(*) FROM inbox WHERE state != 'done'",
}


def what_is_true(stage: Stage) -> dict[str, Any]:
    """What holds, and who was told what."""
    return {name: rows(stage, query) for name, query in TRUE.items()}


async def story(stage: Stage) -> Person:
    """Somebody joins and sends a sample that passes; each thing is waited for, so that it has one right order."""
    ann = await stage.newcomer("Ann", speaks="en,zh")
    await ann.sends_voice(stage.dialogue("night-market"), duration=159)
    received = await ann.hears("received")
    await ann.hears("The checks passed", timeout=20)
    await ann.hears("🖼", kind="photo", timeout=20)
    await ann.presses(received.button("sample:1:agreed:yes"))
    await ann.hears("✅ The other person agreed")
    await ann.presses(received.button("sample:1:lang:en"))
    await ann.hears("✅ Language: English")
    await ann.hears("on its way to the reviewers")
    await settle(stage)
    return ann


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How the story ends where everything comes once and in order."""

    async def play() -> dict[str, Any]:
        async with Stage(tmp_path_factory.mktemp("calm")) as stage:
            await story(stage)
            return what_is_true(stage)

    return asyncio.run(play())


async def test_everything_once_more(stage: Stage, calm: dict[str, Any]) -> None:
    """After the story every update is delivered again, forwards and backwards, and nothing happens."""
    first = stage.sandbox.world.updates.last_id
    ann = await story(stage)
    seen = await ann.history()
    numbers = list(range(first + 1, stage.sandbox.world.updates.last_id + 1))
    for number in (*numbers, *reversed(numbers)):
        await stage.client.redeliver(number)
    async with asyncio.timeout(10):
        while stage.sandbox.world.updates._again:  # noqa: ASYNC110 - the queue has no event for it
            await asyncio.sleep(0.01)
    await settle(stage)
    assert what_is_true(stage) == calm
    assert await ann.history() == seen


Put = Callable[..., int | None]


def each_again(put: Put, updates: UpdateQueue) -> Put:
    """Every update comes a second time, under the same number."""

    def twice(*update: Any) -> int | None:
        number = put(*update)
        if number is not None:
            updates.redeliver(number)
        return number

    return twice


def presses_twice(put: Put, updates: UpdateQueue) -> Put:
    """Every press comes as two updates with numbers of their own."""

    def twice(kind: str, *update: Any) -> int | None:
        if kind == "callback_query":
            put(kind, *update)
        return put(kind, *update)

    return twice


@pytest.mark.parametrize("how", [each_again, presses_twice])
async def test_twice_at_once(
    stage: Stage, calm: dict[str, Any], how: Callable[[Put, UpdateQueue], Put]
) -> None:
    """The second comes right behind the first; a tick that is pressed once stays ticked."""
    updates = stage.sandbox.world.updates
    updates.put = how(updates.put, updates)  # type: ignore[method-assign]
    await story(stage)
    assert what_is_true(stage) == calm


@pytest.mark.parametrize("swapped", [False, True])
async def test_a_voice_note_and_a_press(stage: Stage, swapped: bool) -> None:
    """Messages queue by chat and presses by person, so they can overtake each other: both take effect once."""
    ann = await stage.newcomer("Ann")
    await ann.sends_voice(stage.dialogue("night-market"), duration=159)
    button = await ann.sees_button("sample:1:agreed:yes")
    await ann.hears("checks passed", timeout=20)
    await settle(stage)
    await stage.lower_curtain()
    await ann.client.post(f"people/{ann.id}/press", message_id=button.message_id, data=button.data)
    await ann.sends_voice(stage.dialogue("hotpot"), duration=157)
    if swapped:
        turn_round(stage)
    before = rows(stage, "SELECT count(*) FROM outbox")[0][0]
    await stage.raise_curtain()
    await ann.hears("on its way to the reviewers")
    await settle(stage)
    assert rows(stage, "SELECT state, agreed FROM samples") == [("queued", 1)]
    news = Counter(kind for (kind,) in rows(stage, f"SELECT kind FROM outbox WHERE id > {before}"))
    assert news["SampleQueued"] == 1
    assert news["Problem"] == 1, "a second sample while the first is under way is refused, once"


def turn_round(stage: Stage) -> None:
    """Let what waits for the bot come in the opposite order; numbers rise all the same, as Telegram gives them."""
    pending = stage.sandbox.world.updates.pending
    bodies = [json.loads(update.body) for update in reversed(pending.values())]
    for update, body in zip(pending.values(), bodies, strict=True):
        update.body = json.dumps({**body, "update_id": update.id}).encode()


async def welcomes(person: Person) -> int:
    """How often somebody was welcomed."""
    return sum(WELCOME in text for text in await person.reads())


async def test_numbers_that_begin_anew(stage: Stage) -> None:
    """After an idle week Telegram counts on from anywhere, lower or higher."""
    people = []
    for number in (700_000_000, 40, 300_000_000, 299_999_990, 2_000_000_000):
        stage.sandbox.world.updates.last_id = number
        person = await stage.client.person(f"Person {number}", language_code="en")
        await person.says("/start")
        await person.hears(WELCOME)
        await settle(stage)
        people.append(person)
    assert [await welcomes(person) for person in people] == [1] * len(people)


async def test_a_number_that_was_there_before(stage: Stage) -> None:
    """Counting on from anywhere can meet a number of long ago: that is another update all the same."""
    ann, ben = [await stage.client.person(name, language_code="en") for name in ("Ann", "Ben")]
    updates = stage.sandbox.world.updates
    first = updates.last_id
    await ann.says("/start")
    await ann.hears(WELCOME)
    await settle(stage)
    await stage.forward(days=8)
    updates.last_id = first
    await ben.says("/start")
    await ben.hears(WELCOME)
    await settle(stage)
    assert [await welcomes(person) for person in (ann, ben)] == [1, 1]
