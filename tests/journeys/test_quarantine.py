"""What cannot be handled is set aside and told, dealt with in the chat or at a terminal, and the rest flows on."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot.demo.cast import Cast
from bot.demo.theatre import Theatre
from bot.sandbox import Person
from bot.services.joining import steps
from storage.tables import InboxRow
from tests.journeys.trouble import database_of, on
from tests.stage import Stage

BROKEN = Path(__file__).with_name("broken.py")
WRONG = "Something went wrong on our side"
UNREADABLE = "a form that I cannot read"
HELP = "Duologue finds two people"


class Fragile:
    """`/status` fails as long as it is `broken`."""

    def __init__(self) -> None:
        self.broken = True
        self._status = steps.status

    async def status(self, unit: Any, person: Any) -> Any:
        """In place of the service of this name."""
        if self.broken:
            raise RuntimeError("it is <broken>")
        return await self._status(unit, person)


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Fragile:
    """A bot whose `/status` is broken, and that tries again soon."""
    fragile = Fragile()
    monkeypatch.setattr(steps, "status", fragile.status)
    monkeypatch.setattr("bot.delivery.inbox.PAUSES", (0.01, 0.02))
    monkeypatch.setattr("bot.delivery.inbox.LOOK_EVERY", 0.05)
    return fragile


@pytest.fixture
async def stage(tmp_path: Path, database_url: str, fragile: Fragile) -> AsyncIterator[Stage]:
    """A stage with that bot."""
    async with Stage(tmp_path, database_url) as stage:
        yield stage


async def somebody(stage: Stage, name: str = "Ann", language: str = "en") -> Person:
    """Somebody who has chosen their language."""
    person = await stage.client.person(name, language_code=language)
    await person.says("/start")
    await person.presses(await person.sees_button(f"lang:{language}"))
    await person.hears(re.compile("Do you agree|同意"))
    await person.heard()
    return person


async def stands(stage: Stage, row_id: int) -> tuple[str, int]:
    """State and tries of an update."""
    async with stage.app.units.reading() as look:
        row = await look.tx.one(select(InboxRow).where(InboxRow.id == row_id))
    return row.state, row.attempts


async def inbox(stage: Stage) -> list[tuple[int, str, int]]:
    """Id, state and tries of what failed at some time."""
    async with stage.app.units.reading() as look:
        rows = await look.tx.all(select(InboxRow).where(col(InboxRow.error) != "").order_by(col(InboxRow.id)))
    return [(row.id, row.state, row.attempts) for row in rows]


def poison(person: Person, **parts: Any) -> dict[str, Any]:
    """A message of somebody in which so much is missing that nothing can read it."""
    chat = {"id": person.id, "type": "private"}
    return {"message": {"from": {"id": person.id, "is_bot": False}, "chat": chat, **parts}}


# --- the rest flows on


async def test_a_poisoned_update_stops_nobody(stage: Stage) -> None:
    """Its sender is told once that it could not be read, and their next update is served like everybody's."""
    ann, ben = await somebody(stage), await somebody(stage, "Ben")
    await stage.client.inject(poison(ann, text="Hello"))
    await ann.says("/help")
    await ben.says("/help")
    assert UNREADABLE in (await ann.hears("/start shows where you stand")).text
    await ann.hears(HELP)
    await ben.hears(HELP)
    ((_, state, tries),) = await inbox(stage)
    assert (state, tries) == ("failed", 1), "trying again cannot help"


@pytest.mark.parametrize(
    "odd",
    [
        {"message": None},
        {"message": "Hello"},
        {"message": {"from": "Ann", "chat": []}},
        {"message": {"from": {"id": "seven"}}},
        {"message": {"from": {"id": 10**30}}},
        {"message": {"from": {"id": True}, "chat": {"id": -(10**25)}}},
        {"callback_query": {"from": {"id": 2.5}, "data": 7}},
        {"my_chat_member": {}},
        {"something_new": {"a": [1]}},
    ],
)
async def test_no_shape_stops_the_bot(stage: Stage, odd: dict[str, Any]) -> None:
    """Whatever comes: it is kept or left, and the next one is served."""
    ann = await somebody(stage)
    await stage.client.inject(odd)
    await ann.says("/help")
    await ann.hears(HELP)


