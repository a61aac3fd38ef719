"""Messages about hearing samples: the reviewers' cards, the verdict, and what coordinators must know."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from bot.rules.audio import Finding
from bot.services.messages.base import IfUncertain, Lane, Message
from bot.services.messages.partners import Contact
from bot.services.messages.samples import Picture


@dataclass(frozen=True)
class Copy:
    """An earlier sample of somebody else that holds the same recording for so many seconds.

    `linked`: the two people are or were partners, or one invited the other.
    """

    sample_id: int
    seconds: float
    linked: bool


@dataclass(frozen=True)
class Playback:
    """The recording of a card and what a reviewer needs to know of it. `seconds` is measured, not claimed."""

    sample_id: int
    file_id: str
    media: str
    audio_key: str | None
    language: str
    seconds: float | None
    warnings: tuple[Finding, ...] = ()
    appeal: bool = False
    notes: tuple[Finding, ...] = ()
    copies: tuple[Copy, ...] = ()


@dataclass(frozen=True)
class ReviewCard(Message):
    """One person's card for one sample: to vote on while it is undecided.

    `key` is what its buttons name. `seat` is `panel`, `cross` or `judge` (a coordinator who decides an appeal).
    `approve` and `reasons` are the vote that counts so far; `ticking` the reasons of a rejection that does not
    count yet, None when none is under way. `nudged`: it has waited long; `until`: then somebody else gets it.
    """

    lane: ClassVar[Lane] = Lane.REVIEW
    key: str
    playback: Playback
    seat: str = "panel"
    approve: bool | None = None
    reasons: tuple[str, ...] = ()
    ticking: tuple[str, ...] | None = None
    nudged: bool = False
    until: datetime | None = None
    zone: str = "UTC"


@dataclass(frozen=True)
class GroupCard(Message):
    """A sample's one card in the reviewers' group: `heard` of `wanted` votes are there, and no more is told."""

    lane: ClassVar[Lane] = Lane.REVIEW
    key: str
    playback: Playback
    heard: int
    wanted: int
    cross: bool = False
    nudged: bool = False


@dataclass(frozen=True)
class ReviewClosed(Message):
    """What became of a card that cannot be voted on any more.

    `how` is `decided`, `skipped`, `expired`, `moved` (shown again further down), `private` (reviewing left the
    group) or `withdrawn`. Decided: `approved`, `by` panel, cross-review or coordinator, `reasons`, and the
    reader's `own` vote.
    """

    lane: ClassVar[Lane] = Lane.REVIEW
    if_uncertain: ClassVar[IfUncertain] = IfUncertain.NEVER
    how: str
    playback: Playback
    approved: bool = False
    by: str = ""
    reasons: tuple[str, ...] = ()
    own: bool | None = None


@dataclass(frozen=True)
class ReviewPicture(Message):
    """The picture of the recording, to whoever gets its card: once a sample, however often the card is shown."""

    lane: ClassVar[Lane] = Lane.REVIEW
    if_uncertain: ClassVar[IfUncertain] = IfUncertain.ONCE_MORE
    sample_id: int
    picture: Picture


@dataclass(frozen=True)
class SampleApproved(Message):
    """The verdict: approved, and the way to a partner."""

    sample_id: int
    appeal: bool = False


@dataclass(frozen=True)
class SampleRejected(Message):
    """The verdict: rejected, why, and how to go on. `appealed`: this very verdict was appealed."""

    sample_id: int
    reasons: tuple[str, ...]
    attempts_left: int | None
    next_at: datetime | None = None
    zone: str = "UTC"
    appeal: bool = False
    can_appeal: bool = False
    appealed: bool = False


@dataclass(frozen=True)
class AppealTaken(Message):
    """The appeal is under way."""

    sample_id: int


@dataclass(frozen=True)
class ReviewersMissing(Message):
    """To coordinators: so many seats of a sample cannot be given to anybody."""

    lane: ClassVar[Lane] = Lane.REVIEW
    sample_id: int
    language: str
    missing: int
    wanted: int
    cross: bool = False
    appeal: bool = False


@dataclass(frozen=True)
class GroupSilent(Message):
    """To coordinators: nobody in the reviewers' group has heard this sample for so long."""

    lane: ClassVar[Lane] = Lane.REVIEW
    sample_id: int
    group: str
    heard: int
    wanted: int
    since: datetime
    zone: str = "UTC"


@dataclass(frozen=True)
class GroupLost(Message):
    """To coordinators: the bot is no longer in the reviewers' group, so reviewing is private again."""

    group: str


@dataclass(frozen=True)
class SameRecording(Message):
    """To coordinators: two people who are not linked sent the same recording, for so many seconds of it.

    `name` and `sample_id` are of the later one, `other` and `other_id` of the earlier one; the contacts are to ask
    them by.
    """

    lane: ClassVar[Lane] = Lane.REVIEW
    sample_id: int
    name: str
    contact: Contact
    other_id: int
    other: str
    other_contact: Contact
    seconds: float


@dataclass(frozen=True)
class QueueShown(Message):
    """What is open for a reviewer is shown again below; `left_out` more did not fit."""

    lane: ClassVar[Lane] = Lane.REVIEW
    shown: int
    left_out: int = 0
    paused: bool = False


@dataclass(frozen=True)
class QueueEmpty(Message):
    """Nothing waits for this reviewer; `group` is the chat where reviewing happens, if it does."""

    paused: bool = False
    group: str = ""


@dataclass(frozen=True)
class ReviewingPaused(Message):
    """No new samples from now on; so many open ones stay."""

    open: int


@dataclass(frozen=True)
class ReviewingResumed(Message):
    """New samples come again."""


@dataclass(frozen=True)
class GroupStarted(Message):
    """In the group: reviewing happens here from now on."""

    waiting: int


@dataclass(frozen=True)
class GroupEnded(Message):
    """Reviewing happens in private again; `before` is false if it did already."""

    before: bool


@dataclass(frozen=True)
class GroupState(Message):
    """Where reviewing happens now, with the buttons to change that. `here`: in this very chat."""

    group: str
    here: bool
    private_chat: bool
