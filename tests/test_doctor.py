"""`duologue doctor`: healthy where all is well, and each ailment found with its remedy; never a token."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from filelock import FileLock

from bot import doctor
from bot.doctor import BAD, GOOD, NOTE, Finding, examine
from bot.sandbox import Sandbox

DELETE = "Take it away once: curl"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A Bot API nearby."""
    sandbox = Sandbox(port=0)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
def environ(sandbox: Sandbox) -> dict[str, str]:
    """An environment in which nothing is wrong."""
    return {
        "DUOLOGUE_TOKEN": sandbox.token,
        "DUOLOGUE_API_URL": sandbox.url,
        "DUOLOGUE_OWNERS": "5",
    }


@pytest.fixture
def data(tmp_path: Path, empty_database: Path) -> Path:
    """A data folder with a database that is up to date."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(empty_database, data / "duologue.db")
    return data


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Decoding is checked once; elsewhere it would only cost time."""
    if "decodes" not in request.node.name:

        async def audio() -> Finding:
            return Finding(GOOD, "Audio")

        monkeypatch.setattr(doctor, "_audio", audio)


async def findings(environ: dict[str, str], folder: Path) -> list[Finding]:
    """Everything that was found; the token is in none of it."""
    found = [finding async for finding in examine(environ, folder)]
    token = environ.get("DUOLOGUE_TOKEN")
    assert not token or token not in "\n".join(map(str, found))
    return found


def wrong(found: list[Finding]) -> list[str]:
    """What is wrong, in words."""
    return [finding.what for finding in found if finding.mark == BAD]


async def test_healthy(environ: dict[str, str], tmp_path: Path, data: Path) -> None:
    """Every check has its line, and none has anything to mend."""
    found = await findings(environ, tmp_path)
    assert [str(finding) for finding in found] == [
        "✓ Configuration and policy can be read (policy: the defaults; write a duologue.toml to change them)",
        "✓ 1 owner(s) set",
        f"✓ {environ['DUOLOGUE_API_URL']} can be reached",
        "✓ This machine's clock agrees with the server's",
        "✓ The token is accepted: @duologue_bot",
        "✓ No webhook is set, so updates can be fetched; 0 update(s) wait",
        f"✓ The data folder {data} can be written to",
        found[7].what.join(("✓ ", "")),
        "✓ No other Duologue runs on this data folder",
        f"✓ The database {data / 'duologue.db'} opens, can be written to and is up to date",
        "✓ Time zones are there",
        "✓ Audio",
    ]
    assert found[7].what.endswith("GB free for the data folder")


async def test_an_empty_folder(environ: dict[str, str], tmp_path: Path) -> None:
    """What a first run makes by itself is no ailment, and the doctor makes nothing."""
    found = await findings(environ, tmp_path)
    assert wrong(found) == []
    assert [f.what.split(";")[0] for f in found if f.mark == NOTE] == [
        f"The data folder {tmp_path / 'data'} is not there yet",
        f"No database yet at {tmp_path / 'data' / 'duologue.db'}",
    ]
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_without_token_and_owner(environ: dict[str, str], tmp_path: Path) -> None:
    """Both are named; everything else is looked at all the same."""
    del environ["DUOLOGUE_TOKEN"], environ["DUOLOGUE_OWNERS"]
    found = await findings(environ, tmp_path)
    assert wrong(found) == [
        "DUOLOGUE_TOKEN is not set",
        "No owner is set: nobody can open slots, invite reviewers or hear of trouble",
    ]
    assert Finding(GOOD, f"{environ['DUOLOGUE_API_URL']} can be reached") in found


async def test_a_policy_that_cannot_be_read(environ: dict[str, str], tmp_path: Path) -> None:
    """The file, the line and the key are named, and what needs no policy is still checked."""
    (tmp_path / "duologue.toml").write_text("[sample]\nmin = 5\n")
    found = await findings(environ, tmp_path)
    assert [finding.mark for finding in found] == [BAD, GOOD, GOOD]
    assert "duologue.toml:2" in found[0].what.replace(", line ", ":")


