"""Holds, deadlines, strikes and who may book."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.booking import (
    Block,
    Cost,
    Interval,
    Standing,
    blocked,
    book_by,
    cancel_by,
    cancelling,
    hold_until,
    may_book,
    overlap,
    rescue_until,
    standing,
    unanswered,
)
from bot.rules.errors import Blocked, DomainError, PairNotActive, SlotNotOpen, TooLate
from bot.rules.policy import BookingPolicy
from bot.rules.states import BookingState, PairState, SlotState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = BookingPolicy()


def interval(start: float, end: float) -> Interval:
    """Hours from now."""
    return Interval(NOW + start * HOUR, NOW + end * HOUR)


@pytest.mark.parametrize(
    ("other", "expected"),
    [((0, 3), True), ((2.99, 6), True), ((3, 6), False), ((-3, 0), False), ((-1, 4), True), ((1, 2), True)],
)
def test_intervals_overlap_where_they_share_a_moment(other: tuple[float, float], expected: bool) -> None:
    """One session may begin as the one before it ends."""
    assert overlap(interval(0, 3), interval(*other)) is expected
    assert overlap(interval(*other), interval(0, 3)) is expected


def test_an_empty_interval_is_a_mistake() -> None:
    """It would overlap nothing, and let two into one room."""
    with pytest.raises(ValueError, match="ends after"):
        interval(1, 1)


@pytest.mark.parametrize(
    ("hold", "starts_in", "expected"),
    [(0.5, 24, 0.5), (48, 24, 24), (None, 24, 24), (0, 24, 24)],
)
def test_a_hold_ends_after_its_time_or_with_the_start(
    hold: float | None, starts_in: float, expected: float
) -> None:
    """No limit, and a zero one, leave the start."""
    policy = replace(POLICY, hold=None if hold is None else hold * HOUR)
    assert hold_until(policy, NOW + starts_in * HOUR, NOW) == NOW + expected * HOUR


def test_who_has_not_agreed_is_asked() -> None:
    """The booker has said yes; a waitlist offer asks both."""
    assert unanswered((7, 5), {7}) == (5,)
    assert unanswered((7, 5), ()) == (7, 5)
    assert unanswered((7, 5), {5, 7}) == ()


@pytest.mark.parametrize(
    ("days_ago", "changes", "expected"),
    [
        ([], {}, None),
        ([1], {}, None),
        ([10, 1], {}, Block(NOW + 29 * DAY)),
        ([1, 10], {}, Block(NOW + 29 * DAY)),
        ([40, 31], {}, None),
        ([40, 30], {}, None),
        ([40, 31, 1], {}, None),
        ([50, 41, 2, 1], {}, Block(NOW + 29 * DAY)),
        ([12, 11, 2, 1], {}, Block(NOW + 19 * DAY)),
        ([61, 60, 35, 30, 1], {}, Block(NOW + 29 * DAY)),
        ([10, -1], {}, None),
        ([10, 0], {}, Block(NOW + 30 * DAY)),
        ([400, 300], {"block_for": None}, Block(None)),
        ([2, 1], {"strikes": 0}, None),
        ([1], {"strikes": 1}, Block(NOW + 29 * DAY)),
        ([2, 1], {"block_for": timedelta()}, None),
    ],
)
def test_strikes_block_for_a_while(
    days_ago: list[float], changes: dict[str, Any], expected: Block | None
) -> None:
    """Counted anew after each block, never during one; times ahead do not count yet."""
    assert blocked([NOW - ago * DAY for ago in days_ago], replace(POLICY, **changes), NOW) == expected


@pytest.mark.parametrize(
    ("days_ago", "changes", "expected"),
    [
        ([], {}, Standing(0, None)),
        ([1], {}, Standing(1, None)),
        ([10, 1], {}, Standing(2, Block(NOW + 29 * DAY))),
        ([12, 11, 1], {}, Standing(2, Block(NOW + 19 * DAY))),
        ([50, 41], {}, Standing(0, None)),
        ([50, 41, 2], {}, Standing(1, None)),
        ([2, 1], {"strikes": 0}, Standing(0, None)),
        ([400, 300, 1], {"block_for": None}, Standing(2, Block(None))),
    ],
)
def test_only_strikes_that_no_block_used_up_count(
    days_ago: list[float], changes: dict[str, Any], expected: Standing
) -> None:
    """What a person reads is "1 of 2", was before: a block that is over has used its strikes up."""
    assert standing([NOW - ago * DAY for ago in days_ago], replace(POLICY, **changes), NOW) == expected


@given(st.lists(st.floats(0, 200), max_size=9), st.integers(1, 4))
def test_a_block_lasts_to_the_moment_it_says_and_no_longer(days_ago: list[float], limit: int) -> None:
    """What the person is told is what holds, and the block is never longer than `block_for`."""
    policy = replace(POLICY, strikes=limit)
    strikes = [NOW - ago * DAY for ago in days_ago]
    found = blocked(strikes, policy, NOW)
    if len(strikes) < limit:
        assert found is None
    if found is not None and found.until is not None:
        assert NOW < found.until <= NOW + 30 * DAY
        assert blocked(strikes, policy, found.until - timedelta(microseconds=1)) == found
        assert blocked(strikes, policy, found.until) is None


def booked(**changes: Any) -> DomainError | None:
    """The answer to a booking that is allowed but for the changes."""
    usual: dict[str, Any] = {
        "policy": POLICY,
        "slot": SlotState.OPEN,
        "starts_at": NOW + 5 * HOUR,
        "pair": PairState.ACTIVE,
        "blocks": {7: None, 5: None},
        "now": NOW,
    }
    return may_book(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"pair": PairState.DISSOLVED}, PairNotActive()),
        ({"slot": SlotState.TAKEN}, SlotNotOpen("taken")),
        ({"slot": SlotState.DRAFT}, SlotNotOpen("draft")),
        ({"blocks": {7: None, 5: Block(NOW + DAY)}}, Blocked(5, NOW + DAY)),
        ({"blocks": {7: Block(None), 5: None}}, Blocked(7, None)),
        ({"starts_at": NOW + 2 * HOUR}, None),
        ({"starts_at": NOW + 1.99 * HOUR}, TooLate(NOW - 0.01 * HOUR)),
        ({"starts_at": NOW, "policy": replace(POLICY, min_notice=None)}, TooLate(NOW)),
        ({"starts_at": NOW + 0.1 * HOUR, "policy": replace(POLICY, min_notice=None)}, None),
        ({"starts_at": NOW + 0.1 * HOUR, "policy": replace(POLICY, min_notice=timedelta())}, None),
    ],
)
def test_whether_a_pair_may_book(changes: dict[str, Any], expected: DomainError | None) -> None:
    """Each obstacle by itself, with the data to say it."""
    assert booked(**changes) == expected


@pytest.mark.parametrize(
    ("state", "hours", "changes", "expected"),
    [
        (BookingState.CONFIRMED, 48, {}, Cost.FREE),
        (BookingState.CONFIRMED, 24, {}, Cost.FREE),
        (BookingState.CONFIRMED, 23.99, {}, Cost.STRIKE),
        (BookingState.ATTENDING, 0.01, {}, Cost.STRIKE),
        (BookingState.CONFIRMED, 0, {}, Cost.OVER),
        (BookingState.HELD, 5, {}, Cost.FREE),
        (BookingState.RESCUE, 5, {}, Cost.FREE),
        (BookingState.RESCUE, -1, {}, Cost.OVER),
        (BookingState.CONFIRMED, 0.01, {"cancel_until": None}, Cost.FREE),
        (BookingState.CONFIRMED, 0.01, {"cancel_until": timedelta()}, Cost.FREE),
    ],
)
def test_what_cancelling_costs(
    state: BookingState, hours: float, changes: dict[str, Any], expected: Cost
) -> None:
    """Free until the deadline, a strike after it, too late once it has begun."""
    assert cancelling(replace(POLICY, **changes), state, NOW + hours * HOUR, NOW) is expected


def test_deadlines_are_before_the_start() -> None:
    """What people are told: book until, cancel until."""
    assert book_by(POLICY, NOW) == NOW - 2 * HOUR
    assert cancel_by(POLICY, NOW) == NOW - 24 * HOUR


@pytest.mark.parametrize(
    ("starts_in", "changes", "expected"),
    [
        (48, {}, 12),
        (10, {}, 8),
        (14, {}, 12),
        (2, {}, None),
        (1, {}, None),
        (10, {"min_notice": None}, 10),
        (10, {"rescue": None}, 8),
        (10, {"rescue": timedelta()}, None),
    ],
)
def test_how_long_a_slot_is_kept_for_who_was_left_alone(
    starts_in: float, changes: dict[str, Any], expected: float | None
) -> None:
    """For `rescue`, but a stand-in has the notice everybody has."""
    until = rescue_until(replace(POLICY, **changes), NOW + starts_in * HOUR, NOW)
    assert until == (None if expected is None else NOW + expected * HOUR)
