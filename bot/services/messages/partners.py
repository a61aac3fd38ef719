"""Messages about partners: looking for one, being offered one, inviting one, being a pair, parting."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.services.messages.base import Message
from bot.services.messages.slots import SlotView


@dataclass(frozen=True)
class Other:
    """What somebody may know of the other one before both have said yes."""

    name: str
    """The first name."""
    languages: tuple[str, ...] = ()
    dialect: str | None = None


@dataclass(frozen=True)
class Contact:
    """How to write to one's partner; told only once both have said yes."""

    telegram_id: int
    username: str | None = None


# --- where one stands


@dataclass(frozen=True)
class PartnerLater(Message):
    """Partners are for approved people. `missing` is the next step: `sample`, or `verdict` to wait for.

    `invited_by` is the name of the friend whose invitation waits; `invited` of the one who opened one's link.
    """

    missing: str
    invited_by: str = ""
    invited: str = ""


@dataclass(frozen=True)
class NoPartner(Message):
    """Nobody yet, and not looking: find somebody or invite a friend. `invited` has opened one's link."""

    invited: str = ""
    standing_in: bool = False
    """Whether the person is on the stand-in list."""


@dataclass(frozen=True)
class InPool(Message):
    """Waiting for a partner since then; `invited` has opened one's link."""

    since: datetime
    zone: str
    invited: str = ""
    cells: tuple[int, ...] | None = None
    """The parts of the week that the person ticked (`bot.rules.week.ticked`); None before they said so."""
    standing_in: bool = False


@dataclass(frozen=True)
class LeftPool(Message):
    """Not looking any more."""


@dataclass(frozen=True)
class HavePartner(Message):
    """The pair that one is in."""

    partner: Other
    contact: Contact


@dataclass(frozen=True)
class Help:
    """One change and how many would become possible by it: a `bot.rules.advice.Change` and its value.

    `names` are the city's, where it is one.
    """

    change: str
    value: str
    more: int
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WhyNoPartner(Message):
    """Why there is no proposal yet: a `bot.rules.pairing.NoneYet` and its counts over the `others`."""

    reason: str
    others: int
    other_cities: int
    no_common_language: int
    no_common_hours: int
    met_before: int
    ruled_out: int
    possible: int
    in_proposals: int = 0
    """How many more are in the pool and have a proposal open."""
    next_round: datetime | None = None
    zone: str = "UTC"
    helps: tuple[Help, ...] = ()
    """What the person could change, the most helpful first."""


@dataclass(frozen=True)
class Elsewhere:
    """Another city, with the number of times that are free there."""

    code: str
    names: dict[str, str]
    free: int


@dataclass(frozen=True)
class OddOneOut(Message):
    """To who is left over by the rounds, by itself: nobody yet, why, and what there is meanwhile."""

    why: WhyNoPartner
    since: datetime
    elsewhere: tuple[Elsewhere, ...] = ()
    standing_in: bool = False


# --- proposals and invitations


@dataclass(frozen=True)
class ProposalCard(Message):
    """A proposal (配对邀请) as one of its two people sees it.

    `via` is `pool`, `invitation` or `rescue`. `state` is `ask` (no answer yet), `yes` (said yes, waits for the
    other), `paired`, `no` (said no), `never` (and never again),
    or `over` (ended otherwise). `reasons` are `bot.rules.pairing.Reason`.
    `standing_in` tells a rescue's two people apart: the one who stands in, and the one who stayed.
    """

    proposal_id: int
    via: str
    state: str
    other: Other
    reasons: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """Those that both speak."""
    expires_at: datetime | None = None
    zone: str = "UTC"
    slot: SlotView | None = None
    """The session that a stand-in is wanted for."""
    standing_in: bool = False
    reminder: bool = False
    in_pool: bool = False


@dataclass(frozen=True)
class ProposalExcerpt(Message):
    """Ten seconds of the other one's sample, beside a proposal's card; `key` is the audio store's."""

    name: str
    key: str


@dataclass(frozen=True)
class ProposalOver(Message):
    """A proposal ended without a pair, and why.

    `why` is `declined` (by the other), `unanswered` (by the other), `ignored` (by oneself), `gone` (the other is
    not available any more), `left_pool` (ignored twice in a row, and therefore out of the pool) or `left_list` (the
    same, off the stand-in list).
    """

    via: str
    why: str
    name: str
    in_pool: bool = False


@dataclass(frozen=True)
class PairFormed(Message):
    """Both said yes. `booked`: a session comes with it, after a rescue, and is told by itself."""

    partner: Other
    contact: Contact
    booked: bool = False


@dataclass(frozen=True)
class PartnerLink(Message):
    """The link that invites one friend. `left_pool`: making it took the person out of the pool."""

    link: str
    expires_at: datetime
    zone: str
    again: bool = False
    approved: bool = True
    left_pool: bool = False


@dataclass(frozen=True)
class PartnerLinkPicture(Message):
    """The same link as a QR code."""

    link: str


@dataclass(frozen=True)
class InviteeFound(Message):
    """To the inviter: somebody opened the link. `ready`: and has the invitation to answer."""

    name: str
    ready: bool


@dataclass(frozen=True)
class InvitationOut(Message):
    """To the inviter who invites again: somebody opened the last link and has not answered. Another one?"""

    name: str
    ready: bool


@dataclass(frozen=True)
class InvitationWaits(Message):
    """To the invitee: the invitation is kept until both are approved. `self_missing`: one is not oneself."""

    name: str
    self_missing: bool
    inviter_missing: bool


@dataclass(frozen=True)
class InvitationOver(Message):
    """To the invitee: a waiting invitation came to nothing.

    `why` is `paired` (the inviter has a partner), `other` (the inviter invites somebody else), `gone`, or an
    obstacle (`bot.rules.pairing.Obstacle`).
    """

    name: str
    why: str


# --- parting


@dataclass(frozen=True)
class AskLeavePair(Message):
    """Really? `bookings` are the sessions that would be cancelled."""

    pair_id: int
    name: str
    bookings: int = 0


@dataclass(frozen=True)
class LeftPair(Message):
    """The pair is dissolved; `by_self` tells who did it, `never` that they are not paired again."""

    name: str
    by_self: bool
    never: bool = False
    bookings: int = 0
    rescued: bool = False
    """The partner records with a stand-in instead, and a person has one partner at a time."""


@dataclass(frozen=True)
class StayedPair(Message):
    """Not leaving after all."""

    name: str
