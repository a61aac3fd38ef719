"""The bot's side of the audio worker. Loads neither av nor numpy nor Pillow: only the child does."""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.audio.bounds import Limits
from bot.audio.child import AudioWorkerDown as AudioWorkerDown
from bot.audio.child import Child, Died
from bot.gate import Gate
from bot.rules.audio import AudioFacts, Heard, Match, Quality, Reason, Unreadable

_WORKER = (sys.executable, "-m", "bot.audio.worker")
_TRIES = 2

T = TypeVar("T")


class AudioWorker:
    """Hears and draws in child processes with fixed memory and time; starts them when first needed.

    Each of the `children` has one file at a time; the others wait in order, ratings and comparisons behind
    whoever waits for facts. With two of them nobody waits behind a file that takes as long as it may. A child
    lives on for the next file, is replaced after a crash or a timeout, ends itself after a while without work,
    and dies with this process. Use it within one event loop, and `close` it (or use it as an async context
    manager).
    """

    def __init__(
        self, limits: Limits | None = None, *, children: int = 1, command: Sequence[str] = _WORKER
    ) -> None:
        self._limits = limits or Limits()
        self._command = tuple(command)
        self._gate = Gate(children)
        self._children: list[Child | None] = [None] * children
        self._idle = list(range(children))
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The process ids of the living workers."""
        return [child.pid for child in self._children if child is not None and child.alive]

    async def measure(self, data: bytes) -> Heard:
        """All facts about one file but the predicted quality, its fingerprint, and how it looks.

        Raises Unreadable with the reason: empty, not_audio, corrupt (also: two workers died of it),
        too_large, took_too_long (by the CPU or the clock). Raises AudioWorkerDown if no worker can be
        started, or this one is closed.
        """
        self._refuse_by_size(data)
        return await self._ask({"do": "measure"}, data, _heard)

    async def rate(self, data: bytes) -> Quality | None:
        """The predicted quality of one file; None if there is too little speech in it. Raises as `measure`."""
        self._refuse_by_size(data)
        return await self._ask({"do": "rate"}, data, _quality, can_wait=True)

    async def compare(
        self, fingerprint: bytes, others: Sequence[bytes], *, can_wait: bool = False
    ) -> list[Match | None]:
        """For each of the others how much of this very recording it holds; None where it holds none of it.

        Raises Unreadable (took_too_long, corrupt) and AudioWorkerDown as `measure` does.
        """
        if not others:
            return []
        head = {"do": "compare", "lengths": [len(fingerprint), *map(len, others)]}

        def read(answer: dict[str, Any], _body: bytes) -> list[Match | None]:
            matches = [None if one is None else Match.from_json(one) for one in answer["matches"]]
            if len(matches) != len(others):
                raise ValueError("an answer for each")
            return matches

        return await self._ask(head, b"".join((fingerprint, *others)), read, can_wait=can_wait)

    async def excerpt(self, data: bytes, start: float, seconds: float) -> bytes:
        """So many seconds of one file from `start` on, as a voice note (OGG/Opus). Raises as `measure`."""
        self._refuse_by_size(data)
        head = {"do": "excerpt", "start": start, "seconds": seconds}
        return await self._ask(head, data, lambda _answer, body: body, can_wait=True)

    async def draw(self, sketch: dict[str, Any]) -> bytes:
        """The picture (PNG) of a sketch, see `bot.audio.sketch`. Raises Unreadable if no worker survives it."""
        return await self._ask({"do": "draw", "sketch": sketch}, b"", lambda _answer, body: body)

    def _refuse_by_size(self, data: bytes) -> None:
        if not data:
            raise Unreadable(reason=Reason.empty)
        if len(data) > self._limits.max_bytes:
            raise Unreadable(reason=Reason.too_large)

    async def _ask(
        self,
        head: dict[str, Any],
        body: bytes,
        read: Callable[[dict[str, Any], bytes], T],
        *,
        can_wait: bool = False,
    ) -> T:
        async with self._gate.place(can_wait=can_wait):
            place = self._idle.pop()
            try:
                for _ in range(_TRIES):
                    with suppress(Died):
                        return await self._try(place, head, body, read)
            finally:
                self._idle.append(place)
        raise Unreadable(reason=Reason.corrupt)

    async def _try(
        self, place: int, head: dict[str, Any], body: bytes, read: Callable[[dict[str, Any], bytes], T]
    ) -> T:
        """One try. Raises Died if another one, with a new worker, may go better."""
        child = await self._ready_child(place)
        try:
            async with asyncio.timeout(self._limits.wall):
                answer, reply = await child.ask(head, body)
            return _read(answer, reply, read)
        except TimeoutError:
            await self._drop(place)
            raise Unreadable(reason=Reason.took_too_long) from None
        except Died:
            if await self._drop(place) == -signal.SIGXCPU:
                raise Unreadable(reason=Reason.took_too_long) from None
            raise
        except asyncio.CancelledError:
            # The child is still at work on a file that nobody wants: its next answer would be the wrong one.
            await self._drop(place)
            raise

    async def _ready_child(self, place: int) -> Child:
        """The living worker of a place, or a new one."""
        if self._closed:
            raise AudioWorkerDown("closed")
        child = self._children[place]
        if child is not None and child.alive:
            return child
        await self._drop(place)
        child = self._children[place] = await Child.start(self._command, self._limits)
        return child

    async def _drop(self, place: int) -> int | None:
        """End the worker of a place, if there is one; its exit status (negative: the signal)."""
        child, self._children[place] = self._children[place], None
        return await child.end() if child else None

    async def close(self) -> None:
        """End the workers for good, after the files in hand. Safe to call twice."""
        self._closed = True
        async with AsyncExitStack() as stack:
            for _ in self._children:
                await stack.enter_async_context(self._gate.place())
            for place in range(len(self._children)):
                await self._drop(place)

    async def __aenter__(self) -> Self:
        """The worker itself; nothing is started yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()


def _read(answer: dict[str, Any], body: bytes, read: Callable[[dict[str, Any], bytes], T]) -> T:
    """What an answer says. Raises Unreadable as the worker says, Died if it is no answer."""
    try:
        if "unreadable" in answer:
            raise Unreadable(reason=Reason(answer["unreadable"]))
        return read(answer, body)
    except (KeyError, TypeError, ValueError) as error:
        raise Died from error


def _heard(answer: dict[str, Any], body: bytes) -> Heard:
    length = answer["fingerprint"]
    return Heard(AudioFacts.from_json(answer["facts"]), body[:length], body[length:])


def _quality(answer: dict[str, Any], _body: bytes) -> Quality | None:
    found = answer["quality"]
    return None if found is None else Quality.from_json(found)
