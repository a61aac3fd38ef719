"""Who reviews, what votes decide, and when a reviewer is late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.errors import AlreadyAppealed, DomainError, NotRejected, ReasonMissing
from bot.rules.policy import ReviewPolicy
from bot.rules.review import (
    Decision,
    HeardSample,
    Obstacle,
    Outcome,
    Overdue,
    Reason,
    Reviewer,
    Vote,
    choose,
    decide,
    eligible,
    may_appeal,
    nudge_at,
    obstacle,
    overdue,
    reassign_at,
)
from bot.rules.states import SampleState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANY_REJECTION = ReviewPolicy(cross_review="any-rejection")


def votes(pattern: str) -> list[Vote]:
    """Votes of the seats in order: ``+`` for, ``-`` against, ``.`` not yet."""
    return [
        Vote(seat, sign == "+", () if sign == "+" else (Reason.FLAT,))
        for seat, sign in enumerate(pattern)
        if sign != "."
    ]


APPROVED = Decision(Outcome.APPROVED)
REJECTED = Decision(Outcome.REJECTED, reasons=(Reason.FLAT,))


@pytest.mark.parametrize(
    ("panel", "pattern", "plain", "strict"),
    [
        (2, "", Decision(Outcome.PENDING, seats=(0, 1)), None),
        (2, "+", Decision(Outcome.PENDING, seats=(1,)), None),
        (2, ".-", Decision(Outcome.PENDING, seats=(0,)), None),
        (2, "++", APPROVED, None),
        (2, "+-", Decision(Outcome.CROSS_REVIEW, seats=(2,)), None),
        (2, "-+", Decision(Outcome.CROSS_REVIEW, seats=(2,)), None),
        (2, "--", REJECTED, Decision(Outcome.CROSS_REVIEW, seats=(2,))),
        (2, "+-+", APPROVED, None),
        (2, "+--", REJECTED, None),
        (2, "--+", APPROVED, None),
        (2, "---", REJECTED, None),
        (2, "++-", REJECTED, None),
        (1, "", Decision(Outcome.PENDING, seats=(0,)), None),
        (1, "+", APPROVED, None),
        (1, "-", REJECTED, Decision(Outcome.CROSS_REVIEW, seats=(1,))),
        (1, "-+", APPROVED, None),
        (3, "++", Decision(Outcome.PENDING, seats=(2,)), None),
        (3, "++-", Decision(Outcome.CROSS_REVIEW, seats=(3,)), None),
        (3, "---", REJECTED, Decision(Outcome.CROSS_REVIEW, seats=(3,))),
        (3, "++--", REJECTED, None),
    ],
)
def test_votes_decide(panel: int, pattern: str, plain: Decision, strict: Decision | None) -> None:
    """Every pattern, under "disagreement" and (where it differs) under "any-rejection"."""
    assert decide(ReviewPolicy(panel=panel), votes(pattern)) == plain
    assert decide(replace(ANY_REJECTION, panel=panel), votes(pattern)) == (strict or plain)


patterns = st.integers(1, 5).flatmap(
    lambda panel: st.tuples(st.just(panel), st.text("+-.", min_size=panel + 1, max_size=panel + 1))
)
modes = st.sampled_from(["disagreement", "any-rejection"])


@given(patterns, modes, st.randoms(use_true_random=False))
def test_the_order_in_which_votes_arrive_does_not_matter(
    case: tuple[int, str], mode: str, chance: object
) -> None:
    """Votes come in any order and twice at once; the decision is one."""
    panel, pattern = case
    policy = ReviewPolicy(panel=panel, cross_review=mode)  # type: ignore[arg-type]
    shuffled = votes(pattern)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(policy, shuffled) == decide(policy, votes(pattern))


@given(patterns, modes)
def test_a_sample_is_pending_exactly_while_a_needed_vote_is_missing(case: tuple[int, str], mode: str) -> None:
    """Asking the named seats always leads to a verdict, and the cross vote is the verdict."""
    panel, pattern = case
    policy = ReviewPolicy(panel=panel, cross_review=mode)  # type: ignore[arg-type]
    decision = decide(policy, votes(pattern))
    assert decision.is_final == (not decision.seats)
    if pattern[panel] != ".":
        assert decision.outcome is (Outcome.APPROVED if pattern[panel] == "+" else Outcome.REJECTED)
    answered = votes(pattern)
    while not decision.is_final:
        answered += [Vote(seat, approve=True) for seat in decision.seats]
        decision = decide(policy, answered)
    assert len(answered) <= panel + 1


def test_reasons_are_ordered_by_how_many_named_them() -> None:
    """The applicant reads first what most reviewers heard; approving votes add nothing."""
    panel = [
        Vote(0, False, (Reason.OTHER, Reason.THIN)),
        Vote(1, True, (Reason.NOISE,)),
        Vote(2, False, (Reason.THIN, Reason.FLAT)),
    ]
    expected = Decision(Outcome.REJECTED, reasons=(Reason.THIN, Reason.FLAT, Reason.OTHER))
    assert decide(ReviewPolicy(), panel) == expected


def test_a_rejection_needs_a_reason() -> None:
    """Nobody is turned away without being told why."""
    with pytest.raises(ReasonMissing):
        Vote(0, approve=False)


@pytest.mark.parametrize("seats", [(0, 0), (-1,)])
def test_votes_that_fit_no_panel_are_a_mistake(seats: tuple[int, ...]) -> None:
    """Two votes of one seat would make two decisions possible."""
    with pytest.raises(ValueError, match="seat"):
        decide(ReviewPolicy(), [Vote(seat, approve=True) for seat in seats])


def test_a_smaller_panel_decides_on_the_votes_there_are() -> None:
    """An operator's change of the policy leaves no sample stuck."""
    assert decide(ReviewPolicy(panel=1), votes("-+-")) == REJECTED


