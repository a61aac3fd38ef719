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


class BatchState(StrEnum):
    """The slots that one line planned."""

    PREVIEW = "preview"
    OPENED = "opened"
    DROPPED = "dropped"


class TemplateState(StrEnum):
    """Slots that repeat."""

    PREVIEW = "preview"
    RUNNING = "running"
    DROPPED = "dropped"
    STOPPED = "stopped"
    ENDED = "ended"


class ClosureState(StrEnum):
    """A room that is closed for a while."""

    PREVIEW = "preview"
    APPLIED = "applied"
    DROPPED = "dropped"
    LIFTED = "lifted"


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


class ReserveState(StrEnum):
    """A pair in reserve for a day, until the day is past, they have a session, or they stop."""

    ON = "on"
    OVER = "over"
    LEFT = "left"


class WishState(StrEnum):
    """Waiting for any time of a kind, until one is found, a day is past, or the two stop."""

    WAITING = "waiting"
    OFFERED = "offered"
    MET = "met"
    LAPSED = "lapsed"
    OVER = "over"
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

UNDECIDED_SAMPLES = (
    SampleState.QUEUED,
    SampleState.APPEALED,
    SampleState.IN_REVIEW,
    SampleState.CROSS_REVIEW,
)
"""States in which a sample waits for reviewers or for their votes."""

HEARD_SAMPLES = (*UNDECIDED_SAMPLES, SampleState.APPROVED, SampleState.REJECTED)
"""States of samples that reached the reviewers: only of these can a file be a duplicate."""

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


_Arrows = Mapping[StrEnum, tuple[StrEnum, ...]]

# One mapping a kind: members of two StrEnums with the same value are equal, so one mapping would mix them.
ARROWS: Mapping[type[StrEnum], _Arrows] = {
    SampleState: {
        SampleState.RECEIVED: (SampleState.REFUSED, SampleState.QUEUED, SampleState.WITHDRAWN),
        SampleState.QUEUED: (SampleState.IN_REVIEW, SampleState.WITHDRAWN),
        SampleState.IN_REVIEW: (
            SampleState.CROSS_REVIEW,
            SampleState.APPROVED,
            SampleState.REJECTED,
            SampleState.WITHDRAWN,
        ),
        SampleState.CROSS_REVIEW: (SampleState.APPROVED, SampleState.REJECTED, SampleState.WITHDRAWN),
        SampleState.REJECTED: (SampleState.APPEALED, SampleState.WITHDRAWN),
        SampleState.APPEALED: (
            SampleState.IN_REVIEW,
            SampleState.APPROVED,
            SampleState.REJECTED,
            SampleState.WITHDRAWN,
        ),
        SampleState.APPROVED: (SampleState.WITHDRAWN,),
    },
    AssignmentState: {
        AssignmentState.OPEN: (
            AssignmentState.VOTED,
            AssignmentState.SKIPPED,
            AssignmentState.EXPIRED,
            AssignmentState.VOID,
        ),
        AssignmentState.VOTED: (AssignmentState.VOID,),
    },
    ProposalState: {
        ProposalState.OFFERED: (ProposalState.ACCEPTED, ProposalState.DECLINED, ProposalState.EXPIRED),
        ProposalState.ACCEPTED: (ProposalState.PAIRED, ProposalState.DECLINED, ProposalState.EXPIRED),
    },
    PairState: {
        PairState.ACTIVE: (PairState.DISSOLVED,),
    },
    BatchState: {
        BatchState.PREVIEW: (BatchState.OPENED, BatchState.DROPPED),
    },
    TemplateState: {
        TemplateState.PREVIEW: (TemplateState.RUNNING, TemplateState.DROPPED),
        TemplateState.RUNNING: (TemplateState.STOPPED, TemplateState.ENDED),
    },
    ClosureState: {
        ClosureState.PREVIEW: (ClosureState.APPLIED, ClosureState.DROPPED),
        ClosureState.APPLIED: (ClosureState.LIFTED,),
    },
    SlotState: {
        SlotState.DRAFT: (SlotState.OPEN, SlotState.CANCELLED),
        # Back to draft when the staff that opened it are gone again.
        SlotState.OPEN: (SlotState.TAKEN, SlotState.DRAFT, SlotState.CANCELLED),
        SlotState.TAKEN: (SlotState.OPEN, SlotState.RUNNING, SlotState.CANCELLED),
        SlotState.RUNNING: (SlotState.DONE, SlotState.CANCELLED),
    },
    ShiftState: {
        ShiftState.ASKED: (ShiftState.CONFIRMED, ShiftState.DECLINED, ShiftState.RELEASED),
        ShiftState.CONFIRMED: (ShiftState.DECLINED, ShiftState.RELEASED),
        ShiftState.DECLINED: (ShiftState.CONFIRMED, ShiftState.RELEASED),
    },
    BookingState: {
        BookingState.HELD: (BookingState.CONFIRMED, BookingState.CANCELLED, BookingState.EXPIRED),
        BookingState.CONFIRMED: (
            BookingState.ATTENDING,
            BookingState.RESCUE,
            BookingState.CANCELLED,
            BookingState.NO_SHOW,
        ),
        BookingState.ATTENDING: (
            BookingState.CHECKED_IN,
            BookingState.RESCUE,
            BookingState.CANCELLED,
            BookingState.NO_SHOW,
        ),
        BookingState.CHECKED_IN: (BookingState.RECORDED, BookingState.CANCELLED),
        BookingState.RESCUE: (BookingState.CONFIRMED, BookingState.CANCELLED, BookingState.NO_SHOW),
    },
    WaitState: {
        WaitState.WAITING: (WaitState.OFFERED, WaitState.LAPSED, WaitState.LEFT),
        WaitState.OFFERED: (WaitState.TAKEN, WaitState.DECLINED, WaitState.LAPSED, WaitState.LEFT),
    },
    ReserveState: {ReserveState.ON: (ReserveState.OVER, ReserveState.LEFT)},
    WishState: {
        WishState.WAITING: (
            WishState.OFFERED,
            WishState.MET,
            WishState.LAPSED,
            WishState.OVER,
            WishState.LEFT,
        ),
        # Back to waiting when its offer came to nothing; lapsed when nobody answers any more.
        WishState.OFFERED: (
            WishState.WAITING,
            WishState.MET,
            WishState.LAPSED,
            WishState.OVER,
            WishState.LEFT,
        ),
    },
    BroadcastState: {
        BroadcastState.DRAFT: (BroadcastState.SENDING, BroadcastState.STOPPED),
        BroadcastState.SENDING: (BroadcastState.PAUSED, BroadcastState.SENT, BroadcastState.STOPPED),
        BroadcastState.PAUSED: (BroadcastState.SENDING, BroadcastState.STOPPED),
    },
}
"""For each kind of thing: from each state, the states it may move to. A state that is no key is an end."""


def check_move(source: StrEnum, target: StrEnum) -> None:
    """Raise `IllegalMoveError` unless there is an arrow from `source` to `target`."""
    targets = ARROWS[type(source)].get(source, ())
    if type(target) is not type(source) or target not in targets:
        raise IllegalMoveError(f"{type(source).__name__}: {source.value} → {target.value}")
