"""Everything whose every move is in the audit trail."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.rules import states
from storage.tables import Assignment, Booking, Broadcast, Pair, Proposal, Sample, Shift, Slot, Waiting


@dataclass(frozen=True)
class Life:
    """A kind of thing: its states, and those that it begins in."""

    table: type[Any]
    states: type[StrEnum]
    begins: tuple[str, ...]


LIVES = {
    "sample": Life(Sample, states.SampleState, ("received",)),
    "assignment": Life(Assignment, states.AssignmentState, ("open",)),
    "proposal": Life(Proposal, states.ProposalState, ("offered", "accepted")),
    "pair": Life(Pair, states.PairState, ("active",)),
    "slot": Life(Slot, states.SlotState, ("draft", "open")),
    "shift": Life(Shift, states.ShiftState, ("asked",)),
    "booking": Life(Booking, states.BookingState, ("held",)),
    "waiting": Life(Waiting, states.WaitState, ("waiting",)),
    "broadcast": Life(Broadcast, states.BroadcastState, ("draft",)),
}
"""By the name that it has in the trail."""
