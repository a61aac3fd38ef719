"""What the checks found in a recording: what was measured, what is wanted, what to do."""

from collections.abc import Callable

from bot.rules.audio import Code, Finding, Severity
from bot.texts import Html, Speech

Line = Callable[[Finding, Speech], Html]


def finding_line(finding: Finding, say: Speech) -> Html:
    """One finding as a line of a list."""
    lines = WARNINGS if finding.severity is Severity.warn and finding.code in WARNINGS else FINDINGS
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
    Code.silence: _silence,
    Code.unreadable: _unreadable,
}
"""What each finding is told as when it refuses the sample."""

WARNINGS: dict[Code, Line] = {
    Code.quiet: _rather_quiet,
    Code.distorted: _rather_distorted,
    Code.unreadable: _slightly_damaged,
}
"""What those findings are told as that can also be mere warnings: softer, since the sample was taken."""
