"""Have Telegram deliver updates to a URL, and see to it that it goes on doing so."""

import asyncio

import structlog
from telegram import Bot, WebhookInfo
from telegram.error import BadRequest, InvalidToken, RetryAfter, TelegramError

from handlers.telegram.fetch import ALLOWED, host_of, longer
from handlers.telegram.send import seconds_of

log = structlog.get_logger()

CONNECTIONS = 100
"""Deliveries at once, Telegram's most: whatever waits behind them is old."""

LOOK_EVERY = 60.0
"""Seconds between looks whether Telegram still delivers here."""

PAUSES = (0.5, 30.0)
"""Seconds before the webhook is set again after a failure: the first, doubled up to the second."""


class HookRefused(Exception):
    """Telegram does not deliver to this URL; the text is Telegram's."""


class HookKeeper:
    """Sets the webhook, and sets it again if somebody takes it away.

    It stays when the program stops: Telegram keeps what comes for a day, and delivers to whoever answers first.
    """

    def __init__(self, bot: Bot, url: str, secret: str, look_every: float = LOOK_EVERY) -> None:
        self._bot, self._url, self._secret, self._look_every = bot, url, secret, look_every
        self._task: asyncio.Task[None] | None = None
        self._told = 0
        self._was_set = False

    async def start(self) -> None:
        """Set it, and begin to look after it. Raises `HookRefused`."""
        try:
            await self._set()
        except (BadRequest, InvalidToken) as error:
            raise HookRefused(str(error)) from None
        except TelegramError as error:
            log.warning("hook.not_set", error=str(error))
        self._task = asyncio.create_task(self._run())

    @property
    def alive(self) -> bool:
        """Whether it looks after the webhook."""
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        """Look after it no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _set(self) -> None:
        await self._bot.set_webhook(
            self._url,
            max_connections=CONNECTIONS,
            allowed_updates=list(ALLOWED),
            drop_pending_updates=False,
            secret_token=self._secret,
        )
        self._was_set = True

    async def _run(self) -> None:
        pause = 0.0
        while True:
            try:
                await self._look()
                pause = 0.0
            except RetryAfter as error:
                pause = seconds_of(error)
            except TelegramError as error:
                pause = longer(pause, PAUSES)
                log.warning("hook.not_seen_to", error=str(error), pause=pause)
            except Exception:
                pause = longer(pause, PAUSES)
                log.exception("hook.not_seen_to", pause=pause)
            await asyncio.sleep(pause or self._look_every)

    async def _look(self) -> None:
        info = await self._bot.get_webhook_info()
        if info.url == self._url:
            self._tell(info)
            return
        if self._was_set:
            log.error("hook.taken", by=host_of(info.url) or "nobody", hint=TAKEN)
        await self._set()

    def _tell(self, info: WebhookInfo) -> None:
        """Log what Telegram complains of, once."""
        failed = int(info.last_error_date.timestamp()) if info.last_error_date else 0
        if failed > self._told:
            if self._told or info.pending_update_count:
                log.warning(
                    "hook.not_delivered", reason=info.last_error_message, waiting=info.pending_update_count
                )
            self._told = failed


TAKEN = (
    "another program with this token polls or set a webhook of its own: let only one of them run, or give each a "
    "bot of its own; this one is set again"
)
