"""Which ten seconds are the liveliest."""

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.audio import LENGTH, Turn, liveliest


def test_the_lively_half_is_chosen() -> None:
    """One voice going on for a minute, then to and fro, then one voice again."""
    turns = [
        Turn(0, 0.0, 60.0),
        *(Turn(n % 2, 60.0 + 2 * n, 61.8 + 2 * n) for n in range(1, 11)),
        Turn(0, 84.0, 150.0),
    ]
    start = liveliest(turns, 150.0)
    assert 60.0 <= start <= 74.0
    assert start == liveliest(turns[::1], 150.0)


def test_the_rarer_voice_counts() -> None:
    """Where only one place has the second voice, it is in the excerpt."""
    turns = [Turn(0, 0.0, 100.0), Turn(1, 100.0, 103.0), Turn(0, 103.0, 150.0)]
    assert 93.0 <= liveliest(turns, 150.0) <= 100.0


def test_without_turns_it_is_the_middle() -> None:
    """Nothing is known of who speaks when; what is shorter than an excerpt begins at its beginning."""
    assert [liveliest([], seconds) for seconds in (150.0, 10.0, 4.0)] == [70.0, 0.0, 0.0]


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0.2, 40.0), st.floats(0.0, 5.0)), max_size=30),
    st.floats(0.0, 30.0),
)
def test_it_lies_within_the_recording(made: list[tuple[int, float, float]], rest: float) -> None:
    """Whoever speaks when."""
    turns, at = [], 0.0
    for voice, length, pause in made:
        turns.append(Turn(voice, at, at + length))
        at += length + pause
    start = liveliest(turns, at + rest)
    assert 0.0 <= start <= max(0.0, at + rest - LENGTH)