async def test_an_unknown_sender_is_told_where_they_wrote(stage: Stage) -> None:
    """The very first update of somebody cannot be read: their own chat is known all the same, and nothing else is."""
    zoe = await stage.client.person("Zoe", language_code="en", started=True)
    await stage.client.inject(poison(zoe))
    await zoe.hears(UNREADABLE)


async def test_others_are_answered_while_one_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the tries of Ann's update everybody else is served; she herself waits, so that her order is kept."""
    monkeypatch.setattr("bot.delivery.inbox.PAUSES", (3600,))
    ann, ben = await somebody(stage), await somebody(stage, "Ben")
    await ann.says("/status")
    await ann.says("/help")
    for _ in range(5):
        await ben.says("/help")
        await ben.hears(HELP)
    await ann.hears_nothing()
    assert await inbox(stage) == [], "it is still being tried"


async def test_many_failures_in_a_row_are_one_apology(stage: Stage) -> None:
    """Everything that Ann tries fails: she hears so once, and everything is kept."""
    ann = await somebody(stage)
    for _ in range(4):
        await ann.says("/status")
    await stage.client.inject(poison(ann))
    await ann.says("/help")
    await ann.hears(HELP, timeout=30)
    await stage.app.inbox.idle()
    states = [(state, tries) for _, state, tries in await inbox(stage)]
    assert states == [("failed", 3)] * 4 + [("failed", 1)]
    told = [record["message"]["text"] for record in await ann.history() if record["by_bot"]]
    assert len([text for text in told if WRONG in text or UNREADABLE in text]) == 1


# --- in the chat


async def test_a_coordinator_has_it_tried_again(stage: Stage, fragile: Fragile) -> None:
    """In plain words: whose, what and why; once it is mended, Ann gets her answer, and the card is up to date."""
    olga, ann = await stage.owner(), await somebody(stage)
    await ann.says("/status")
    await ann.hears(WRONG)
    ((row_id, _, _),) = await inbox(stage)
    await olga.says("/pending")
    card = await olga.hears("📥")
    line = rf"• #{row_id}: a command by Ann, .+ ago\. Keeps failing: RuntimeError\('it is <broken>'\)"
    assert re.search(line, card.text)
    assert [b.data for b in card.buttons] == [f"inbox:{row_id}:retry", f"inbox:{row_id}:drop", "pending"]

    fragile.broken = False
    answer = await olga.presses(card.buttons[0])
    assert answer.text == f"🔁 #{row_id} is being tried again."
    await ann.hears("a few questions")
    shown = await olga.hears("Nothing needs a human")
    assert (shown.edited, shown.message_id) == (True, card.message_id)
    await stage.app.inbox.idle()
    assert await stands(stage, row_id) == ("done", 1)


async def test_what_fails_again_is_set_aside_again(stage: Stage) -> None:
    """Coordinators see it once more; Ann, who did nothing since, hears nothing more."""
    olga, ann = await stage.owner(), await somebody(stage)
    await ann.says("/status")
    await ann.hears(WRONG)
    await stage.forward(hours=2)
    await olga.says("/pending")
    await olga.presses(await olga.sees_button("inbox:"))
    await olga.hears("Nothing needs a human")
    await until_failed(stage)
    await olga.presses(await olga.sees_button("pending"))
    await olga.hears("Keeps failing")
    await ann.hears_nothing()
    assert [(state, tries) for _, state, tries in await inbox(stage)] == [("failed", 3)]


async def until_failed(stage: Stage) -> None:
    """Wait until everything was tried and set aside."""
    async with asyncio.timeout(10):
        while [state for _, state, _ in await inbox(stage)] != ["failed"]:  # noqa: ASYNC110 - rows set no event
            await asyncio.sleep(0.02)


