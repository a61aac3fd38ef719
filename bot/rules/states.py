"""The states of every thing and the arrows between them; a move that is not an arrow here is a bug.

The values are what the database stores, so they are changed only together with a migration.
"""

from collections.abc import Mapping
from enum import StrEnum


class SampleState(StrEnum):
    """The life of one uploaded dialogue (样音)."""

    RECEIVED = "received"
    REFUSED = "refused"
    QUEUED = "queued"
    IN_REVIEW = "in_review"
    CROSS_REVIEW = "cross_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPEALED = "appealed"
    WITHDRAWN = "withdrawn"


class AssignmentState(StrEnum):
    """One reviewer's seat at one sample."""

    OPEN = "open"
    VOTED = "voted"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    VOID = "void"


class ProposalState(StrEnum):
    """A match proposal (配对邀请) to two people."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    PAIRED = "paired"
    DECLINED = "declined"
    EXPIRED = "expired"


class PairState(StrEnum):
    """Two people who book as one (组合)."""

    ACTIVE = "active"
    DISSOLVED = "dissolved"


class SlotState(StrEnum):
    """One room at one time (场次)."""

    DRAFT = "draft"
    OPEN = "open"
    TAKEN = "taken"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class ShiftState(StrEnum):
    """Whether somebody of the staff (场务) runs a slot."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    RELEASED = "released"


class BookingState(StrEnum):
    """A pair's claim on a slot (预约)."""

    HELD = "held"
    CONFIRMED = "confirmed"
    ATTENDING = "attending"
    CHECKED_IN = "checked_in"
    RECORDED = "recorded"
    RESCUE = "rescue"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NO_SHOW = "no_show"


class WaitState(StrEnum):
    """A pair's place on a slot's waitlist (候补)."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    DECLINED = "declined"
    LAPSED = "lapsed"
    LEFT = "left"


class BroadcastState(StrEnum):
    """A message to many; what becomes of each recipient is told by the outbox."""

    DRAFT = "draft"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    STOPPED = "stopped"


LIVE_SAMPLES = (
    SampleState.RECEIVED,
    SampleState.QUEUED,
    SampleState.IN_REVIEW,
    SampleState.CROSS_REVIEW,
    SampleState.APPEALED,
)
"""States in which a person's next sample has to wait for this one."""

LIVE_BOOKINGS = (
    BookingState.HELD,
    BookingState.CONFIRMED,
    BookingState.ATTENDING,
    BookingState.CHECKED_IN,
    BookingState.RESCUE,
)
"""States in which a booking keeps its slot from everybody else."""

OPEN_PROPOSALS = (ProposalState.OFFERED, ProposalState.ACCEPTED)
"""States in which a proposal still waits for somebody's answer."""


class IllegalMoveError(ValueError):
    """A move that no arrow allows: always a mistake of the program, never of a person."""


_S, _A, _P, _L, _H, _B, _W, _C = (
    SampleState,
    AssignmentState,
    ProposalState,
    SlotState,
    ShiftState,
    BookingState,
    WaitState,
    BroadcastState,
)

ARROWS: Mapping[StrEnum, tuple[StrEnum, ...]] = {
    _S.RECEIVED: (_S.REFUSED, _S.QUEUED, _S.WITHDRAWN),
    _S.QUEUED: (_S.IN_REVIEW, _S.WITHDRAWN),
    _S.IN_REVIEW: (_S.CROSS_REVIEW, _S.APPROVED, _S.REJECTED, _S.WITHDRAWN),
    _S.CROSS_REVIEW: (_S.APPROVED, _S.REJECTED, _S.WITHDRAWN),
    _S.REJECTED: (_S.APPEALED, _S.WITHDRAWN),
    _S.APPEALED: (_S.IN_REVIEW, _S.APPROVED, _S.REJECTED, _S.WITHDRAWN),
    _S.APPROVED: (_S.WITHDRAWN,),
    _A.OPEN: (_A.VOTED, _A.SKIPPED, _A.EXPIRED, _A.VOID),
    _A.VOTED: (_A.VOID,),
    _P.OFFERED: (_P.ACCEPTED, _P.DECLINED, _P.EXPIRED),
    _P.ACCEPTED: (_P.PAIRED, _P.DECLINED, _P.EXPIRED),
    PairState.ACTIVE: (PairState.DISSOLVED,),
    _L.DRAFT: (_L.OPEN, _L.CANCELLED),
    _L.OPEN: (_L.TAKEN, _L.CANCELLED),
    _L.TAKEN: (_L.OPEN, _L.RUNNING, _L.CANCELLED),
    _L.RUNNING: (_L.DONE, _L.CANCELLED),
    _H.ASKED: (_H.CONFIRMED, _H.DECLINED, _H.RELEASED),
    _H.CONFIRMED: (_H.DECLINED, _H.RELEASED),
    _H.DECLINED: (_H.CONFIRMED, _H.RELEASED),
    _B.HELD: (_B.CONFIRMED, _B.CANCELLED, _B.EXPIRED),
    _B.CONFIRMED: (_B.ATTENDING, _B.RESCUE, _B.CANCELLED, _B.NO_SHOW),
    _B.ATTENDING: (_B.CHECKED_IN, _B.RESCUE, _B.CANCELLED, _B.NO_SHOW),
    _B.CHECKED_IN: (_B.RECORDED, _B.CANCELLED),
    _B.RESCUE: (_B.CONFIRMED, _B.CANCELLED, _B.NO_SHOW),
    _W.WAITING: (_W.OFFERED, _W.LEFT),
    _W.OFFERED: (_W.TAKEN, _W.DECLINED, _W.LAPSED, _W.LEFT),
    _C.DRAFT: (_C.SENDING, _C.STOPPED),
    _C.SENDING: (_C.PAUSED, _C.SENT, _C.STOPPED),
    _C.PAUSED: (_C.SENDING, _C.STOPPED),
}
"""From each state, the states it may move to. A state that is not a key is an end."""


def sources(target: StrEnum) -> tuple[StrEnum, ...]:
    """The states from which `target` may be reached."""
    return tuple(source for source, targets in ARROWS.items() if any(to is target for to in targets))


def check_move(source: StrEnum, target: StrEnum) -> None:
    """Raise `IllegalMoveError` unless there is an arrow from `source` to `target`."""
    if not any(to is target for to in ARROWS.get(source, ())):
        raise IllegalMoveError(f"{type(source).__name__}: {source.value} → {target.value}")
