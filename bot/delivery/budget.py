"""Telegram's sending limits, obeyed beforehand: over all, per chat with a burst, per group a minute.

Pure arithmetic on a monotonic time in seconds that is passed in; a rate of 0 is no limit.
"""

from collections import deque
from dataclasses import dataclass, field

from bot.rules.policy import TelegramPolicy

MARGIN = 1.02
"""Windows are this much longer than asked for: messages arrive with other gaps than they left with."""


@dataclass(slots=True)
class Bucket:
    """A token bucket: `rate` tokens a second, at most `size` saved up."""

    rate: float
    size: float
    level: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        """Begin full."""
        self.level = self.size

    def _now(self, now: float) -> float:
        return min(self.size, self.level + (now - self.at) * self.rate)

    def wait(self, now: float) -> float:
        """Seconds until a token is there; 0 if one is."""
        if self.rate <= 0:
            return 0.0
        level = self._now(now)
        return 0.0 if level >= 1 - 1e-9 else (1 - level) / self.rate

    def take(self, now: float) -> None:
        """Use one token up."""
        if self.rate > 0:
            self.level, self.at = self._now(now) - 1, now

    def idle(self, now: float) -> bool:
        """Whether it is full again and may be forgotten."""
        return self.rate <= 0 or self._now(now) >= self.size


class Window:
    """At most `rate * period` in any stretch of `period` seconds, wherever it begins.

    A rate that does not allow a whole one within the period allows one in a longer stretch.
    """

    def __init__(self, rate: float, period: float) -> None:
        count = max(1, int(rate * period + 1e-9))  # 7 a minute is 6.999… in floats
        self._period = max(period, count / rate) * MARGIN if rate > 0 else 0.0
        self._sent: deque[float] = deque(maxlen=count)

    def wait(self, now: float) -> float:
        """Seconds until there is room; 0 if there is."""
        if not self._period or len(self._sent) < (self._sent.maxlen or 0):
            return 0.0
        return max(0.0, self._sent[0] + self._period - now)

    def take(self, now: float) -> None:
        """One goes out now."""
        if self._period:
            self._sent.append(now)

    def idle(self, now: float) -> bool:
        """Whether it is empty and may be forgotten."""
        return not self._sent or self._sent[-1] + self._period <= now


BROAD_BURST = 0.1
"""Seconds' worth of messages to many that may go at once: a second's whole budget in one go would keep
an urgent message waiting for as long. Never less than two messages: with one, every wake-up that comes late
would be lost."""


class Budget:
    """Who may be written to now, and how long everybody else has to wait."""

    def __init__(self, policy: TelegramPolicy) -> None:
        self._policy = policy
        self._all = Window(policy.per_second, 1.0)
        self._broad = Bucket(policy.per_second, max(2.0, policy.per_second * BROAD_BURST))
        self._chats: dict[int, list[Bucket | Window]] = {}
        self._resting: dict[int, float] = {}
        self._held_until = 0.0

    def wait_all(self, now: float) -> float:
        """Seconds until anybody may be written to; 0 if now."""
        return max(0.0, self._held_until - now, self._all.wait(now))

    def wait_broad(self, now: float) -> float:
        """Seconds until another message to many may go: evenly spread, so that the others find room between."""
        return self._broad.wait(now)

    def take(self, chat_id: int, now: float, *, in_chat: bool = True, broad: bool = False) -> None:
        """A message goes to the chat now, or a call is made that leaves none there."""
        self._all.take(now)
        if broad:
            self._broad.take(now)
        if not in_chat:
            return
        for limit in self._limits(chat_id):
            limit.take(now)

    def hold(self, seconds: float, now: float) -> None:
        """Telegram said "retry after": nobody is written to before."""
        self._held_until = max(self._held_until, now + seconds)

    def rest(self, chat_id: int, seconds: float, now: float) -> None:
        """Leave one chat alone for a while: something of it has to go again before what comes after."""
        self._resting[chat_id] = now + seconds

    def spent(self, now: float) -> dict[int, float]:
        """The chats that may not be written to yet, and for how many seconds."""
        self._resting = {chat_id: until for chat_id, until in self._resting.items() if until > now}
        for chat_id in [c for c, limits in self._chats.items() if all(x.idle(now) for x in limits)]:
            del self._chats[chat_id]
        waits = {c: max(x.wait(now) for x in limits) for c, limits in self._chats.items()}
        for chat_id, until in self._resting.items():
            waits[chat_id] = max(until - now, waits.get(chat_id, 0.0))
        return {chat_id: wait for chat_id, wait in waits.items() if wait > 0}

    def _limits(self, chat_id: int) -> list[Bucket | Window]:
        found = self._chats.get(chat_id)
        if found is None:
            policy = self._policy
            found = [Bucket(policy.per_chat, max(1, policy.burst))]
            if chat_id < 0:  # Telegram's ids of groups are negative
                found.append(Window(policy.per_group / 60, 60.0))
            self._chats[chat_id] = found
        return found
