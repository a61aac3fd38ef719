"""How updates come in, by polling or by webhook, and what the web side tells of the running bot."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Protocol

import structlog
from telegram import Bot

from bot.config import Settings
from bot.delivery.gathering import Gathering
from bot.delivery.inbox import Inbox
from bot.delivery.meter import Meter
from bot.services.unit import Units
from bot.web.server import WebServer
from bot.web.site import Doors, Hook, site
from handlers.calendars import Calendars
from handlers.telegram.fetch import Poller
from handlers.telegram.hook import HookKeeper
from handlers.telegram.transport import Patience
from storage import migrate
from storage.trouble import trouble_of

log = structlog.get_logger()

READY_WITHIN = 2.0
"""Seconds within which the database answers when it is well."""


class Part(Protocol):
    """What runs from the program's start to its end."""

    @property
    def alive(self) -> bool:
        """Whether it runs."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End in order."""


class Entrance:
    """Lets updates in and answers on DUOLOGUE_LISTEN. Starts last and stops first of all parts.

    With `webhook` the settings have its URL, its secret and an address to listen on; without, updates are polled, and
    the web side is there only if an address is set. `parts` are the others that run, by name.
    """

    def __init__(
        self,
        settings: Settings,
        bot: Bot,
        units: Units,
        inbox: Inbox,
        meter: Meter,
        parts: Mapping[str, Part],
        *,
        webhook: bool,
        patience: Patience | None = None,
    ) -> None:
        self._units, self._meter = units, meter
        self._gathering = Gathering(inbox.accept)
        self._parts = dict(parts)
        secret = settings.webhook_secret
        hook = None
        own: dict[str, Part] = {}
        if webhook and settings.webhook_url and secret:
            hook = Hook(settings.webhook_url, secret.get_secret_value(), self._gathering.keep)
        if settings.listen is not None:
            doors = Doors(self.ailing, self._unready, self._text, hook, Calendars(units).read)
            self.web = WebServer(settings.listen.host, settings.listen.port, site(doors))
            own["web"] = self.web
        if hook is not None:
            own["hook"] = HookKeeper(bot, hook.url, hook.secret)
        else:
            own["poller"] = Poller(bot, inbox.accept, patience, settings.webhook_url)
        self._own = own
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Open. Raises `CannotListen` and `HookRefused`."""
        self._stack.push_async_callback(self._gathering.stop)
        for name, part in self._own.items():
            await part.start()
            self._stack.push_async_callback(part.stop)
            self._parts[name] = part
        if "web" in self._own:
            log.info("listening", port=self.web.port, webhook="hook" in self._own)

    async def stop(self) -> None:
        """Let nothing in any more; what is being kept is kept."""
        await self._stack.aclose()

    def ailing(self) -> list[str]:
        """The parts that ended though they should run."""
        return [name for name, part in self._parts.items() if not part.alive]

    async def _unready(self) -> list[str]:
        """What keeps the bot from keeping updates, in words."""
        try:
            async with asyncio.timeout(READY_WITHIN):
                await migrate.current(self._units.database)
        except TimeoutError:
            return ["the database does not answer"]
        except Exception as error:
            return [str(trouble_of(error) or type(error).__name__)]
        return []

    async def _text(self) -> str:
        return await self._meter.text(self._units)
