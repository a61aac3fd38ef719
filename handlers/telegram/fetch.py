"""Fetch updates by long polling and files by id.

python-telegram-bot's own updater confirms updates before anybody kept them and stalls for ever on one that
it cannot parse. Here the raw updates are kept first, and the offset moves after that.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from telegram import Bot
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.warnings import PTBUserWarning

from bot.services.ports import FileGoneError, OutageError
from handlers.telegram.send import seconds_of
from handlers.telegram.transport import Patience

log = structlog.get_logger()

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
"""What the bot wants to hear. Telegram remembers the last list, so it is always sent."""

PAUSES = (0.25, 5.0)
"""Seconds after a poll that failed: the first, doubled up to the second. Asking again costs next to nothing."""

CONFLICT_PAUSE = 5.0
"""Seconds before asking again while somebody else gets the updates."""

OTHER_POLLER = (
    "another program polls with this token, perhaps a second Duologue by mistake: stop one of them, or give each a "
    "bot of its own; no update is lost meanwhile, but each of the two gets only some"
)
HOOK_ELSEWHERE = (
    "a webhook gets the updates: stop the program behind it, and take it away once (`duologue doctor` says how), or "
    "run this one with --webhook"
)


class Poller:
    """Fetches updates and hands them to `accept`, which keeps them before the next poll confirms them.

    `own_hook` is the URL of the webhook that this bot has when it does not poll: the poller takes it away when it
    begins, and what waits there comes by polling.
    """

    def __init__(
        self,
        bot: Bot,
        accept: Callable[[Sequence[dict[str, Any]]], Awaitable[None]],
        patience: Patience | None = None,
        own_hook: str | None = None,
    ) -> None:
        self._bot = bot
        self._accept = accept
        self._patience = patience or Patience()
        self._own_hook = own_hook
        self._has_polled = False
        self._task: asyncio.Task[None] | None = None
        self._keeping: asyncio.Future[None] | None = None
        self._offset = 0

    async def start(self) -> None:
        """Begin polling."""
        # The library warns that `get_updates` exists; that one parses, and stalls on what it cannot parse.
        warnings.filterwarnings("ignore", message=".*get_?updates", category=PTBUserWarning)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop polling: what was not kept is not confirmed, and comes again."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._keeping:
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def _run(self) -> None:
        pause = 0.0
        while True:
            try:
                raws = await self._poll()
                if raws:
                    # Once begun, keeping is finished, even if we are told to stop meanwhile.
                    self._keeping = asyncio.ensure_future(self._accept(raws))
                    await asyncio.shield(self._keeping)
                    self._offset = int(raws[-1]["update_id"]) + 1
                pause = 0.0
                self._has_polled = True
            except RetryAfter as error:
                pause = seconds_of(error)
            except Conflict as error:
                pause = await self._after_conflict(str(error))
            except InvalidToken:
                log.error("poll.token_refused", hint="check DUOLOGUE_TOKEN")
                pause = 30.0
            except TelegramError as error:
                pause = longer(pause, PAUSES)
                log.warning("poll.failed", error=type(error).__name__, reason=str(error), pause=pause)
            except Exception:
                pause = longer(pause, PAUSES)
                log.exception("poll.not_kept", pause=pause)
            if pause:
                await asyncio.sleep(pause)

    @property
    def alive(self) -> bool:
        """Whether it polls, with or without success."""
        return self._task is not None and not self._task.done()

    async def _after_conflict(self, reason: str) -> float:
        """Somebody else gets the updates (409): take our own webhook away, or say who it is. Gives the pause."""
        if "webhook" not in reason:
            log.error("poll.conflict", hint=OTHER_POLLER)
            return CONFLICT_PAUSE
        try:
            info = await self._bot.get_webhook_info()
            nobody_answers = info.last_error_date is not None and info.pending_update_count > 0
            if info.url and info.url == self._own_hook and (nobody_answers or not self._has_polled):
                log.info("poll.hook_taken_away", waiting=info.pending_update_count)
                await self._bot.delete_webhook(drop_pending_updates=False)
                return 0.0
        except TelegramError as error:
            log.warning("poll.failed", error=type(error).__name__, reason=str(error), pause=CONFLICT_PAUSE)
            return CONFLICT_PAUSE
        log.error("poll.webhook", host=host_of(info.url), hint=HOOK_ELSEWHERE)
        return CONFLICT_PAUSE

    async def _poll(self) -> list[dict[str, Any]]:
        held, spare = self._patience.poll, self._patience.poll_spare
        parameters: dict[str, Any] = {"timeout": int(held), "limit": 100, "allowed_updates": list(ALLOWED)}
        if self._offset:
            parameters["offset"] = self._offset
        result: Any = await self._bot.do_api_request(
            "getUpdates", api_kwargs=parameters, read_timeout=held + spare
        )
        if not isinstance(result, list):
            raise NetworkError("getUpdates gave no list")
        raws = [raw for raw in result if isinstance(raw, dict) and type(raw.get("update_id")) is int]
        if result and not raws:  # they cannot be confirmed, so they would come again at once
            raise NetworkError("getUpdates gave nothing that is an update")
        return raws


def longer(pause: float, pauses: tuple[float, float]) -> float:
    """The pause after this one (0.0: there was none): the first of `pauses`, doubled up to the second."""
    first, longest = pauses
    return min(longest, pause * 2 or first)


def host_of(url: str) -> str:
    """The host of a URL, which may be empty: the rest may hold a secret."""
    return urlsplit(url).hostname or ""


class TelegramFiles:
    """Fetches what people uploaded. The link holds the token and is neither kept nor logged."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def fetch(self, file_id: str) -> bytes:
        """The file's bytes, all of them.

        Raises `FileGoneError` where trying again cannot help, `OutageError` where the network is to blame,
        else `TelegramError`.
        """
        try:
            file = await self._bot.get_file(file_id)
            data = bytes(await file.download_as_bytearray())
        except (BadRequest, InvalidToken) as error:
            raise FileGoneError(str(error)) from None
        except (NetworkError, RetryAfter) as error:
            raise OutageError(str(error)) from None
        if file.file_size is not None and len(data) != file.file_size:
            # A page that something in between gave instead, or what a broken connection left of the file.
            raise OutageError(f"{len(data)} bytes came of a file of {file.file_size}")
        return data
