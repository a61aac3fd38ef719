"""The stage: the sandbox and the real bot in a folder that can be kept, with a clock that both follow."""

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from bot.demo.theatre import Theatre
from bot.sandbox import Sandbox
from bot.sandbox.keeping import freeze, thaw

POLICY = """\
# As the operator would have it, but without sending budgets: whoever plays does not want to wait.
[telegram]
per_second = 0
per_chat = 0
per_group = 0

[pairing]
every = "2s"

[booking]
staff = 2
cancel_until = "12h"
"""

KEEP_EVERY = 5.0
"""Seconds between two savings of a kept stage; what happened since the last one is lost by a kill, not by an end."""


class Stage(Theatre):
    """`async with Stage(folder, keep=True) as stage:` – a theatre for people at a screen.

    A kept stage goes on where it ended: the bot with its data, and Telegram with people, chats and files. Its clock
    begins with the present moment. `on_change` is called when the bot started or ended, or the clock moved.
    """

    def __init__(self, folder: Path, *, keep: bool = False) -> None:
        self._world_file = folder / "telegram.json"
        self._files = folder / "files"
        self._keep = keep
        self._keeping: asyncio.Task[None] | None = None
        self._kept_at = -1
        self.on_change: Callable[[], None] = lambda: None
        super().__init__(folder, policy=POLICY, noon=datetime.now(UTC))
        token = folder / "token"
        if keep and token.exists():
            self.sandbox = Sandbox(token=token.read_text())
        self.on_clock = self._let_telegram_follow

    async def __aenter__(self) -> Self:
        """Start both, from what was kept if there is something."""
        if self._keep and self._world_file.exists():
            kept = json.loads(self._world_file.read_text())
            thaw(self.sandbox.world, kept, self._files)
            self._noon = datetime.now(UTC) + timedelta(seconds=self.sandbox.world.clock.offset)
        await super().__aenter__()
        self.bot.on_exit = lambda: self.on_change()
        if self._keep:
            (self.folder / "token").write_text(self.sandbox.token)
            (self.folder / "token").chmod(0o600)
            self._keeping = asyncio.create_task(self._keep_on())
        return self

    async def __aexit__(self, *how: object) -> None:
        """Stop both; a kept stage is saved."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        try:
            await super().__aexit__(*how)  # type: ignore[arg-type]
        finally:
            if self._keep:
                self.save()

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY)
            self.save()

    def save(self) -> None:
        """Write down what Telegram knows, if anything happened since the last time."""
        world = self.sandbox.world
        if world.feed.last == self._kept_at:
            return
        aside = self._world_file.with_suffix(".new")
        aside.write_text(json.dumps(freeze(world, self._files)))
        aside.replace(self._world_file)
        self._kept_at = world.feed.last

    def _let_telegram_follow(self, _to: datetime) -> None:
        self.sandbox.world.clock.offset = self._offset.total_seconds()
        self.on_change()

    # --- the bot's light

    @property
    def light(self) -> str:
        """`on` while the bot's process runs, `off` after it was killed, `fell` if it ended by itself."""
        if self.bot.fell is not None:
            return "fell"
        return "on" if self.bot.lives else "off"

    async def kill(self) -> None:
        """SIGKILL the bot."""
        await self.bot.kill()
        self.on_change()

    async def start_bot(self) -> None:
        """Start the bot again on its data, if it does not run."""
        if not self.bot.lives:
            await self.bot.start()
            self.on_change()

    async def begin_anew(self) -> None:
        """An empty stage: nobody on it, and a bot that knows nothing."""
        await self.bot.kill()
        shutil.rmtree(self.data, ignore_errors=True)
        self.sandbox.world.reset()
        self.sandbox.api.reset()
        self.set_clock(datetime.now(UTC))
        await self.bot.start()
        self.on_change()

    # --- the clock

    def forward(self, span: timedelta) -> None:
        """Let time pass."""
        self.set_clock(self.now + span)
