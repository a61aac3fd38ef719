"""The playground answers its own page only, and does what it is asked."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.playground.company import roles_of
from bot.playground.play import serving
from bot.playground.server import HEADERS, Playground
from bot.playground.stage import Stage
from bot.sandbox.world import World

START = 30.0
"""Seconds that a bot which is just being started is waited for: others may use the machine too."""


class Visitor:
    """A browser without a screen."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession) -> None:
        self.playground = playground
        self.session = session

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.playground.port}{path}"

    async def asks(self, method: str, path: str, **how: Any) -> tuple[int, Any]:
        """Ask for something; the status and what was told."""
        async with self.session.request(method, self._url(path), **how) as answer:
            told = await (answer.json() if answer.content_type == "application/json" else answer.text())
            return answer.status, told

    async def enters(self) -> None:
        """Open the address that was printed."""
        async with self.session.get(self.playground.url) as answer:
            assert (answer.status, answer.url.path, answer.url.query_string) == (200, "/", "")


@pytest.fixture
async def stranger(playground: Playground) -> AsyncIterator[Visitor]:
    """Somebody who has no key."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Visitor(playground, session)


@pytest.fixture
async def visitor(stranger: Visitor) -> Visitor:
    """Somebody who opened the printed address."""
    await stranger.enters()
    return stranger


async def comes(true: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 (what is waited for happens in another process)
            await asyncio.sleep(0.05)


PATHS = (
    "/",
    "/pages/main.js",
    "/play/state",
    "/play/changes",
    "/sandbox",
    "/sandbox/people",
    "/play/dialogues",
)


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_key_nothing_is_told(stranger: Visitor, path: str) -> None:
    """Neither pages nor people; a wrong key is none."""
    assert (await stranger.asks("GET", path))[0] == 403
    assert (await stranger.asks("GET", "/?key=guessed"))[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "duologue.example"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://duologue.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_other_sites_can_do_nothing(visitor: Visitor, headers: dict[str, str]) -> None:
    """Even with the cookie: a foreign Host is a rebound name, a foreign Origin another page."""
    for method, path in (("GET", "/play/state"), ("POST", "/play/people"), ("GET", "/sandbox/people")):
        assert (await visitor.asks(method, path, headers=headers))[0] == 403


async def test_the_cookie_is_for_this_page_only(visitor: Visitor) -> None:
    """Scripts cannot read it, other sites cannot send it, and the address bar keeps no key."""
    (cookie,) = visitor.session.cookie_jar
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")


@pytest.mark.parametrize(
    "name", ["..%2Fserver.py", "%2e%2e%2fserver.py", "index.txt", "nothing.js", ".hidden"]
)
async def test_only_pages_are_served(visitor: Visitor, name: str) -> None:
    """No file beside them."""
    assert (await visitor.asks("GET", f"/pages/{name}"))[0] == 404


async def test_pages_load_nothing_from_elsewhere(visitor: Visitor) -> None:
    """The browser itself is told to refuse it."""
    async with visitor.session.get(f"http://127.0.0.1:{visitor.playground.port}/") as page:
        assert {name: page.headers.get(name) for name in HEADERS} == HEADERS
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/play/people", {"role": "king", "language": "en"}),
        ("/play/people", {"role": "applicant", "language": "fr"}),
        ("/play/people", {"role": "applicant", "language": "en", "name": 7}),
        ("/play/people", ["applicant"]),
        ("/play/group", {"title": " "}),
        ("/play/bot", {"wanted": "fly"}),
        ("/play/clock", {"forward": -1}),
        ("/play/clock", {"forward": 10**9}),
        ("/play/clock", {"forward": "soon"}),
        ("/play/clock", {"next": True}),
        ("/play/story", {"wanted": "sing"}),
        ("/play/story", {"wanted": "begin", "speed": 0}),
        ("/play/dialogue", {"name": "../README", "person": 1}),
        ("/play/dialogue", {"name": "whisper", "person": 1}),
        ("/play/dialogue", {"name": "whisper", "person": "Ann"}),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(visitor: Visitor, path: str, asked: object) -> None:
    """With a reason, and nothing happens."""
    status, told = await visitor.asks("POST", path, json=asked)
    assert (status, list(told)) == (409, ["error"])
    assert told["error"]
    assert visitor.playground.stage.sandbox.world.people == {}


async def test_newcomers_come_in_their_roles(visitor: Visitor) -> None:
    """Led in by the owner's links, each in their own language; their menus tell who they are."""
    for role, language in (("reviewer", "zh"), ("staff", "en"), ("coordinator", "en"), ("applicant", "zh")):
        status, _ = await visitor.asks("POST", "/play/people", json={"role": role, "language": language})
        assert status == 200
    world = visitor.playground.stage.sandbox.world
    expected = [
        (["reviewer"], "zh"),
        (["coordinator"], "en"),  # the owner, who invites
        (["staff"], "en"),
        (["coordinator"], "en"),
        (["applicant"], "zh"),
    ]
    await comes(lambda: [(roles_of(world, p), p.language_code) for p in world.people.values()] == expected)
    _, state = await visitor.asks("GET", "/play/state")
    assert [(person["roles"], person["language_code"]) for person in state["people"]] == expected


async def test_a_reviewers_group(visitor: Visitor) -> None:
    """With the owner, every reviewer and the bot, which reviews there from now on."""
    for _ in range(2):
        await visitor.asks("POST", "/play/people", json={"role": "reviewer", "language": "en"})
    status, made = await visitor.asks("POST", "/play/group", json={"title": "Ears"})
    assert status == 200
    world = visitor.playground.stage.sandbox.world
    chat = world.chats[made["id"]]
    assert (chat.title, len(chat.members), chat.bot_status) == ("Ears", 3, "member")
    await comes(lambda: any(record.by_bot for record in chat.records.values()))