async def test_dropping_and_coming_too_late(stage: Stage, fragile: Fragile) -> None:
    """What was dropped stays undone. Buttons of older cards say what became of it, and bring the card up to date."""
    olga, ann = await stage.owner(), await somebody(stage)
    await ann.says("/status")
    await ann.hears(WRONG)
    await olga.says("/pending")
    first = await olga.hears("📥")
    await olga.says("/pending")
    second = await olga.hears("📥")
    fragile.broken = False
    ((row_id, _, _),) = await inbox(stage)
    dropped = await olga.presses(first.button(re.compile("drop")))
    assert (dropped.text, dropped.alert) == (f"🗑 #{row_id} is dropped.", False)
    await olga.hears("Nothing needs a human")
    late = await olga.presses(second.button(re.compile("retry")))
    assert (late.text, late.alert) == (f"#{row_id} was dropped.", True)
    shown = await olga.hears("Nothing needs a human")
    assert shown.message_id == second.message_id
    later = await olga.forges(f"inbox:{row_id}:drop")  # a client that still shows the buttons that are gone
    assert (later.text, later.alert) == (f"#{row_id} was dropped.", True)
    nothing = await olga.forges("inbox:999:retry")
    assert (nothing.text, nothing.alert) == ("Nothing is set aside as #999.", True)
    await ann.hears_nothing()
    assert [state for _, state, _ in await inbox(stage)] == ["dropped"]


async def test_only_coordinators_deal_with_it(stage: Stage) -> None:
    """Whose update it is may not have it tried again either."""
    ann = await somebody(stage)
    await ann.says("/status")
    await ann.hears(WRONG)
    ((row_id, _, _),) = before = await inbox(stage)
    for choice in ("retry", "drop", "list", ""):
        assert "for coordinators only" in (await ann.forges(f"inbox:{row_id}:{choice}")).text
    assert await inbox(stage) == before


async def test_in_chinese(stage: Stage) -> None:
    """The apology, the card, its buttons and what the press answers."""
    olga, lei = await stage.owner(), await somebody(stage, "雷", "zh")
    await olga.says("/language")
    await olga.presses(await olga.sees_button("lang:zh"))
    await lei.says("/status")
    await lei.hears("我们这边出了点问题")
    ((row_id, _, _),) = await inbox(stage)
    await olga.says("/pending")
    card = await olga.hears("1条消息或点击处理不了")
    assert f"• #{row_id}：雷，命令，" in card.text
    assert [b.text for b in card.buttons] == [f"🔁 重试#{row_id}", f"🗑 放弃#{row_id}", "刷新"]
    assert (await olga.presses(card.buttons[1])).text == f"🗑 #{row_id}已放弃。"


# --- at a terminal, beside the running bot


async def duologue(theatre: Theatre, *words: str) -> tuple[int | None, str]:
    """Run a command of the program, without a token, on the data of the bot on stage: its status and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", *words),
        env={
            "PYTHONPATH": str(BROKEN.parents[2]),
            "PYTHONUTF8": "1",
            "DUOLOGUE_DATA": str(theatre.data),
            "DUOLOGUE_DATABASE_URL": database_of(theatre),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_an_operator_deals_with_it_beside_the_running_bot(tmp_path: Path, database_url: str) -> None:
    """The bot is a process of its own; another one lists, shows, tries again and drops, and the bot goes on by that."""
    command = [sys.executable, str(BROKEN), "fails_at_times", "run"]
    async with (
        Theatre(tmp_path / "play", command=command, env=on(database_url)) as theatre,
        Cast(theatre.client, patience=30.0) as cast,
    ):
        broken = theatre.folder / "broken"
        broken.touch()
        ann, ben = await cast.joins("Ann", "en"), await cast.joins("Ben", "en")
        for actor in (ann, ben):
            await actor.says("/start")
            await actor.presses("lang:en")
            await actor.says("/status")
            await actor.hears(WRONG)
        status, said = await duologue(theatre, "inbox")
        assert (status, said.count("RuntimeError('it is broken')")) == (0, 2)
        ids = dict(
            reversed(found) for found in re.findall(r"^(\d+)  a command by (\w+), ", said, re.MULTILINE)
        )
        assert ids.keys() == {"Ann", "Ben"}
        status, said = await duologue(theatre, "inbox", "show", ids["Ann"])
        assert (status, '"text": "/status"' in said) == (0, True)

        broken.unlink()
        assert await duologue(theatre, "inbox", "drop", ids["Ben"]) == (0, f"{ids['Ben']} is dropped.\n")
        assert await duologue(theatre, "inbox", "retry", "--all") == (
            0,
            f"{ids['Ann']} is being tried again.\n",
        )
        await ann.hears("a few questions")
        assert await duologue(theatre, "inbox") == (0, "Nothing is set aside.\n")
        assert ben.heard_since(0, "a few questions") == []
