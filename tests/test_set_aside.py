"""`duologue inbox`: lists, shows, tries again and drops what was set aside; and tells nothing that it must not."""

import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlmodel import col, select, update

from bot import cli
from bot.services.unit import House, Units
from storage import migrate
from storage.database import Database
from storage.tables import Audit, InboxRow
from tests.helpers import NOON, MovableClock, a_person

ANN = 11
TOKEN = "123456789:AAbbccddeeffgghhiijjkkllmmnnooppqqr"
NO = "RuntimeError('no')"


@dataclass
class Terminal:
    """Runs `duologue inbox …` as somebody at a terminal would."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    async def __call__(self, *words: str) -> tuple[int | str | None, str]:
        """The exit status, or what was complained about instead, and what was printed."""
        status: int | str | None = 0
        try:
            await cli.command_line.run_async(["inbox", *words])
        except SystemExit as end:
            status = end.code
        return status, self.capsys.readouterr().out


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """A terminal in an empty folder, with nothing set but the data folder."""
    root, level = logging.getLogger().handlers[:], logging.getLogger().level
    for name in ("TOKEN", "TOKEN_FILE", "API_URL", "DATABASE_URL", "POLICY", "OWNERS", "CLOCK"):
        monkeypatch.delenv(f"DUOLOGUE_{name}", raising=False)
    monkeypatch.setenv("DUOLOGUE_DATA", "data")
    monkeypatch.chdir(tmp_path)
    yield Terminal(capsys, monkeypatch)
    structlog.reset_defaults()  # the logs went to this terminal, which is gone
    logging.basicConfig(level=level, handlers=root, force=True)


@pytest.fixture
def there(terminal: Terminal, engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Where the bot's state is: the file in the data folder, or a database on a server."""
    if engine == "sqlite":
        path = tmp_path / "data" / "duologue.db"
        path.parent.mkdir()
        shutil.copy(request.getfixturevalue("empty_database"), path)
        return f"sqlite+aiosqlite:///{path}"
    url = str(request.getfixturevalue("database_url"))
    terminal.monkeypatch.setenv("DUOLOGUE_DATABASE_URL", url)
    return url


@pytest.fixture
async def units(there: str, house: House) -> AsyncIterator[Units]:
    """Units of a bot that has the same database open."""
    database = Database(there)
    yield Units(database, MovableClock(), house)
    await database.close()


async def kept(units: Units, *states: str, error: str = NO, raw: dict[str, Any] | None = None) -> None:
    """Updates of Ann in these states, a minute apart; their ids are 1, 2, 3 …"""
    async with units.writing("kept") as unit:
        await a_person(unit, ANN, "Ann")
        for number, state in enumerate(states):
            row = InboxRow(
                update_id=1000 + number,
                sender=ANN,
                raw=raw or {"message": {"text": "Hello"}},
                state=state,
                attempts=3,
                error=error if state == "failed" else "",
                received_at=NOON + timedelta(minutes=number),
            )
            await unit.tx.add(row)


async def states(units: Units) -> list[str]:
    """Where every update stands."""
    async with units.reading() as look:
        return list(await look.tx.all(select(InboxRow.state).order_by(col(InboxRow.id))))


# --- looking


async def test_listing(units: Units, terminal: Terminal) -> None:
    """Each with its id, what it was, whose, since when and why; with `list` or without."""
    await kept(units, "failed", "done", "new", "dropped", "failed")
    expected = (
        "1  some words by Ann, 2026-11-20 04:00 UTC\n"
        "    RuntimeError('no')\n"
        "5  some words by Ann, 2026-11-20 04:04 UTC\n"
        "    RuntimeError('no')\n"
        "2 set aside. Continue with: duologue inbox show|retry|drop ID\n"
    )
    assert await terminal() == (0, expected)
    assert await terminal("list") == (0, expected)


async def test_nothing_to_list(units: Units, terminal: Terminal) -> None:
    """That is said, too."""
    await kept(units, "done")
    assert await terminal() == (0, "Nothing is set aside.\n")
    assert await terminal("retry", "--all") == (0, "Nothing is set aside.\n")


async def test_showing_one(units: Units, terminal: Terminal) -> None:
    """All of it as it came, with its whole reason."""
    raw = {"update_id": 1000, "message": {"text": "你好", "chat": {"id": ANN, "type": "private"}}}
    await kept(units, "failed", raw=raw, error="x" * 300)
    status, printed = await terminal("show", "1")
    head, body = printed.split("{", 1)
    assert status == 0
    assert head == (
        "1  some words by Ann, 2026-11-20 04:00 UTC\n    state: failed, tries: 3\n    " + "x" * 300 + "\n"
    )
    assert json.loads("{" + body) == raw
    assert "你好" in body


