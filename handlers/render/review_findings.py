"""What the checks found in a recording, to who judges it: short, with the number, and no verdict."""

from collections.abc import Callable

from bot.rules.audio import Code, Finding, Severity
from bot.texts import Html, Speech
from handlers.render.findings import kilohertz, most

SIGNS = {Severity.warn: "⚠️", Severity.note: "ℹ️"}
"""What a line begins with: the sender knows of the warnings, and nothing of the notes."""


def reviewer_line(finding: Finding, say: Speech) -> Html:
    """A warning or a note as a line of a card; empty for a refusal, which no reviewer hears of."""
    if finding.severity not in SIGNS or finding.code not in LINES:
        return Html("")
    return Html(f"{SIGNS[finding.severity]} {LINES[finding.code](finding, say)}")


def _hint(f: Finding, say: Speech) -> Html:
    """How strong a hint is, of 1."""
    return say.number(f.measured or 0, 2)


LINES: dict[Code, Callable[[Finding, Speech], Html]] = {
    Code.quiet: lambda f, say: say.say(
        "Rather quiet: {measured} LUFS", measured=say.number(f.measured or 0, 1)
    ),
    Code.distorted: lambda f, say: say.say(
        "Slightly distorted: clarity {measured}", measured=say.number(f.measured or 0, 2)
    ),
    Code.noise: lambda f, say: say.say(
        "Rather noisy: voices {measured} dB above it", measured=say.number(f.measured or 0, 1)
    ),
    Code.narrow: lambda f, say: say.say(
        "Rather narrow: up to {measured} kHz", measured=kilohertz(f.measured, say)
    ),
    Code.one_voice: lambda f, say: say.say(
        "One voice, or two alike? Likeness {measured} of 1", measured=_hint(f, say)
    ),
    Code.balance: lambda f, say: say.say(
        "One of the two talks {measured} of the time", measured=most(f.measured, say)
    ),
    Code.long_turn: lambda f, say: say.say("Longest turn: {span}", span=say.span(f.measured or 0)),
    Code.third_voice: lambda f, say: say.say(
        "Perhaps a third voice: {measured} of 1", measured=_hint(f, say)
    ),
    Code.synthetic: lambda f, say: say.say("Perhaps machine voices: {measured} of 1", measured=_hint(f, say)),
    Code.quality: lambda f, say: say.say(
        "Predicted quality: {measured} of 5", measured=say.number(f.measured or 0, 1)
    ),
    Code.unended: lambda f, say: say.say("No end mark: perhaps it is cut off"),
    Code.unreadable: lambda f, say: say.say(
        "{measured} of the file is lost", measured=say.percent(f.measured or 0)
    ),
}
"""Every finding that can be a warning or a note."""
