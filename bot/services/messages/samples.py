"""Messages about a sample, from its arrival to its way to the reviewers."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from bot.rules.audio import Finding
from bot.services.messages.base import IfUncertain, Message


@dataclass(frozen=True)
class Picture:
    """The picture of a recording: its keys in the audio store, by language; and what it shows, in numbers.

    Spans are in seconds; `shares` are of the talk, by voice. What was not measured is None or empty.
    """

    keys: dict[str, str]
    seconds: float
    shares: tuple[float, ...] = ()
    longest_turn: float | None = None
    longest_silence: float | None = None


@dataclass(frozen=True)
class SampleReceived(Message):
    """It arrived; did the other voice agree, and which language is it in, if that is not clear?"""

    sample_id: int
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleAnswers(Message):
    """The questions of `SampleReceived` with the answers so far."""

    sample_id: int
    agreed: bool | None
    language: str | None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleRefused(Message):
    """The checks refuse it: everything they found, together. `counted`: it used up an attempt."""

    findings: tuple[Finding, ...]
    counted: bool
    attempts_left: int | None
    next_at: datetime | None = None
    zone: str = "UTC"


@dataclass(frozen=True)
class SamplePassed(Message):
    """The checks found nothing to refuse; the sender's own answers are still missing."""

    sample_id: int
    findings: tuple[Finding, ...]
    needs_agreement: bool
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleQueued(Message):
    """It is on its way to the reviewers; `findings` are warnings, if any."""

    sample_id: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class SampleNotAgreed(Message):
    """The other voice did not agree: the recording is gone, and how to go on."""


@dataclass(frozen=True)
class SampleHeardBefore(Message):
    """The same recording was with the reviewers already."""


@dataclass(frozen=True)
class SampleNotFetched(Message):
    """The file could not be had from Telegram; it counts for nothing."""


@dataclass(frozen=True)
class SamplePicture(Message):
    """To its sender: what the checks heard, as a picture, and in words for those who cannot see it."""

    if_uncertain: ClassVar[IfUncertain] = IfUncertain.ONCE_MORE
    sample_id: int
    picture: Picture
