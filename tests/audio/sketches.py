"""Sketches to draw: one with everything in it, and any at all."""

import sys

from hypothesis import strategies as st

from bot.audio.envelope import envelope
from bot.audio.sketch import COLUMNS, Figure, Mark, Share, Sketch
from bot.rules.audio import Turn

LOUD = envelope(COLUMNS * (8192).to_bytes(2, sys.byteorder))
"""Everywhere half the height that a full-scale sound has."""

FULL = Sketch(
    title="Sample 12",
    duration=20.0,
    envelope=LOUD,
    turns=(Turn(0, 1.0, 7.0), Turn(1, 8.0, 12.0)),
    silences=((13.0, 19.0),),
    silence="silence",
    marks=(Mark("Breaks off", 19.0, 20.0), Mark("Too quiet")),
    shares=(Share("Voice A 60%", 0.6), Share("Voice B 40%", 0.4)),
    figures=(Figure("0:20", "length"), Figure("31 dB", "above the noise"), Figure("0:06", "longest turn")),
)
"""Twenty seconds: A speaks in 1 to 7, B in 8 to 12, nobody in 13 to 19; the last second is a problem."""

_times = st.one_of(st.floats(0, 900), st.floats(0, 1e308))
_texts = st.text(max_size=40)


def sketches() -> st.SearchStrategy[Sketch]:
    """Any sketch that `Sketch.from_json` takes: times in no order and beyond the end, letters of all kinds."""
    turns = st.builds(Turn, voice=st.integers(0, 5), start=_times, end=_times)
    marks = st.builds(Mark, label=_texts, start=st.none() | _times, end=st.none() | _times)
    return st.builds(
        Sketch,
        title=_texts,
        duration=st.one_of(st.just(0.0), st.floats(0, 900), st.floats(0, 1e308)),
        envelope=st.binary(max_size=COLUMNS).map(lambda half: half + half),
        turns=st.lists(turns, max_size=20).map(tuple),
        silences=st.lists(st.tuples(_times, _times), max_size=5).map(tuple),
        silence=_texts,
        marks=st.lists(marks, max_size=8).map(tuple),
        shares=st.lists(st.builds(Share, label=_texts, share=_times), max_size=3).map(tuple),
        figures=st.lists(st.builds(Figure, value=_texts, label=_texts), max_size=4).map(tuple),
    )
