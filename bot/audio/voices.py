"""How many voices there are, and who speaks when.

Windows of talk become embeddings; two centroids are laid through them, and how like these are to each other
tells one voice from two. Then every moment goes to the nearer of the two, with a price on each change.
What was measured, and what it cannot tell: docs/audio.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bot.audio.embeddings import WINDOW, Embeddings, VoiceModel, unit
from bot.audio.levels import Samples
from bot.rules.audio import Turn

ONE_VOICE = 0.847
"""Likeness from which on there is one voice: no monologue that was measured has less, no two people over 0.782."""

PAUSE = 2.0
"""Seconds: a shorter pause is within a turn, if the same voice goes on."""

_HOP = 1.0  # seconds from one window to the next: half of it costs twice as much and finds the same
_SMALLEST = 0.04  # share of the windows: a third voice with less is noise
_TWO_PEOPLE, _THREE_PEOPLE = 0.86, 0.72  # cosine of the closest two of three centroids: at least, at most
_STEP = 0.05  # seconds of one moment
_FEWEST = 8  # windows: with fewer nothing can be said about a second voice
_ODDEST = 0.05  # share of the windows that is left out: laughter, both at once, a click
_CHANGE = 0.3  # what a change of voice costs, in summed differences of likeness to the centroids
_CHANGE_AT_PAUSE = 0.09  # the same where one stretch of speech ends
_NO_PAUSE = 0.1  # seconds between two voices that are none
_ROUNDS = 20  # of k-means: it ends by itself after some four

Stretch = tuple[float, float]
"""Start and end in seconds."""


@dataclass(frozen=True, slots=True)
class Voices:
    """Who speaks in a recording; see `AudioFacts` for what each means.

    count     0 if nobody speaks, 1, or 2 (which is "two or more"); 1 without a likeness is too little to tell
    likeness  cosine of the two centroids, None where there is too little talk for it
    third     0..1, a hint of a third voice; None where there is one voice only or too little talk
    turns     in order, none overlaps another
    shares    of the talk, by voice; they sum to 1
    longest_turn, turns_per_minute  seconds; turns by minute from the first word to the last
    overlap   share (0..1) of the changes of voice without a pause between; None where the voice never changes
    """

    count: int
    likeness: float | None
    third: float | None
    turns: tuple[Turn, ...]
    shares: tuple[float, ...]
    longest_turn: float
    turns_per_minute: float
    overlap: float | None


def hear_voices(x: Samples, speech: Sequence[Stretch], model: VoiceModel) -> Voices:
    """The voices of mono samples at 16 kHz, of which `speech` are the stretches in which somebody speaks.

    The level does not matter: the features are freed of it.
    """
    windows = [window for stretch in speech for window in cut(stretch)]
    embeddings = model.embed(x, windows)
    if len(windows) < _FEWEST:
        return _summary(None, None, [Turn(0, start, end) for start, end in speech])
    plain = _plain(embeddings)
    centroids = _means(plain, 2)
    likeness = float(centroids[0] @ centroids[1])
    if likeness >= ONE_VOICE:
        return _summary(likeness, None, [Turn(0, start, end) for start, end in speech])
    return _summary(likeness, _third(plain), _assign(speech, windows, embeddings @ centroids.T))


def cut(stretch: Stretch) -> list[Stretch]:
    """The windows of one stretch of speech: the last one ends with it; a short stretch is a window of its own."""
    start, end = stretch
    if end - start <= WINDOW:
        return [stretch]
    starts = np.arange(start, end - WINDOW, _HOP)
    return [(float(at), float(at) + WINDOW) for at in starts] + [(end - WINDOW, end)]


def _plain(embeddings: Embeddings) -> Embeddings:
    """Without the oddest: those least like even the two that are most like them.

    Two, so that a few words of another person, who is like himself, are not odd.
    """
    alike = np.sort(embeddings @ embeddings.T, axis=1)
    kinship = alike[:, -3:-1].mean(axis=1)  # the last is the window itself
    plain: Embeddings = embeddings[kinship >= np.quantile(kinship, _ODDEST)]
    return plain


def _third(plain: Embeddings) -> float:
    """How much the third of three centroids is a voice of its own, 0..1.

    Three people's are all unlike each other; of two people's, two are one person's.
    """
    centroids = _means(plain, 3)
    smallest = np.bincount((plain @ centroids.T).argmax(axis=1), minlength=3).min() / len(plain)
    if smallest < _SMALLEST:
        return 0.0
    closest = float((centroids @ centroids.T)[np.triu_indices(3, 1)].max())
    return float(np.clip((_TWO_PEOPLE - closest) / (_TWO_PEOPLE - _THREE_PEOPLE), 0, 1))


def _means(embeddings: Embeddings, k: int) -> Embeddings:
    """`k` centroids of length 1, the best that k-means finds from several starts."""
    return max(
        (_mean_from(embeddings, k, start) for start in _starts(embeddings)), key=lambda found: found[0]
    )[1]


def _starts(embeddings: Embeddings) -> Iterable[int]:
    """Evenly spread embeddings to begin with: no dice, so that the same bytes give the same facts."""
    return sorted({int(at) for at in np.linspace(0, len(embeddings) - 1, 5)})


def _mean_from(embeddings: Embeddings, k: int, start: int) -> tuple[float, Embeddings]:
    """Spherical k-means from one embedding and, in turn, those farthest from all before: fit and centroids."""
    centroids = embeddings[[start]]
    while len(centroids) < k:
        farthest = int((embeddings @ centroids.T).max(axis=1).argmin())
        centroids = np.concatenate([centroids, embeddings[[farthest]]])
    for _ in range(_ROUNDS):
        nearest = (embeddings @ centroids.T).argmax(axis=1)
        sums = np.stack(
            [embeddings[nearest == j].sum(axis=0) if (nearest == j).any() else centroids[j] for j in range(k)]
        )
        centroids = unit(sums)
    return float((embeddings @ centroids.T).max(axis=1).sum()), centroids


def _assign(
    speech: Sequence[Stretch], windows: Sequence[Stretch], likeness: npt.NDArray[np.float32]
) -> list[Turn]:
    """The stretches, cut where the voice changes; `likeness` is that of each window to each centroid."""
    difference = likeness[:, 0] - likeness[:, 1]
    spans, scores, prices = [], [], []
    for stretch in speech:
        inside = [i for i, window in enumerate(windows) if stretch[0] <= window[0] < stretch[1]]
        moments, lean = _lean(stretch, [windows[i] for i in inside], difference[inside])
        spans += list(pairwise(moments))
        scores += lean.tolist()
        prices += [_CHANGE_AT_PAUSE] + [_CHANGE] * (len(lean) - 1)
    path = cheapest(scores, prices)
    return [Turn(voice, start, end) for voice, (start, end) in zip(path, spans, strict=True)]


def _lean(
    stretch: Stretch, windows: Sequence[Stretch], difference: npt.NDArray[np.float32]
) -> tuple[list[float], npt.NDArray[np.float64]]:
    """Moments of a stretch (one more bound than moments), and how much each leans to the first voice.

    A window says most about its middle: it counts there ten times as much as at its ends.
    """
    count = max(1, round((stretch[1] - stretch[0]) / _STEP))
    bounds = np.linspace(*stretch, count + 1)
    middles = (bounds[:-1] + bounds[1:])[:, None] / 2
    start, end = np.array(windows).T
    away = np.abs(middles - (start + end) / 2) / ((end - start) / 2)
    weights = np.where(away <= 1, 1 - 0.9 * away, 0)
    return bounds.tolist(), weights @ difference / weights.sum(axis=1)


def cheapest(leans: Sequence[float], prices: Sequence[float]) -> list[int]:
    """Which of two voices each moment has (Viterbi): the sum of what it leans to it, less the price of each change.

    `leans` is above zero for voice 0; `prices[i]` is that of a change between moment i - 1 and i.
    """
    best = [0.0, 0.0]
    came: list[tuple[int, int]] = []
    for lean, price in zip(leans, prices, strict=True):
        stay = (best[0] >= best[1] - price, best[1] >= best[0] - price)
        came.append((0 if stay[0] else 1, 1 if stay[1] else 0))
        best = [max(best[0], best[1] - price) + lean / 2, max(best[1], best[0] - price) - lean / 2]
    voice = 0 if best[0] >= best[1] else 1
    path = []
    for origin in reversed(came):
        path.append(voice)
        voice = origin[voice]
    return path[::-1]


def join_turns(parts: Iterable[Turn]) -> tuple[Turn, ...]:
    """Turns from their parts: one voice goes on through pauses under `PAUSE`. Who speaks first becomes voice 0."""
    turns: list[Turn] = []
    first: int | None = None
    for part in parts:
        first = part.voice if first is None else first
        voice = int(part.voice != first)
        if turns and turns[-1].voice == voice and part.start - turns[-1].end < PAUSE:
            turns[-1] = Turn(voice, turns[-1].start, part.end)
        else:
            turns.append(Turn(voice, part.start, part.end))
    return tuple(turns)


def _summary(likeness: float | None, third: float | None, parts: Sequence[Turn]) -> Voices:
    """All that follows from who speaks when; `parts` are the stretches of talk, without any pause."""
    turns = join_turns(parts)
    count = len({turn.voice for turn in turns})
    talk = [0.0] * count
    for part in parts:
        talk[int(part.voice != parts[0].voice)] += part.end - part.start
    minutes = (turns[-1].end - turns[0].start) / 60 if turns else 0.0
    return Voices(
        count=count,
        likeness=likeness,
        third=third,
        turns=turns,
        shares=tuple(seconds / sum(talk) for seconds in talk),
        longest_turn=max((turn.end - turn.start for turn in turns), default=0.0),
        turns_per_minute=len(turns) / minutes if minutes else 0.0,
        overlap=_overlap(turns),
    )


def _overlap(turns: Sequence[Turn]) -> float | None:
    """A hint of talking over each other: who waits for the end leaves a pause. Both at once is not heard as such."""
    gaps = [after.start - before.end for before, after in pairwise(turns) if before.voice != after.voice]
    return sum(gap < _NO_PAUSE for gap in gaps) / len(gaps) if gaps else None
