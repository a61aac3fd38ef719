"""Who hears a sample, what their votes decide, and when a silent reviewer is replaced.

A panel hears each sample first. Where it disagrees (or, by policy, where anybody rejects) one further
reviewer decides: the cross-review (交叉审核). Seats count from 0; the seat after the panel is the cross
reviewer's. Whoever replaces a reviewer takes their seat.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.rules.errors import AlreadyAppealed, DomainError, NotRejected, ReasonMissing
from bot.rules.policy import ReviewPolicy
from bot.rules.states import SampleState


class Reason(StrEnum):
    """Why a sample is rejected; the values travel in callback data."""

    NOISE = "noise"
    QUIET = "quiet"
    UNNATURAL = "unnatural"
    FLAT = "flat"
    MONOLOGUE = "monologue"
    OVERTALK = "overtalk"
    THIN = "thin"
    LANGUAGE = "language"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Vote:
    """One reviewer's verdict. Raises `ReasonMissing` for a rejection without a reason."""

    seat: int
    approve: bool
    reasons: tuple[Reason, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rejection that says nothing."""
        if not self.approve and not self.reasons:
            raise ReasonMissing


class Outcome(StrEnum):
    """Where a sample stands after some votes."""

    PENDING = "pending"
    CROSS_REVIEW = "cross_review"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the votes say: which `seats` have yet to vote, or a verdict with the rejecting votes' `reasons`.

    Reasons come each once, the most frequent first, then in the order of `Reason`.
    """

    outcome: Outcome
    seats: tuple[int, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether this is the verdict, after which no vote can be changed."""
        return self.outcome in (Outcome.APPROVED, Outcome.REJECTED)


def decide(policy: ReviewPolicy, votes: Sequence[Vote]) -> Decision:
    """Decide on a sample from the votes of one round (an appeal is a round of its own), in any order.

    The cross reviewer's vote always decides. Otherwise the whole panel must have voted: all for it, approved;
    all against it, rejected, or heard once more under ``any-rejection``; divided, heard once more.

    A panel that the operator made smaller meanwhile leaves votes behind it: the last of them decides.
    Raises ValueError for two votes of one seat and for a negative seat.
    """
    by_seat = {vote.seat: vote for vote in votes}
    if len(by_seat) < len(votes) or any(seat < 0 for seat in by_seat):
        raise ValueError(f"no two votes can share a seat: {[vote.seat for vote in votes]}")
    last = max(by_seat, default=0)
    if last >= policy.panel:
        return _verdict(votes, approve=by_seat[last].approve)
    missing = tuple(seat for seat in range(policy.panel) if seat not in by_seat)
    if missing:
        return Decision(Outcome.PENDING, seats=missing)
    approvals = sum(vote.approve for vote in votes)
    if approvals == policy.panel:
        return _verdict(votes, approve=True)
    if approvals > 0 or policy.cross_review == "any-rejection":
        return Decision(Outcome.CROSS_REVIEW, seats=(policy.panel,))
    return _verdict(votes, approve=False)


def _verdict(votes: Iterable[Vote], *, approve: bool) -> Decision:
    if approve:
        return Decision(Outcome.APPROVED)
    counts = Counter(reason for vote in votes if not vote.approve for reason in set(vote.reasons))
    named = [reason for reason in Reason if reason in counts]
    return Decision(Outcome.REJECTED, reasons=tuple(sorted(named, key=lambda reason: -counts[reason])))


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A reviewer as a candidate for a seat. `languages` are those they hear samples in."""

    id: int
    languages: frozenset[str]
    open_assignments: int = 0
    last_assigned_at: datetime | None = None
    paused: bool = False
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class HeardSample:
    """What matters of a sample for choosing its reviewers; people are ids.

    `partners` are the applicant's present and past ones, `invitations` those the applicant invited or was
    invited by, `seated` those who have been given this sample before, however that ended.
    """

    applicant: int
    language: str
    partners: frozenset[int] = frozenset()
    invitations: frozenset[int] = frozenset()
    seated: frozenset[int] = frozenset()


class Obstacle(StrEnum):
    """Why somebody may not review a sample."""

    APPLICANT = "applicant"
    PARTNER = "partner"
    INVITATION = "invitation"
    SEATED = "seated"
    LANGUAGE = "language"
    PAUSED = "paused"
    UNREACHABLE = "unreachable"


def obstacle(candidate: Reviewer, sample: HeardSample) -> Obstacle | None:
    """The first thing that keeps the candidate from this sample, ties to the applicant before all else."""
    found = {
        Obstacle.APPLICANT: candidate.id == sample.applicant,
        Obstacle.PARTNER: candidate.id in sample.partners,
        Obstacle.INVITATION: candidate.id in sample.invitations,
        Obstacle.SEATED: candidate.id in sample.seated,
        Obstacle.LANGUAGE: sample.language not in candidate.languages,
        Obstacle.PAUSED: candidate.paused,
        Obstacle.UNREACHABLE: not candidate.reachable,
    }
    return next((kind for kind, holds in found.items() if holds), None)


def eligible(candidate: Reviewer, sample: HeardSample) -> bool:
    """Whether the candidate may review this sample."""
    return obstacle(candidate, sample) is None


def choose(candidates: Iterable[Reviewer], n: int, sample: HeardSample) -> tuple[Reviewer, ...]:
    """The `n` eligible candidates to ask: fewest open assignments, then longest idle, then lowest id.

    Who was never asked has been idle longest. Fewer than `n` come back where there are no more; the caller
    then tells the coordinators.
    """
    fit = [candidate for candidate in candidates if eligible(candidate, sample)]
    return tuple(sorted(fit, key=_turn)[: max(n, 0)])


def _turn(candidate: Reviewer) -> tuple[int, bool, float, int]:
    last = candidate.last_assigned_at
    return candidate.open_assignments, last is not None, last.timestamp() if last else 0.0, candidate.id


def nudge_at(policy: ReviewPolicy, assigned_at: datetime) -> datetime | None:
    """When to remind a reviewer of an open assignment; ``None`` if never.

    A limit of zero is off. Nobody is nudged at the moment they are replaced, or after it.
    """
    due = _after(assigned_at, policy.nudge_after)
    replaced = reassign_at(policy, assigned_at)
    return None if due is None or (replaced is not None and due >= replaced) else due


def reassign_at(policy: ReviewPolicy, assigned_at: datetime) -> datetime | None:
    """When an open assignment expires and goes to somebody else; ``None`` if never (a zero limit is off)."""
    return _after(assigned_at, policy.reassign_after)


def _after(at: datetime, span: timedelta | None) -> datetime | None:
    return at + span if span else None


class Overdue(StrEnum):
    """What a still open assignment calls for."""

    NOTHING = "nothing"
    NUDGE = "nudge"
    REASSIGN = "reassign"


def overdue(policy: ReviewPolicy, assigned_at: datetime, now: datetime, *, nudged: bool) -> Overdue:
    """What to do about an assignment open since `assigned_at`: each is nudged once, then reassigned."""
    replaced, reminded = reassign_at(policy, assigned_at), nudge_at(policy, assigned_at)
    if replaced is not None and now >= replaced:
        return Overdue.REASSIGN
    if not nudged and reminded is not None and now >= reminded:
        return Overdue.NUDGE
    return Overdue.NOTHING


def may_appeal(state: SampleState, *, appealed_before: bool) -> DomainError | None:
    """Why a sample cannot be appealed, or ``None`` if it can: once, and only when rejected.

    An appeal goes to people who were never seated at the sample; `choose` sees to that through `seated`.
    """
    if appealed_before:
        return AlreadyAppealed()
    return None if state is SampleState.REJECTED else NotRejected()