def test_reasons_are_the_words_of_the_callback_contract() -> None:
    """The values stand in buttons already sent."""
    words = "noise quiet unnatural flat monologue overtalk thin language other"
    assert [reason.value for reason in Reason] == words.split()


SAMPLE = HeardSample(
    applicant=1, language="zh", partners=frozenset({2}), invitations=frozenset({3}), seated=frozenset({4})
)
ZH = frozenset({"zh", "en"})


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (Reviewer(9, ZH), None),
        (Reviewer(1, ZH), Obstacle.APPLICANT),
        (Reviewer(2, ZH), Obstacle.PARTNER),
        (Reviewer(3, ZH), Obstacle.INVITATION),
        (Reviewer(4, ZH), Obstacle.SEATED),
        (Reviewer(9, frozenset({"en"})), Obstacle.LANGUAGE),
        (Reviewer(9, frozenset()), Obstacle.LANGUAGE),
        (Reviewer(9, ZH, paused=True), Obstacle.PAUSED),
        (Reviewer(9, ZH, reachable=False), Obstacle.UNREACHABLE),
        (Reviewer(1, frozenset(), paused=True), Obstacle.APPLICANT),
    ],
)
def test_nobody_reviews_whom_they_are_tied_to(candidate: Reviewer, expected: Obstacle | None) -> None:
    """Each obstacle keeps away by itself, and ties are named before circumstances."""
    assert obstacle(candidate, SAMPLE) is expected
    assert eligible(candidate, SAMPLE) is (expected is None)


def test_reviewers_are_chosen_by_load_then_idleness_then_id() -> None:
    """Each criterion decides only where those before it are equal."""
    ranked = [
        Reviewer(17, ZH),
        Reviewer(18, ZH),
        Reviewer(15, ZH, last_assigned_at=NOW - 2 * HOUR),
        Reviewer(12, ZH, last_assigned_at=NOW - HOUR),
        Reviewer(14, ZH, last_assigned_at=NOW - HOUR),
        Reviewer(10, ZH, open_assignments=1),
        Reviewer(11, ZH, open_assignments=1, last_assigned_at=NOW - 9 * HOUR),
        Reviewer(9, ZH, open_assignments=2),
    ]
    for n in range(len(ranked) + 2):
        assert choose(reversed(ranked), n, SAMPLE) == tuple(ranked[:n])


reviewers = st.builds(
    Reviewer,
    id=st.integers(1, 30),
    languages=st.sampled_from([ZH, frozenset({"en"})]),
    open_assignments=st.integers(0, 3),
    last_assigned_at=st.none() | st.integers(0, 99).map(lambda ago: NOW - ago * HOUR),
    paused=st.booleans(),
    reachable=st.booleans(),
)


@given(st.lists(reviewers, unique_by=lambda reviewer: reviewer.id), st.integers(0, 4))
def test_as_many_eligible_people_are_chosen_as_there_are(candidates: list[Reviewer], n: int) -> None:
    """Nobody ineligible is chosen, nobody eligible left out who carries less."""
    chosen = choose(candidates, n, SAMPLE)
    fit = [candidate for candidate in candidates if obstacle(candidate, SAMPLE) is None]
    assert len(chosen) == min(n, len(fit))
    assert set(chosen) <= set(fit)
    left = set(fit) - set(chosen)
    assert all(a.open_assignments <= b.open_assignments for a in chosen for b in left)


@pytest.mark.parametrize(
    ("nudge", "reassign", "nudged_at", "reassigned_at"),
    [
        (4 * HOUR, 24 * HOUR, NOW + 4 * HOUR, NOW + 24 * HOUR),
        (None, 24 * HOUR, None, NOW + 24 * HOUR),
        (4 * HOUR, None, NOW + 4 * HOUR, None),
        (timedelta(), timedelta(), None, None),
        (24 * HOUR, 24 * HOUR, None, NOW + 24 * HOUR),
        (30 * HOUR, 24 * HOUR, None, NOW + 24 * HOUR),
    ],
)
def test_when_a_silent_reviewer_is_nudged_and_replaced(
    nudge: timedelta | None,
    reassign: timedelta | None,
    nudged_at: datetime | None,
    reassigned_at: datetime | None,
) -> None:
    """No limit and a zero limit are off; nobody is nudged as they are replaced."""
    policy = ReviewPolicy(nudge_after=nudge, reassign_after=reassign)
    assert nudge_at(policy, NOW) == nudged_at
    assert reassign_at(policy, NOW) == reassigned_at


@pytest.mark.parametrize(
    ("hours", "nudged", "expected"),
    [
        (3.99, False, Overdue.NOTHING),
        (4, False, Overdue.NUDGE),
        (4, True, Overdue.NOTHING),
        (23.99, True, Overdue.NOTHING),
        (24, False, Overdue.REASSIGN),
        (24, True, Overdue.REASSIGN),
    ],
)
def test_what_an_open_assignment_calls_for(hours: float, nudged: bool, expected: Overdue) -> None:
    """One nudge, then somebody else."""
    assert overdue(ReviewPolicy(), NOW, NOW + hours * HOUR, nudged=nudged) is expected


@pytest.mark.parametrize("state", SampleState)
def test_only_a_rejected_sample_can_be_appealed_and_once(state: SampleState) -> None:
    """The second appeal is refused whatever state the first led to."""
    expected: DomainError | None = None if state is SampleState.REJECTED else NotRejected()
    assert may_appeal(state, appealed_before=False) == expected
    assert may_appeal(state, appealed_before=True) == AlreadyAppealed()
