"""A sample from its arrival to its way to the reviewers, and where an applicant stands."""

from datetime import timedelta

from bot.rules.audio import Code, Finding, Reason, Severity
from bot.rules.states import SampleState
from bot.services.messages import Message
from bot.services.messages import samples as m
from bot.services.messages.people import SampleGuide
from bot.services.messages.status import PartnerStatus, SampleStatus, Status
from tests.handlers.examples.common import LATER, NAME, ZONE

REFUSALS = (
    Finding(Code.too_short, Severity.refuse, 80.4, 120.0, "duration"),
    Finding(Code.too_long, Severity.refuse, 400.0, 180.0, "duration"),
    Finding(Code.quiet, Severity.refuse, -42.34, -40.0, "loudness"),
    Finding(Code.distorted, Severity.refuse, 1.21, 1.4, "clipping"),
    Finding(Code.noise, Severity.refuse, 9.8, 12.0, "snr"),
    Finding(Code.narrow, Severity.refuse, 3600.0, 4500.0, "bandwidth"),
    Finding(Code.silence, Severity.refuse, 31.0, 20.0, "longest_silence"),
    Finding(Code.silence, Severity.refuse, 0.2, 0.35, "speech_ratio"),
    Finding(Code.one_voice, Severity.refuse, 0.93, 0.84, "likeness"),
    Finding(Code.balance, Severity.refuse, 0.11, 0.15, "shares"),
    Finding(Code.loop, Severity.refuse, 30.0, None, "loop"),
    Finding(Code.unreadable, Severity.refuse, 0.4, 0.02, "damage"),
    *(Finding(Code.unreadable, Severity.refuse, reason=reason) for reason in Reason),
)
WARNINGS = (
    Finding(Code.quiet, Severity.warn, -37.2, -36.0, "loudness"),
    Finding(Code.distorted, Severity.warn, 1.45, 1.5, "clipping"),
    Finding(Code.noise, Severity.warn, 17.4, 20.0, "snr"),
    Finding(Code.narrow, Severity.warn, 5400.0, 6000.0, "bandwidth"),
    Finding(Code.balance, Severity.warn, 0.24, 0.3, "shares"),
    Finding(Code.long_turn, Severity.warn, 72.0, 45.0, "longest_turn"),
    Finding(Code.unended, Severity.warn, fact="ended"),
    Finding(Code.unreadable, Severity.warn, 0.01, 0.02, "damage"),
)
NOTES = (
    Finding(Code.one_voice, Severity.note, 0.812, 0.79, "likeness"),
    Finding(Code.third_voice, Severity.note, 0.6, 0.5, "third_voice"),
    Finding(Code.synthetic, Severity.note, 0.88, 0.4, "synthetic"),
    Finding(Code.quality, Severity.note, 2.31, 2.4, "quality"),
)

KEYS = {"en": "aa/e.png", "zh": "bb/z.png"}
PICTURES = (
    m.Picture(KEYS, 159.2, (0.575, 0.425), 31.5, 1.2),
    m.Picture(KEYS, 80.0, (1.0,), 79.0, 24.0),
    m.Picture({"zh": "bb/z.png"}, 3.0),
)

GUIDE = SampleGuide(timedelta(minutes=2), timedelta(minutes=3), attempts_left=2)


def _status(state: str, *, waits: bool = False) -> Status:
    sample = SampleStatus(1, state, waits, (*REFUSALS[:2], *NOTES), ("noise", "other"))
    return Status(None, sample, state == "approved", GUIDE, ZONE)


EXAMPLES: tuple[Message, ...] = (
    m.SampleReceived(1),
    m.SampleReceived(1, ("zh", "en", "yue", "ja")),
    m.SampleAnswers(1, None, None, ("zh", "en")),
    m.SampleAnswers(1, True, None, ("zh", "en")),
    m.SampleAnswers(1, True, "zh"),
    *(m.SampleRefused((finding,), True, 2) for finding in REFUSALS),
    m.SampleRefused((*REFUSALS, *NOTES), True, 1),
    m.SampleRefused(REFUSALS[:2], False, None),
    m.SampleRefused(REFUSALS[:2], True, 0),
    m.SampleRefused(REFUSALS[:2], True, 0, LATER, ZONE),
    m.SamplePassed(1, WARNINGS, True, ("zh", "en")),
    m.SamplePassed(1, (), False, ("zh", "en")),
    m.SampleQueued(1),
    m.SampleQueued(1, WARNINGS),
    m.SampleNotAgreed(),
    m.SampleHeardBefore(),
    m.SampleNotFetched(),
    *(m.SamplePicture(1, picture) for picture in PICTURES),
    Status("consent_review", None, False, GUIDE),
    Status(None, None, False, GUIDE),
    Status(None, None, False, GUIDE, partner=PartnerStatus("waits", NAME)),
    *(_status(state) for state in SampleState),
    _status("received", waits=True),
    Status(None, SampleStatus(1, "in_review", False, appealed=True), False, GUIDE, ZONE),
    Status(None, SampleStatus(1, "rejected", False, (), ("flat",), can_appeal=True), False, GUIDE, ZONE),
    *(
        Status(None, SampleStatus(1, "approved", False), True, GUIDE, partner=PartnerStatus(state, NAME))
        for state in ("none", "pool", "on_call", "asked", "invited", "waits", "pair")
    ),
)
