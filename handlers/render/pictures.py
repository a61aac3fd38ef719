"""The words in the picture of a recording: plain text, since it is drawn and not marked up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.rules.audio import AudioFacts, Code, Finding, Severity
from bot.texts import Speech
from handlers.screen import plain

VOICES = ("A", "B")
"""What voices are called: the one that is heard first is A."""

Place = tuple[float, float] | None
Word = Callable[[Speech], str]
Label = Callable[[Finding, AudioFacts, Speech], str]


_TO_ITS_END = 0.98
"""Where the end of a recording begins, as a share of it: what is highlighted has to be seen."""


@dataclass(frozen=True, slots=True)
class SketchWords:
    """What is written in a picture.

    title    which recording it is
    silence  the word for where nothing is heard
    marks    problems, each with its place (s, from and to), None: the recording as a whole
    shares   what each voice is called, with its share (0..1) of the talk
    figures  three numbers, each with what it says
    """

    title: str
    silence: str
    marks: tuple[tuple[str, Place], ...]
    shares: tuple[tuple[str, float], ...]
    figures: tuple[tuple[str, str], ...]


def captions(number: int, facts: AudioFacts, findings: Iterable[Finding], say: Speech) -> SketchWords:
    """The words in the picture of the sample with this number.

    What the checks merely note is left out: the picture is for the applicant too, and notes are hints.
    """
    problems = [finding for finding in findings if finding.severity is not Severity.note]
    problems.sort(key=lambda finding: finding.severity is not Severity.refuse)  # refusals first
    return SketchWords(
        title=plain(say.say("Sample {number}", number=number)),
        silence=plain(say.say("silence")),
        marks=tuple((plain(LABELS[f.code](f, facts, say)), _place(f, facts)) for f in problems),
        shares=tuple(_share(voice, share, say) for voice, share in zip(VOICES, facts.shares, strict=False)),
        figures=_figures(facts, say),
    )


def _share(voice: str, share: float, say: Speech) -> tuple[str, float]:
    words = say.say("Voice {voice} {share}", voice=voice, share=say.percent(share))
    return plain(words), share


def _figures(facts: AudioFacts, say: Speech) -> tuple[tuple[str, str], ...]:
    """How long, how clear, how lively; where that was not measured, the nearest that always is."""
    clear = (
        (say.say("{decibels} dB", decibels=say.number(facts.snr)), say.say("above the noise"))
        if facts.snr is not None
        else (say.say("{loudness} LUFS", loudness=say.number(facts.loudness)), say.say("loudness"))
    )
    lively = (
        (clock(facts.longest_turn), say.say("longest turn"))
        if facts.longest_turn
        else (say.percent(facts.speech_ratio), say.say("speech"))
    )
    figures = ((clock(facts.duration), say.say("length")), clear, lively)
    return tuple((plain(value), plain(label)) for value, label in figures)


def clock(seconds: float | None) -> str:
    """A time or a length as on a player: 1:05."""
    minutes, rest = divmod(round(seconds or 0.0), 60)
    return f"{minutes}:{rest:02d}"


def _graded(warned: Word, refused: Word) -> Label:
    """Words for a warning and others for a refusal."""
    return lambda f, _facts, say: (warned if f.severity is Severity.warn else refused)(say)


def _silence(f: Finding, _facts: AudioFacts, say: Speech) -> str:
    if f.fact == "longest_silence":
        return say.say("Long silence: {length}", length=clock(f.measured))
    return say.say("Little speech: {share}", share=say.percent(f.measured or 0.0))


def _unreadable(_f: Finding, facts: AudioFacts, say: Speech) -> str:
    return say.say("Damaged") if facts.complete else say.say("Breaks off")


LABELS: dict[Code, Label] = {
    Code.too_short: lambda f, _facts, say: say.say("Too short: {length}", length=clock(f.measured)),
    Code.too_long: lambda f, _facts, say: say.say("Too long: {length}", length=clock(f.measured)),
    Code.quiet: _graded(lambda say: say.say("A little quiet"), lambda say: say.say("Too quiet")),
    Code.distorted: _graded(lambda say: say.say("A little distorted"), lambda say: say.say("Distorted")),
    Code.noise: _graded(lambda say: say.say("A little noisy"), lambda say: say.say("Too noisy")),
    Code.narrow: _graded(lambda say: say.say("A little muffled"), lambda say: say.say("Muffled")),
    Code.silence: _silence,
    Code.one_voice: lambda _f, _facts, say: say.say("Only one voice"),
    Code.balance: _graded(lambda say: say.say("A little one-sided"), lambda say: say.say("One-sided")),
    Code.long_turn: lambda f, _facts, say: say.say("Long turn: {length}", length=clock(f.measured)),
    Code.loop: lambda f, _facts, say: say.say("Repeats itself from {time}", time=clock(f.measured)),
    Code.unended: lambda _f, _facts, say: say.say("Perhaps cut off"),
    Code.unreadable: _unreadable,
}
"""Each finding that refuses or warns, in two or three words."""


def _place(finding: Finding, facts: AudioFacts) -> Place:
    """Where in the recording a problem is, if it is somewhere. Silences are drawn anyway."""
    if finding.code is Code.long_turn and facts.turns:
        longest = max(facts.turns, key=lambda turn: turn.end - turn.start)
        return longest.start, longest.end
    if finding.code is Code.loop and facts.loop:
        return facts.loop, facts.duration
    if finding.code is Code.unended or (finding.code is Code.unreadable and not facts.complete):
        return _TO_ITS_END * facts.duration, facts.duration
    return None
