"""How many samples a person may still send.

Which samples count is the caller's to say: a file the checks could not judge, say, costs nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.rules.policy import SamplePolicy


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many attempts are `left` (``None``: as many as one likes) and, at none, when one comes back.

    `next_at` is ``None`` while attempts are left, and where used ones never come back.
    """

    left: int | None
    next_at: datetime | None = None

    @property
    def allowed(self) -> bool:
        """Whether another sample may be sent now."""
        return self.left is None or self.left > 0


def attempts(policy: SamplePolicy, counted: Iterable[datetime], now: datetime) -> Attempts:
    """The attempts left at `now` to somebody whose counted samples arrived at these times.

    A sample counts for `attempt_window` from its arrival; without a window for ever. ``attempts = 0`` turns
    the limit off.
    """
    if policy.attempts == 0:
        return Attempts(left=None)
    window = policy.attempt_window
    used = sorted(at for at in counted if window is None or at + window > now)
    left = policy.attempts - len(used)
    if left > 0:
        return Attempts(left=left)
    # A limit lowered later can leave more used than allowed: as many have to run out as are too many.
    return Attempts(left=0, next_at=None if window is None else used[-left] + window)