async def test_a_token_that_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    """Another bot's, or a revoked one."""
    environ["DUOLOGUE_TOKEN"] = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    assert wrong(await findings(environ, tmp_path)) == ["The token is refused"]


async def test_a_server_that_cannot_be_reached(environ: dict[str, str], tmp_path: Path) -> None:
    """Named by its address alone, which holds no token."""
    environ["DUOLOGUE_API_URL"] = "http://127.0.0.1:9"
    assert wrong(await findings(environ, tmp_path)) == [
        "http://127.0.0.1:9 cannot be reached (ClientConnectorError)"
    ]


async def test_a_server_that_is_no_bot_api(
    environ: dict[str, str], tmp_path: Path, aiohttp_pages: str
) -> None:
    """A captive portal answers everything with its own page."""
    environ["DUOLOGUE_API_URL"] = aiohttp_pages
    assert wrong(await findings(environ, tmp_path)) == [
        "The server does not answer as a Bot API does (HTTP 200)"
    ]


@pytest.fixture
async def aiohttp_pages() -> AsyncIterator[str]:
    """A server that answers everything with a page."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>Please sign in", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def test_a_webhook_in_the_way(environ: dict[str, str], tmp_path: Path, sandbox: Sandbox) -> None:
    """It takes the updates away, unless it is the one that was configured."""
    sandbox.api.world.updates.stop_polling()
    sandbox.api.webhook.url = "https://bot.example.org/telegram/abc"
    found = await findings(environ, tmp_path)
    [bad] = [finding for finding in found if finding.mark == BAD]
    assert bad.what.startswith("A webhook on bot.example.org gets the updates")
    assert bad.mend == (
        f'Take it away once: curl "{environ["DUOLOGUE_API_URL"]}/bot$DUOLOGUE_TOKEN/deleteWebhook"'
    )
    environ["DUOLOGUE_WEBHOOK_URL"] = "https://bot.example.org/telegram"
    assert wrong(await findings(environ, tmp_path)) == []


@pytest.mark.parametrize(("off", "words"), [(90, "90 s ahead"), (-3600, "3600 s behind"), (20, None)])
def test_a_clock_that_is_off(off: float, words: str | None) -> None:
    """Half a minute is forgiven: the header counts whole seconds and the answer takes time."""
    theirs = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
    asked = theirs + timedelta(seconds=off - 1)
    found = doctor._clock(asked, asked + timedelta(seconds=2), "Fri, 20 Nov 2026 04:00:00 GMT")
    if words is None:
        assert found == Finding(GOOD, "This machine's clock agrees with the server's")
    else:
        assert found.what == f"This machine's clock is {words}: reminders and deadlines go by it"
    assert doctor._clock(asked, asked, None).mark == NOTE


async def test_what_only_plays_set_is_noted(environ: dict[str, str], tmp_path: Path) -> None:
    """The demo's and the playground's clock is no ailment, but worth a line; so are the deaths that tests plan."""
    environ |= {"DUOLOGUE_CLOCK": "clock", "DUOLOGUE_FAULT": "before send:3"}
    found = await findings(environ, tmp_path)
    moved = f"DUOLOGUE_CLOCK is set: the bot's time is moved by {tmp_path / 'clock'}"
    assert Finding(NOTE, moved) in found
    assert Finding(NOTE, "DUOLOGUE_FAULT is set: the bot kills itself where that says") in found
    assert wrong(found) == []


async def test_a_bot_that_is_running(environ: dict[str, str], tmp_path: Path, data: Path) -> None:
    """That is how it should be: the doctor looks at a living patient too."""
    with FileLock(data / "duologue.lock"):
        found = await findings(environ, tmp_path)
    assert wrong(found) == []
    assert [f.what for f in found if f.mark == NOTE] == [
        "A Duologue is running on this data folder; a second one would not start"
    ]


def revise(data: Path, revision: str) -> None:
    """Let the database say that it is of another revision."""
    with sqlite3.connect(data / "duologue.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()


async def test_a_database_of_another_version(environ: dict[str, str], tmp_path: Path, data: Path) -> None:
    """An older one is brought up to date by a run; a newer one needs the newer program."""
    revise(data, "0001")
    found = await findings(environ, tmp_path)
    assert wrong(found) == []
    assert any(f.mark == NOTE and " behind; " in f.what for f in found)
    revise(data, "9999")
    path = data / "duologue.db"
    assert wrong(await findings(environ, tmp_path)) == [
        f"The database {path} is of a newer Duologue (revision 9999)"
    ]


async def test_a_database_that_is_none(environ: dict[str, str], tmp_path: Path, data: Path) -> None:
    """Other bytes under its name are found and left alone."""
    path = data / "duologue.db"
    path.write_bytes(b"something else" * 100)
    assert wrong(await findings(environ, tmp_path)) == [
        f"The database {path} cannot be opened for writing: the file is no database"
    ]
    assert path.read_bytes() == b"something else" * 100


async def test_a_database_that_another_program_holds(
    environ: dict[str, str], tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and that it passes by itself."""
    for module in ("storage.driver", "storage.sqlite"):
        monkeypatch.setattr(f"{module}.BUSY", 50)
    path = data / "duologue.db"
    with sqlite3.connect(path, isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        found = [finding for finding in await findings(environ, tmp_path) if finding.mark == BAD]
        holder.execute("ROLLBACK")
    holder.close()
    assert [(finding.what, finding.mend) for finding in found] == [
        (
            f"The database {path} cannot be opened for writing: the database is locked by another program",
            "A backup or an open database tool holds it; it goes on by itself when they let go",
        )
    ]


async def test_too_little_room(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk loses what comes in."""
    monkeypatch.setattr(doctor, "ROOM", 10**18)
    [words] = wrong(await findings(environ, tmp_path))
    assert words.endswith("GB free for the data folder")
    assert words.startswith("Only ")


async def test_a_data_folder_that_is_a_file(environ: dict[str, str], tmp_path: Path) -> None:
    """Nothing can be kept there."""
    (tmp_path / "data").write_text("")
    found = wrong(await findings(environ, tmp_path))
    assert found[0] == f"The data folder {tmp_path / 'data'} cannot be made: {tmp_path / 'data'} is a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_a_data_folder_that_is_not_ours(environ: dict[str, str], tmp_path: Path) -> None:
    """Nothing can be written there."""
    (tmp_path / "data").mkdir(mode=0o500)
    found = wrong(await findings(environ, tmp_path))
    assert found[0] == f"The data folder {tmp_path / 'data'} cannot be written to (Permission denied)"


async def test_audio_decodes() -> None:
    """The packaged recording goes through the real worker."""
    found = await doctor._audio()
    assert found.mark == GOOD
    assert found.what.startswith("Audio can be decoded (33 s of it in ")


async def test_the_command(environ: dict[str, str], tmp_path: Path, data: Path) -> None:
    """It prints a line for each check, and fails when something is wrong."""

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
        command = [sys.executable, "-m", "bot.cli", "doctor"]
        here = Path(__file__).resolve().parents[1]
        return subprocess.run(
            command,
            env={**clean, **more, "PYTHONPATH": str(here)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )

    healthy = await asyncio.to_thread(lambda: run(**environ))
    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert healthy.stdout.count("✓") == 12
    ill = await asyncio.to_thread(lambda: run(DUOLOGUE_API_URL=environ["DUOLOGUE_API_URL"]))
    assert ill.returncode == 1
    assert "✗ DUOLOGUE_TOKEN is not set\n    → @BotFather gives you one" in ill.stdout