async def test_no_secret_and_no_way_to_a_file_is_shown(units: Units, terminal: Terminal) -> None:
    """Bot tokens, invitations and what files are fetched by stay in the database."""
    raw = {
        "message": {
            "text": f"/start s3cretInvitation or https://t.me/duologue_bot?start=s3cretLink and {TOKEN}",
            "voice": {"file_id": "s3cretFile", "file_unique_id": "s3cretUnique", "duration": 7},
            "photo": [{"thumbnail_file_id": "s3cretPicture"}],
            "reply_to_message": {"text": "/start@duologue_bot s3cretToo"},
        },
        "chat_member": {"invite_link": {"invite_link": "https://t.me/+s3cretGroup"}},
    }
    await kept(
        units, "failed", raw=raw, error=f"https://api.telegram.org/bot{TOKEN}/x fails after /start s3cret"
    )
    for words in ((), ("show", "1")):
        status, printed = await terminal(*words)
        assert status == 0
        assert "s3cret" not in printed
        assert TOKEN not in printed
    shown = json.loads(printed[printed.index("{") :])
    assert shown["message"]["text"] == (
        "/start <hidden> or https://t.me/duologue_bot?start=<hidden> and <token>"
    )
    assert shown["message"]["voice"] == {"file_id": "<hidden>", "file_unique_id": "<hidden>", "duration": 7}
    assert shown["message"]["photo"] == [{"thumbnail_file_id": "<hidden>"}]
    assert shown["chat_member"] == {"invite_link": "<hidden>"}


async def test_strangers_do_not_steer_the_terminal(units: Units, terminal: Terminal) -> None:
    """Escapes, bells, reversed writing and halves of characters are shown by their numbers."""
    odd = "\x1b[2J\x07\x9b\u202e"
    await kept(units, "failed", raw={"message": {"text": odd + "\ud800"}}, error=f"Error({odd})")
    async with units.writing("renamed") as unit:
        await a_person(unit, ANN, f"An{odd}n")
    for words in ((), ("show", "1")):
        _, printed = await terminal(*words)
        assert {c for c in printed if not c.isprintable()} == {"\n"}
        assert r"An\x1b[2J\x07\x9b\u202en" in printed


