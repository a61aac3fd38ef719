"""First waves: who is in them, in what order, and for how long."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.waves import FACTOR, Claim, first_wave, head_start, waits

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = st.integers(0, 30).map(lambda days: NOON - days * DAY)
CLAIMS = st.lists(
    st.builds(Claim, st.integers(1, 50), MOMENT, st.none() | MOMENT),
    unique_by=lambda claim: claim.pair_id,
    max_size=20,
)


def test_who_never_recorded_is_first() -> None:
    """Then the longest a pair, then the longest without a session."""
    claims = [
        Claim(1, NOON - 9 * DAY, recorded=NOON - 8 * DAY),
        Claim(2, NOON - 1 * DAY),
        Claim(3, NOON - 5 * DAY),
        Claim(4, NOON - 9 * DAY, recorded=NOON - 2 * DAY),
    ]
    assert first_wave(claims, 2) == (3, 2, 1, 4)
    assert first_wave(claims, 1) == (3, 2)
    assert FACTOR == 2


@given(CLAIMS, st.integers(0, 12), st.randoms(use_true_random=False))
def test_a_wave_is_the_same_whatever_order_it_is_told_in(
    claims: list[Claim], slots: int, random: object
) -> None:
    """As many as the slots times the factor, and nobody left out has waited longer than somebody in it."""
    wave = first_wave(claims, slots)
    shuffled = list(claims)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert first_wave(shuffled, slots) == wave
    assert len(wave) == min(len(claims), slots * FACTOR)
    by_id = {claim.pair_id: claim for claim in claims}
    inside = [by_id[pair_id] for pair_id in wave]
    outside = [claim for claim in claims if claim.pair_id not in wave]
    for one in inside:
        for other in outside:
            assert (one.recorded is None) >= (other.recorded is None)
            if one.recorded is None and other.recorded is None:
                assert one.since <= other.since
            elif one.recorded is not None and other.recorded is not None:
                assert one.recorded <= other.recorded


def test_how_long_the_head_start_is() -> None:
    """As long as the policy says; none where it says none, or where nobody else could book after it."""
    assert head_start(2 * DAY, NOON) == NOON + 2 * DAY
    assert (head_start(None, NOON), head_start(timedelta(), NOON)) == (None, None)
    assert (waits(NOON, NOON + DAY), waits(NOON, NOON)) == (True, False)
