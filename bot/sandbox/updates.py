"""The queue of updates that wait for the bot, and getUpdates' rules about it.

An update leaves the queue when it is confirmed (a call with a higher offset, or a webhook that answered 2xx)
or when it grew too old: a message after 24 h, a press after 150 s (TDLib's telegram-bot-api).
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bot.sandbox.errors import OTHER_POLLER, WEBHOOK_ACTIVE, WEBHOOK_WAS_SET, ApiError, Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.settings import Clock

_UPDATE_NAMES: Final = """
message edited_message channel_post edited_channel_post business_connection business_message
edited_business_message deleted_business_messages guest_message message_reaction
message_reaction_count inline_query chosen_inline_result callback_query shipping_query
pre_checkout_query purchased_paid_media poll poll_answer my_chat_member chat_member
chat_join_request chat_boost removed_chat_boost managed_bot
"""
UPDATE_TYPES: Final = frozenset(_UPDATE_NAMES.split())
NOT_BY_DEFAULT: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
REMEMBERED: Final = 10_000
FAR_FUTURE: Final = 10
"""An offset this far beyond the last update is taken as 0, so that numbering may restart at random."""


def dumps(value: Any) -> bytes:
    """Return `value` as compact ASCII JSON, as Telegram sends it."""
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass(slots=True)
class Update:
    """One update, already serialised; `lane` is what its order holds within, `expires` is Unix seconds."""

    id: int
    kind: str
    body: bytes
    lane: str
    expires: float


class UpdateQueue:
    """Unconfirmed updates in order; at most one getUpdates call waits on them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Telegram's numbers start anywhere: code that expects small ones should fail here.
        self.last_id = random.randrange(100_000_000, 900_000_000)  # noqa: S311  (not a secret)
        self.pending: OrderedDict[int, Update] = OrderedDict()
        self.allowed: frozenset[str] = UPDATE_TYPES - NOT_BY_DEFAULT
        self.allowed_as_given: list[str] | None = None
        self.on_put: Callable[[Update], None] | None = None
        self._recent: OrderedDict[int, Update] = OrderedDict()
        self._again: list[Update] = []
        self._poll: asyncio.Future[str] | None = None

    def put(self, kind: str, payload: Json, lane: str, lives: float) -> int | None:
        """Queue an update and return its id; None when the bot did not allow this kind."""
        if kind not in self.allowed:
            return None
        self.last_id += 1
        body = b'{"update_id":%d,"%b":%b}' % (self.last_id, kind.encode(), dumps(payload))
        self._add(Update(self.last_id, kind, body, lane, self._clock.now() + lives))
        return self.last_id

    def inject(self, update: Json, lives: float) -> int:
        """Queue a raw update, valid or not, whatever the bot allowed; a given ``update_id`` is kept."""
        given = update.get("update_id")
        if given is None:
            given = self.last_id + 1
            update = {"update_id": given, **update}
        kind = next((name for name in update if name in UPDATE_TYPES), "unknown")
        sent = Update(
            given if isinstance(given, int) else self.last_id + 1,
            kind,
            dumps(update),
            f"injected:{given}",
            self._clock.now() + lives,
        )
        if sent.id > self.last_id:
            self.last_id = sent.id
            self._add(sent)
        else:
            self._repeat(sent)
        return sent.id

    def redeliver(self, update_id: int) -> bool:
        """Deliver an update once more under its old id, confirmed or not; False when it is not remembered."""
        update = self._recent.get(update_id)
        if update is None:
            return False
        self._repeat(update)
        return True

    def _add(self, update: Update) -> None:
        self.pending[update.id] = update
        self._recent[update.id] = update
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        self._announce(update)

    def _repeat(self, update: Update) -> None:
        if self.on_put is None:
            self._again.append(update)
        self._announce(update)

    def _announce(self, update: Update) -> None:
        if self.on_put is not None:
            self.on_put(update)
        else:
            self._end_poll("news")

    def _end_poll(self, reason: str) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(reason)

    def confirm(self, update_id: int) -> None:
        """Forget one update: a webhook took it."""
        self.pending.pop(update_id, None)

    def clear(self) -> None:
        """Forget all that waits (``drop_pending_updates``, reset)."""
        self.pending.clear()
        self._again.clear()

    def allow(self, kinds: list[str] | None) -> None:
        """Set which kinds are queued from now on; None leaves it, an empty list means the default."""
        if kinds is None:
            return
        self.allowed_as_given = kinds or None
        # Unknown names are ignored, as Telegram does.
        self.allowed = frozenset(kinds) & UPDATE_TYPES if kinds else UPDATE_TYPES - NOT_BY_DEFAULT

    def stop_polling(self) -> None:
        """End a waiting getUpdates because a webhook was set."""
        self._end_poll("webhook")

    def release(self) -> None:
        """End a waiting getUpdates with what there is: the server stops."""
        self._end_poll("timeout")

    async def fetch(self, offset: int, limit: int, timeout: float) -> bytes:
        """Return up to `limit` updates as one JSON array, waiting up to `timeout` seconds for the first.

        Raises `ApiError` 409 when a webhook is active or another call took over.
        """
        if self.on_put is not None:
            raise ApiError(409, WEBHOOK_ACTIVE)
        self._end_poll("conflict")
        self._forget(offset)
        if not self.pending and not self._again and timeout > 0:
            await self._wait(timeout)
        again, self._again = self._again[:limit], self._again[limit:]
        fresh = islice(self.pending.values(), limit - len(again))
        return b"[" + b",".join(update.body for update in (*again, *fresh)) + b"]"

    async def _wait(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        poll: asyncio.Future[str] = loop.create_future()
        self._poll = poll
        timer = loop.call_later(timeout, self._end_poll, "timeout")
        try:
            reason = await poll
        finally:
            timer.cancel()
            if self._poll is poll:
                self._poll = None
        if reason == "conflict":
            raise ApiError(409, OTHER_POLLER)
        if reason == "webhook":
            raise ApiError(409, WEBHOOK_WAS_SET)

    def _forget(self, offset: int) -> None:
        pending = self.pending
        if offset < 0:
            while len(pending) > -offset:
                pending.popitem(last=False)
        elif 0 < offset <= self.last_id + FAR_FUTURE:
            while pending and next(iter(pending)) < offset:
                pending.popitem(last=False)
        self.expire()

    def expire(self) -> None:
        """Drop what waited too long."""
        now = self._clock.now()
        # Presses live shorter than messages, so the old ones are not all at the front; the scan stays cheap
        # because it runs only when the oldest press can have expired.
        if any(update.expires <= now for update in islice(self.pending.values(), 200)):
            for update in [u for u in self.pending.values() if u.expires <= now]:
                del self.pending[update.id]