async def test_a_terminal_that_knows_few_characters(
    units: Units, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it cannot show is shown by its number, and nothing fails."""
    monkeypatch.setattr(type(terminal.capsys._capture.out.tmpfile), "encoding", "ascii")  # type: ignore[union-attr]
    await kept(units, "failed", error="没有")
    status, printed = await terminal()
    assert status == 0
    assert r"\u6ca1\u6709" in printed


# --- acting


async def test_trying_again(units: Units, terminal: Terminal) -> None:
    """Those that are named, each once; it is written down, as done by nobody in the chat."""
    await kept(units, "failed", "failed", "failed")
    assert await terminal("retry", "3", "1", "3") == (0, "3 is being tried again.\n1 is being tried again.\n")
    assert await states(units) == ["new", "failed", "new"]
    async with units.reading() as look:
        trail = await look.tx.all(select(Audit).where(col(Audit.subject).startswith("inbox:")))
    assert [(move.subject, move.event, move.actor_id) for move in trail] == [
        ("inbox:3", "inbox.retried", None),
        ("inbox:1", "inbox.retried", None),
    ]


async def test_trying_everything_again(units: Units, terminal: Terminal) -> None:
    """Only what is set aside, and not what was dropped."""
    await kept(units, "failed", "dropped", "done", "failed")
    assert await terminal("retry", "--all") == (0, "1 is being tried again.\n4 is being tried again.\n")
    assert await states(units) == ["new", "dropped", "done", "new"]


async def test_dropping(units: Units, terminal: Terminal) -> None:
    """Those that are named; dropping asks for names, so that nobody drops everything by mistake."""
    await kept(units, "failed", "failed")
    assert await terminal("drop", "2") == (0, "2 is dropped.\n")
    assert await states(units) == ["failed", "dropped"]
    assert (await terminal("drop"))[0] == 2
    assert (await terminal("drop", "--all"))[0] == 2
    assert await states(units) == ["failed", "dropped"]


async def test_twice_is_no_mistake(units: Units, terminal: Terminal) -> None:
    """A script may say it again."""
    await kept(units, "new", "dropped")
    assert await terminal("retry", "1") == (0, "#1 is being tried again already.\n")
    assert await terminal("drop", "2") == (0, "#2 was dropped.\n")


async def test_what_cannot_be_dealt_with_stops_nothing_else(units: Units, terminal: Terminal) -> None:
    """Each is told, the others are dealt with, and the exit status shows that something was wrong."""
    await kept(units, "done", "dropped", "failed")
    told = "#1 has been done by now.\n#2 was dropped.\nNothing is set aside as #9.\n3 is being tried again.\n"
    assert await terminal("retry", "1", "2", "9", "3") == (1, told)
    assert await states(units) == ["done", "dropped", "new"]
    assert await terminal("drop", "1") == (1, "#1 has been done by now.\n")
    assert await terminal("show", "9") == ("duologue: Nothing is set aside as #9.", "")


@pytest.mark.parametrize(
    "words",
    [
        ("retry", "0"),
        ("retry", "1", "x"),
        ("drop", "99999999999999999999"),
        ("show",),
        ("show", "1", "2"),
        ("no-such",),
    ],
)
async def test_words_that_mean_nothing(units: Units, terminal: Terminal, words: tuple[str, ...]) -> None:
    """The command line is refused as a whole, and nothing changes."""
    await kept(units, "failed")
    assert await terminal(*words) == (2, "")
    assert await states(units) == ["failed"]


@pytest.mark.parametrize("words", [("retry",), ("retry", "1", "--all")])
async def test_trying_again_wants_ids_or_all(
    units: Units, terminal: Terminal, words: tuple[str, ...]
) -> None:
    """Not neither and not both."""
    await kept(units, "failed")
    assert await terminal(*words) == ("duologue: name the ids of what to try again, or --all", "")
    assert await states(units) == ["failed"]


async def test_beside_a_bot_that_is_writing(units: Units, terminal: Terminal) -> None:
    """Looking waits for nobody; a change waits for the bot's own, and goes by what that left."""
    await kept(units, "failed", "failed")
    async with units.writing("the bot works") as unit:
        status, printed = await terminal()
        changing = asyncio.create_task(terminal("retry", "1", "2"))
        await unit.tx.change(update(InboxRow).where(col(InboxRow.id) == 1).values(state="done"))
    assert (status, printed.count("RuntimeError")) == (0, 2)
    assert await changing == (1, "#1 has been done by now.\n2 is being tried again.\n")
    assert await states(units) == ["done", "new"]


# --- no database to work on


async def test_no_database_yet(terminal: Terminal, tmp_path: Path) -> None:
    """It says so, and makes none."""
    there = tmp_path / "data" / "duologue.db"
    told = f"duologue: there is no database yet at {there}; `duologue run` makes it"
    for words in ((), ("show", "1"), ("retry", "--all"), ("drop", "1")):
        assert await terminal(*words) == (told, "")
    assert not there.parent.exists()


async def test_a_database_of_an_older_program(terminal: Terminal, tmp_path: Path) -> None:
    """It is left as it is: the program that runs may be the older one."""
    path = tmp_path / "data" / "duologue.db"
    database = Database(f"sqlite+aiosqlite:///{path}")
    await migrate.upgrade(database, revision="0001")
    await database.close()
    behind = len(migrate.missing("0001") or ())
    assert behind > 0
    told = (
        f"duologue: the database {path} is {behind} step(s) behind this program; "
        "`duologue run` or `duologue db upgrade` brings it up to date"
    )
    assert await terminal() == (told, "")


async def test_a_database_of_a_newer_program(units: Units, terminal: Terminal) -> None:
    """It is not guessed at."""
    async with units.writing("newer") as unit:
        await unit.tx.run(text("UPDATE alembic_version SET version_num = '9999'"))
    told = "duologue: the database is of a newer Duologue (revision 9999); install that version again"
    assert await terminal() == (told, "")


async def test_a_file_that_is_no_database(terminal: Terminal, tmp_path: Path) -> None:
    """In plain words, without a traceback."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "duologue.db").write_bytes(b"This is no database. " * 100)
    status, _ = await terminal()
    assert str(status).startswith("duologue: the file is no database: ")


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("DUOLOGUE_OWNERS", "Olga", "duologue: DUOLOGUE_OWNERS"),
        (
            "DUOLOGUE_DATABASE_URL",
            "postgresql://127.0.0.1:9/x",
            "duologue: PostgreSQL cannot be reached",
        ),
    ],
)
async def test_a_wrong_configuration(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    """The same words as at the start of the bot; a server that does not answer is one."""
    monkeypatch.setenv(name, value)
    status, _ = await terminal()
    assert str(status).startswith(complaint)