async def test_the_stage_of_a_killed_bot(visitor: Visitor) -> None:
    """It is told at once; who needs the bot to be led in has to wait for it."""
    assert await visitor.asks("POST", "/play/bot", json={"wanted": "kill"}) == (200, {"light": "off"})
    status, told = await visitor.asks("POST", "/play/people", json={"role": "reviewer", "language": "en"})
    assert (status, told) == (409, {"error": "Start the bot first: it has to lead them in."})
    assert await visitor.asks("POST", "/play/bot", json={"wanted": "start"}) == (200, {"light": "on"})


async def test_changes_are_told_by_themselves(visitor: Visitor) -> None:
    """Somebody new, made elsewhere, is in the stream of changes."""
    url = f"http://127.0.0.1:{visitor.playground.port}/play/changes"
    async with visitor.session.get(url) as stream, asyncio.timeout(10):
        assert b'"people": []' in await stream.content.readline()
        await visitor.playground.stage.client.person("Ann", language_code="en")
        while b'"first_name": "Ann"' not in await stream.content.readline():
            pass


async def test_a_microphone_that_gave_nothing(visitor: Visitor) -> None:
    """The words say what to look at."""
    form = aiohttp.FormData()
    form.add_field("person", "1")
    form.add_field("file", b"", filename="recording")
    status, told = await visitor.asks("POST", "/play/voice", data=form)
    assert (status, told) == (409, {"error": "Nothing was recorded: is the microphone allowed and on?"})


async def test_the_next_thing_due_is_gone_to(visitor: Visitor) -> None:
    """It is told by its name and moment, the clock goes there, and the bot does it."""
    stage = visitor.playground.stage
    database = stage.data / "duologue.db"
    ann = await stage.client.person("Ann", language_code="en")
    await ann.starts()
    await ann.hears("language", timeout=START)  # there is a database now
    due = stage.now + timedelta(days=1)
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        row = (
            "chat_lost",
            "chat:1",
            sql(due),
            sql(due + timedelta(hours=2)),
            '{"chat_id": 1}',
            sql(stage.now),
        )
        connection.execute(
            "INSERT INTO timers (kind, subject, due_at, happens_at, data, state, attempts, created_at) "
            "VALUES (?, ?, ?, ?, ?, 'pending', 0, ?)",
            row,
        )
        connection.commit()
    _, state = await visitor.asks("GET", "/play/state")
    told = {"kind": "chat_lost", "at": due.timestamp(), "ahead": 7200.0}
    assert state["clock"]["next"] == pytest.approx(told, abs=1e-3)
    assert (await visitor.asks("POST", "/play/clock", json={"next": True}))[0] == 200
    assert abs(stage.now - due) < timedelta(seconds=5)

    def is_done() -> bool:
        with closing(sqlite3.connect(database, timeout=10)) as connection:
            found = connection.execute("SELECT state FROM timers WHERE subject = 'chat:1'").fetchall()
        return found == [("done",)]

    await comes(is_done)


def sql(moment: datetime) -> str:
    """A moment as the database has it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


async def test_a_kept_stage_goes_on_where_it_ended(tmp_path: Path) -> None:
    """People, chats, files, the token, and the bot's data; a new person gets a new number."""
    folder = tmp_path / "kept"
    async with serving(folder, keep=True) as first:
        client, world = first.stage.client, first.stage.sandbox.world
        ann = await client.person("Ann", language_code="en")
        await ann.starts()
        await ann.hears("language", timeout=START)
        await client.request(
            "POST",
            f"people/{ann.id}/send/photo",
            data=_picture(),
        )
        await client.group("Ears", [ann], supergroup=True)
        first.stage.forward(timedelta(days=2))
        token = first.stage.sandbox.token
        told = messages(world)
        files = {file.file_id: file.data for file in world.files.all()}
        offset = world.clock.offset
    async with serving(folder, keep=True) as second:
        world = second.stage.sandbox.world
        assert second.stage.sandbox.token == token
        # The bot may have more to say by now: it was stopped in the middle of things.
        assert {chat: now[: len(told[chat])] for chat, now in messages(world).items()} == told
        assert {file.file_id: file.data for file in world.files.all()} == files
        assert abs(world.clock.offset - offset) < 5
        ben = await second.stage.client.person("Ben", language_code="en")
        assert ben.id == ann.id + 1
        again = next(a for a in second.company.people if a.person.id == ann.id)
        await again.says("/help")
        await again.hears("/start")


def messages(world: World) -> dict[int, list[dict[str, Any]]]:
    """Every chat's messages as they stand."""
    return {chat.id: [record.message for record in chat.records.values()] for chat in world.chats.values()}


def _picture() -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10", filename="dot.png")
    return form


async def test_an_empty_stage_for_the_story(tmp_path: Path) -> None:
    """Nobody is on it, and the bot knows nobody."""
    async with Stage(tmp_path) as stage:
        ann = await stage.client.person("Ann", language_code="en")
        await ann.starts()
        await ann.hears("language", timeout=START)
        await stage.begin_anew()
        assert (stage.sandbox.world.people, stage.light) == ({}, "on")
        ben = await stage.client.person("Ben", language_code="en")
        await ben.starts()
        await ben.hears("language", timeout=START)
