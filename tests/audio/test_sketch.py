"""What a picture is drawn from: its way through JSON, the outline of a recording, and where it is silent."""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audio.envelope import envelope
from bot.audio.sketch import COLUMNS, MAX_ITEMS, MAX_TEXT, Figure, Mark, Share, Sketch, silences
from bot.rules.audio import SILENCE_LUFS, Turn
from tests.audio.sketches import FULL, sketches


@given(sketches())
def test_a_sketch_comes_out_of_json_as_it_went_in(sketch: Sketch) -> None:
    """By way of text, as through the pipe to the worker."""
    assert Sketch.from_json(json.loads(json.dumps(sketch.to_json(), allow_nan=False))) == sketch


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: None,
        lambda _: [],
        lambda data: {**data, "more": 1},
        lambda data: {name: value for name, value in data.items() if name != "title"},
        lambda data: {**data, "title": None},
        lambda data: {**data, "title": "x" * (MAX_TEXT + 1)},
        lambda data: {**data, "duration": True},
        lambda data: {**data, "duration": -1.0},
        lambda data: {**data, "duration": float("inf")},
        lambda data: {**data, "duration": float("nan")},
        lambda data: {**data, "duration": "9"},
        lambda data: {**data, "duration": 10**400},
        lambda data: {**data, "envelope": 7},
        lambda data: {**data, "envelope": "???"},
        lambda data: {**data, "envelope": "ü"},
        lambda data: {**data, "envelope": "AA=="},  # half a pair
        lambda data: {**data, "envelope": "AAAA" * (COLUMNS + 1)},
        lambda data: {**data, "turns": [{"voice": 1.0, "start": 0, "end": 1}]},
        lambda data: {**data, "turns": [{"voice": -1, "start": 0, "end": 1}]},
        lambda data: {**data, "turns": [{"voice": 0, "start": 0}]},
        lambda data: {**data, "turns": [[0, 0, 1]]},
        lambda data: {**data, "turns": data["turns"][:1] * (MAX_ITEMS + 1)},
        lambda data: {**data, "silences": [[1.0]]},
        lambda data: {**data, "silences": [[1.0, None]]},
        lambda data: {**data, "silences": {}},
        lambda data: {**data, "marks": ["loud"]},
        lambda data: {**data, "marks": [{"label": "loud", "start": "0", "end": None}]},
        lambda data: {**data, "shares": [{"label": 5, "share": 0.5}]},
        lambda data: {**data, "figures": [{"value": 5, "label": "length"}]},
    ],
)
def test_anything_else_is_no_sketch(spoil: Callable[[Any], object]) -> None:
    """One ValueError for whatever comes out of the pipe, so that the worker need not know what can be wrong."""
    with pytest.raises(ValueError):
        Sketch.from_json(spoil(FULL.to_json()))


def test_an_envelope_holds_the_roots_of_the_lowest_and_highest() -> None:
    """-80 dBFS is one step, full scale all 127; four samples in two columns."""
    pcm = np.array([8192, -32768, 0, 3], dtype=np.int16).tobytes()
    assert np.frombuffer(envelope(pcm, 2), dtype=np.int8).tolist() == [-127, 64, 0, 1]


@pytest.mark.parametrize("length", [0, 1, 799, 800, 801, 1601, 100_000])
def test_an_envelope_has_a_pair_a_column_and_no_more_than_samples(length: int) -> None:
    """However the samples divide; the last sample counts too."""
    samples = np.zeros(length, dtype=np.int16)
    samples[-1:] = 32767
    found = np.frombuffer(envelope(samples.tobytes()), dtype=np.int8)
    assert len(found) == 2 * min(length, COLUMNS)
    assert found[-1:].tolist() == [127] * min(length, 1)


def _columns(*parts: tuple[float, int]) -> bytes:
    """An envelope: amplitudes with how many columns they go on for."""
    pcm = b"".join(
        columns * round(amplitude * 32768).to_bytes(2, sys.byteorder) for amplitude, columns in parts
    )
    return envelope(pcm, len(pcm) // 2)


def test_silences_are_told_from_pauses() -> None:
    """At a column a second: two seconds are a pause, three a silence, at the end as well."""
    loud, still = 0.3, 0.005  # peaks of -10 and -46 dBFS in a recording of -23 LUFS
    outline = _columns((loud, 5), (still, 2), (loud, 5), (still, 3), (loud, 5), (still, 4))
    assert silences(outline, 24.0, -23.0) == ((12.0, 15.0), (20.0, 24.0))


def test_a_quiet_recording_is_not_silent() -> None:
    """Silence is told by the recording's own loudness: at -45 LUFS, peaks of -46 dBFS are talk."""
    outline = _columns((0.005, 10))
    assert silences(outline, 10.0, -45.0) == ()
    assert silences(outline, 10.0, SILENCE_LUFS) == ((0.0, 10.0),)


@given(st.binary(max_size=40), st.floats(0, 900), st.floats(-80, 0))
def test_silences_lie_one_after_the_other(outline: bytes, duration: float, loudness: float) -> None:
    """Within the recording, each as long as a silence is, whatever the bytes."""
    times = [time for pair in silences(outline, duration, loudness) for time in pair]
    assert times == sorted(times)
    assert all(0 <= time <= duration for time in times)


def test_the_full_sketch_shows_everything() -> None:
    """What the other tests rely on: each kind of thing is in it."""
    assert (
        Sketch(
            "Sample 12",
            20.0,
            FULL.envelope,
            (Turn(0, 1.0, 7.0), Turn(1, 8.0, 12.0)),
            ((13.0, 19.0),),
            "silence",
            (Mark("Breaks off", 19.0, 20.0), Mark("Too quiet")),
            (Share("Voice A 60%", 0.6), Share("Voice B 40%", 0.4)),
            (Figure("0:20", "length"), Figure("31 dB", "above the noise"), Figure("0:06", "longest turn")),
        )
        == FULL
    )
