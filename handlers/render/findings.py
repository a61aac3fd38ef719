"""What the checks found in a recording, to its sender: what was measured, what is wanted, what to do."""

import math
from collections.abc import Callable, Iterable

from bot.rules.audio import Code, Finding, Severity
from bot.texts import Html, Speech

Line = Callable[[Finding, Speech], Html]


def told(findings: Iterable[Finding]) -> list[Finding]:
    """Those that the sender is told of: notes are for the reviewers."""
    return [finding for finding in findings if finding.severity is not Severity.note]


def finding_line(finding: Finding, say: Speech) -> Html:
    """A refusal or a warning as a line of a list."""
    lines = FINDINGS if finding.severity is Severity.refuse else WARNINGS
    return Html("• " + lines[finding.code](finding, say))


def _amount(value: float | None) -> float:
    return 0.0 if value is None else value


def _too_short(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Too short:</b> {measured}; at least {wanted} are needed. Talk a little longer.",
        measured=say.span(_amount(f.measured)),
        wanted=say.span(_amount(f.wanted)),
    )


def _too_long(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Too long:</b> {measured}; at most {wanted} are wanted. Send the best part.",
        measured=say.span(_amount(f.measured)),
        wanted=say.span(_amount(f.wanted)),
    )


def _quiet(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Too quiet:</b> {measured} LUFS; at least {wanted} is needed. Put the phone closer, between the two "
        "of you.",
        measured=say.number(_amount(f.measured), 1),
        wanted=say.number(_amount(f.wanted)),
    )


def _rather_quiet(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>A little quiet:</b> {measured} LUFS; {wanted} or more is better. Put the phone closer, between the "
        "two of you.",
        measured=say.number(_amount(f.measured), 1),
        wanted=say.number(_amount(f.wanted)),
    )


def _distorted(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Distorted:</b> the loud parts are cut off (clarity {measured}, at least {wanted} is needed). "
        "Move the phone further away and do not shout.",
        measured=say.number(_amount(f.measured), 2),
        wanted=say.number(_amount(f.wanted), 2),
    )


