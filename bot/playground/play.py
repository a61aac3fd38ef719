"""`duologue play`: every role in a browser on this machine."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator
from pathlib import Path

from bot.demo.play import told_to_stop
from bot.playground.company import Company
from bot.playground.server import Playground
from bot.playground.stage import Stage
from bot.playground.storyteller import PacedCast, Storyteller


async def play(*, data: Path | None = None, port: int = 0, open: bool = True) -> None:
    """Be the applicants, the reviewers and the coordinator in a browser: the real bot, a local Telegram, no token.

    A development tool: everybody who can reach the page can play everybody.

    Parameters
    ----------
    data
        Keep everything in this folder, and go on from there next time; without it, all is gone at the end.
    port
        Where the page is served on this machine; 0 takes a free one.
    open
        Open the page in the browser.
    """
    if os.environ.get("DUOLOGUE_TOKEN") or os.environ.get("DUOLOGUE_TOKEN_FILE"):
        sys.stderr.write(
            "duologue: DUOLOGUE_TOKEN is set; the playground has no use for it and leaves it alone.\n"
        )
    folder = data if data else Path(tempfile.mkdtemp(prefix="duologue-play-"))
    try:
        async with serving(folder, keep=data is not None, port=port) as playground:
            sys.stdout.write(f"Open {playground.url}\nCtrl+C ends it.\n")
            sys.stdout.flush()
            if open:
                await asyncio.to_thread(webbrowser.open, playground.url)
            await told_to_stop(signal.SIGINT, signal.SIGTERM)
    except OSError as error:
        raise SystemExit(f"duologue: the playground cannot start: {error}") from None
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def serving(folder: Path, *, keep: bool = False, port: int = 0) -> AsyncIterator[Playground]:
    """A playground that listens, on a stage in a folder."""
    async with Stage(folder, keep=keep) as stage, PacedCast(stage.client) as cast:
        world = stage.sandbox.world
        company = Company(world, cast, lambda: playground.changed())
        company.enter_again()
        storyteller = Storyteller(stage, cast, company, lambda: playground.changed())
        playground = Playground(stage, company, storyteller)
        stage.on_change = playground.changed
        await playground.start(port)
        try:
            yield playground
        finally:
            await storyteller.end()
            await playground.stop()
