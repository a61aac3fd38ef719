"""Every table, in one place: importing this package fills the metadata."""

from storage.tables.base import metadata
from storage.tables.bookings import Booking, BookingMember, LedgerEntry, Strike, Timer, Waiting
from storage.tables.calendars import CalendarFeed
from storage.tables.delivery import Broadcast, InboxRow, Job, Lease, OutboxRow, Worker
from storage.tables.pairs import Block, Pair, PairMember, Proposal, ProposalMember, Seeker, StandIn
from storage.tables.people import Audit, Consent, DayOff, Invitation, Person, RoleGrant
from storage.tables.samples import Assignment, Decision, Excerpt, Fingerprint, Reviewer, ReviewGroup, Sample
from storage.tables.studios import (
    City,
    Room,
    RoomClosure,
    Shift,
    Slot,
    SlotBatch,
    SlotTemplate,
    StaffingStep,
    Studio,
)
from storage.tables.wishes import AnnouncedSlot, AnnouncedTo, Announcement, Reserve, Wish

__all__ = [
    "AnnouncedSlot",
    "AnnouncedTo",
    "Announcement",
    "Assignment",
    "Audit",
    "Block",
    "Booking",
    "BookingMember",
    "Broadcast",
    "CalendarFeed",
    "City",
    "Consent",
    "DayOff",
    "Decision",
    "Excerpt",
    "Fingerprint",
    "InboxRow",
    "Invitation",
    "Job",
    "Lease",
    "LedgerEntry",
    "OutboxRow",
    "Pair",
    "PairMember",
    "Person",
    "Proposal",
    "ProposalMember",
    "Reserve",
    "ReviewGroup",
    "Reviewer",
    "RoleGrant",
    "Room",
    "RoomClosure",
    "Sample",
    "Seeker",
    "Shift",
    "Slot",
    "SlotBatch",
    "SlotTemplate",
    "StaffingStep",
    "StandIn",
    "Strike",
    "Studio",
    "Timer",
    "Waiting",
    "Wish",
    "Worker",
    "metadata",
]