def _rather_distorted(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>A little distorted:</b> the loudest parts are nearly cut off (clarity {measured}, {wanted} or more "
        "is better). Move the phone a little further away.",
        measured=say.number(_amount(f.measured), 2),
        wanted=say.number(_amount(f.wanted), 2),
    )


def _silence(f: Finding, say: Speech) -> Html:
    if f.fact == "longest_silence":
        return say.say(
            "<b>Silence:</b> {measured} without a word; at most {wanted} are fine. Keep the talk going.",
            measured=say.span(_amount(f.measured)),
            wanted=say.span(_amount(f.wanted)),
        )
    return say.say(
        "<b>Silence:</b> only {measured} of it is speech; at least {wanted} is needed. Keep the talk going.",
        measured=say.percent(_amount(f.measured)),
        wanted=say.percent(_amount(f.wanted)),
    )


def _noise(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Noise:</b> your voices are only {measured} dB above the noise; at least {wanted} dB is needed. Find a "
        "quiet room and put the phone closer, between the two of you.",
        measured=say.number(_amount(f.measured), 1),
        wanted=say.number(_amount(f.wanted)),
    )


def _rather_noisy(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>A little noisy:</b> your voices are {measured} dB above the noise; {wanted} dB or more is better. "
        "Find a quieter room.",
        measured=say.number(_amount(f.measured), 1),
        wanted=say.number(_amount(f.wanted)),
    )


def kilohertz(hertz: float | None, say: Speech) -> Html:
    """A frequency as people know it from telephones and radios."""
    return say.number(_amount(hertz) / 1000, 1)


def _narrow(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Narrow:</b> it sounds narrow, like a telephone call (up to {measured} kHz; at least {wanted} kHz is "
        "needed). Record here in the chat, not in a call, and without a Bluetooth headset.",
        measured=kilohertz(f.measured, say),
        wanted=kilohertz(f.wanted, say),
    )


def _rather_narrow(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>A little narrow:</b> the sound reaches up to {measured} kHz; {wanted} kHz or more is better. Record "
        "without a Bluetooth headset.",
        measured=kilohertz(f.measured, say),
        wanted=kilohertz(f.wanted, say),
    )


def _one_voice(_f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>One voice:</b> I hear only one voice, and a dialogue takes two. Talk with somebody, both of you close "
        "to the phone."
    )


def most(share: float | None, say: Speech) -> Html:
    """What the other one says of the talk, rounded up: 80.1 % is more than 80 %."""
    percents = math.ceil(round(100 * (1 - _amount(share)), 6))
    return say.percent(percents / 100)


def _balance(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Balance:</b> one of you talks {measured} of the time; at most {wanted} is fine. For a better balance "
        "ask each other questions, and hand the word over.",
        measured=most(f.measured, say),
        wanted=most(f.wanted, say),
    )


def _rather_unbalanced(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>A little out of balance:</b> one of you talks {measured} of the time; at most {wanted} is better. Ask "
        "each other more questions.",
        measured=most(f.measured, say),
        wanted=most(f.wanted, say),
    )


def _long_turn(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>A long turn:</b> one of you talks for {measured} at a stretch; at most {wanted} is better. Hand the "
        "word over sooner.",
        measured=say.span(_amount(f.measured)),
        wanted=say.span(_amount(f.wanted)),
    )


def _loop(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Repetition:</b> after {measured} the same words come again. Record one dialogue from beginning to end, "
        "without copies.",
        measured=say.span(_amount(f.measured)),
    )


def _unended(_f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Perhaps cut off:</b> the file does not say that it is complete. Let the recorder finish before you "
        "send it."
    )


UNREADABLE: dict[str, Callable[[Speech], Html]] = {
    "empty": lambda say: say.say("The file is empty, it <b>cannot be read</b>."),
    "not_audio": lambda say: say.say(
        "The file is no audio that I know, it <b>cannot be read</b>. Send a voice message or an "
        "audio file (ogg, mp3, m4a, wav, flac)."
    ),
    "corrupt": lambda say: say.say("The file is damaged or cut off, it <b>cannot be read</b> to its end."),
    "too_large": lambda say: say.say(
        "The file is too large, it <b>cannot be read</b>. Send at most 20 MB; a voice message is best."
    ),
    "took_too_long": lambda say: say.say(
        "The file takes too long to open, it <b>cannot be read</b>. A plain voice message is best."
    ),
}
"""Why a file could not be judged, by `bot.rules.audio.Reason`."""


def _unreadable(f: Finding, say: Speech) -> Html:
    return UNREADABLE[f.reason.value if f.reason else "corrupt"](say)


def _slightly_damaged(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>A little damaged:</b> {measured} of the file is lost. Send the next one over a good connection.",
        measured=say.percent(_amount(f.measured)),
    )


FINDINGS: dict[Code, Line] = {
    Code.too_short: _too_short,
    Code.too_long: _too_long,
    Code.quiet: _quiet,
    Code.distorted: _distorted,
    Code.noise: _noise,
    Code.narrow: _narrow,
    Code.silence: _silence,
    Code.one_voice: _one_voice,
    Code.balance: _balance,
    Code.loop: _loop,
    Code.unreadable: _unreadable,
}
"""What each finding is told as when it refuses the sample."""

WARNINGS: dict[Code, Line] = {
    Code.quiet: _rather_quiet,
    Code.distorted: _rather_distorted,
    Code.noise: _rather_noisy,
    Code.narrow: _rather_narrow,
    Code.balance: _rather_unbalanced,
    Code.long_turn: _long_turn,
    Code.unended: _unended,
    Code.unreadable: _slightly_damaged,
}
"""What those findings are told as that are mere warnings: softer, since the sample may have been taken."""
