"""Words about a sample: received, what the checks found, on its way to the reviewers."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from bot.rules.audio import Code, Finding, Severity
from bot.services.messages import samples as m
from bot.texts import Html, Speech
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows


def _agreement(sample_id: int, say: Speech) -> tuple[Button, Button]:
    return (
        Button(say.say("Yes, they agreed"), f"sample:{sample_id}:agreed:yes"),
        Button(say.say("No"), f"sample:{sample_id}:agreed:no"),
    )


def _languages(sample_id: int, languages: tuple[str, ...], say: Speech) -> Rows:
    return rows([Button(say.language_name(x), f"sample:{sample_id}:lang:{x}") for x in languages], 3)


def _agreement_question(say: Speech) -> Html:
    return say.say("Did the other person agree that reviewers listen to it?")


def _language_question(say: Speech) -> Html:
    return say.say("Which language do you speak in it?")


@renders(m.SampleReceived)
def received(message: m.SampleReceived, say: Speech) -> Screen:
    """It arrived, with the questions about it."""
    text = paragraphs(
        say.say("🎧 Your sample is <b>received</b>. The checks take a few seconds."),
        _agreement_question(say),
        _language_question(say) if message.languages else "",
    )
    buttons = (_agreement(message.sample_id, say), *_languages(message.sample_id, message.languages, say))
    return Screen(text, buttons)


@renders(m.SampleAnswers)
def answers(message: m.SampleAnswers, say: Speech) -> Screen:
    """The questions with the answers so far."""
    parts = [say.say("🎧 Your sample is <b>received</b>.")]
    buttons: list[tuple[Button, ...]] = []
    if message.agreed:
        parts.append(say.say("✅ The other person agreed to the review."))
    else:
        parts.append(_agreement_question(say))
        buttons.append(_agreement(message.sample_id, say))
    if message.language:
        parts.append(say.say("✅ Language: {language}", language=say.language_name(message.language)))
    elif message.languages:
        parts.append(_language_question(say))
        buttons.extend(_languages(message.sample_id, message.languages, say))
    return Screen(paragraphs(*parts), tuple(buttons))


@renders(m.SampleNotAgreed)
def not_agreed(_message: m.SampleNotAgreed, say: Speech) -> Screen:
    """Nobody will hear it."""
    return Screen(
        say.say(
            "Then nobody will hear it: the recording is thrown away and counts for nothing. "
            "Ask the other person, or record with somebody who agrees, and send it here."
        )
    )


@renders(m.SampleRefused)
def refused(message: m.SampleRefused, say: Speech) -> Screen:
    """Everything that the checks found, together."""
    found = [f for f in message.findings if f.severity is not Severity.note]
    counted = "" if message.counted else say.say("It does not count as an attempt.")
    return Screen(
        paragraphs(
            say.say("Your sample was <b>not accepted</b> by the automatic checks:"),
            lines(*(finding_line(finding, say) for finding in found)),
            counted,
            _next(message, say),
        )
    )


def _next(message: m.SampleRefused, say: Speech) -> Html:
    if message.attempts_left is None:
        return say.say("Please record again and send it here.")
    if message.attempts_left > 0:
        return say.say_n(
            "Please record again and send it here; you have one attempt left.",
            "Please record again and send it here; you have {n} attempts left.",
            message.attempts_left,
        )
    if message.next_at is None:
        return say.say("That was your last attempt.")
    return say.say(
        "That was your last attempt for now; the next one opens on {when}.",
        when=say.moment(message.next_at, ZoneInfo(message.zone)),
    )


@renders(m.SamplePassed)
def passed(message: m.SamplePassed, say: Speech) -> Screen:
    """The checks are fine with it, but an answer is missing."""
    parts = [
        say.say("👍 The checks passed. One answer from you, and it goes to the <b>reviewers</b>."),
        _warnings(message.findings, say),
    ]
    buttons: list[tuple[Button, ...]] = []
    if message.needs_agreement:
        parts.append(_agreement_question(say))
        buttons.append(_agreement(message.sample_id, say))
    if message.languages:
        parts.append(_language_question(say))
        buttons.extend(_languages(message.sample_id, message.languages, say))
    return Screen(paragraphs(*parts), tuple(buttons))


@renders(m.SampleQueued)
def queued(message: m.SampleQueued, say: Speech) -> Screen:
    """On its way to the reviewers."""
    return Screen(
        paragraphs(
            say.say("👍 The checks passed. Your sample is on its way to the <b>reviewers</b>."),
            _warnings(message.findings, say),
            say.say("You hear from us as soon as they have decided; /status shows where it is."),
        )
    )


def _warnings(findings: tuple[Finding, ...], say: Speech) -> Html:
    warnings = [finding_line(f, say) for f in findings if f.severity is Severity.warn]
    return lines(say.say("Fine for now, but better next time:"), *warnings) if warnings else Html("")


@renders(m.SampleHeardBefore)
def heard_before(_message: m.SampleHeardBefore, say: Speech) -> Screen:
    """The same recording again."""
    return Screen(
        say.say(
            "The reviewers have heard this very recording before, so it was <b>not accepted</b> again. "
            "It does not count as an attempt. Please record a new dialogue."
        )
    )


@renders(m.SampleNotFetched)
def not_fetched(_message: m.SampleNotFetched, say: Speech) -> Screen:
    """Telegram did not give the file."""
    return Screen(
        say.say(
            "I could not get your recording from Telegram, so it was <b>not accepted</b>: it <b>cannot be "
            "read</b>. It does not count as an attempt. Please send it again."
        )
    )


Line = Callable[[Finding, Speech], Html]


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
        "<b>Too quiet:</b> {measured} LUFS; {wanted} or more are needed. Put the phone nearer, between you.",
        measured=say.number(_amount(f.measured), 1),
        wanted=say.number(_amount(f.wanted)),
    )


def _distorted(f: Finding, say: Speech) -> Html:
    return say.say(
        "<b>Distorted:</b> the loud parts are cut off ({measured}, {wanted} or more is clean). "
        "Move the phone further away and do not shout.",
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
        "<b>Silence:</b> only {measured} of it is speech; at least {wanted} are needed. Keep the talk going.",
        measured=say.percent(_amount(f.measured)),
        wanted=say.percent(_amount(f.wanted)),
    )


UNREADABLE: dict[str, Callable[[Speech], Html]] = {
    "empty": lambda say: say.say("The file is empty, it <b>cannot be read</b>. Please send it again."),
    "not_audio": lambda say: say.say(
        "The file is no audio that I know, it <b>cannot be read</b>. Please send a voice message or an audio "
        "file (ogg, mp3, m4a, wav, flac)."
    ),
    "corrupt": lambda say: say.say(
        "The file is damaged or cut off, it <b>cannot be read</b> to its end. Please record and send it again."
    ),
    "too_large": lambda say: say.say(
        "The file is too large, it <b>cannot be read</b>. Please send at most 20 MB; a voice message is best."
    ),
    "took_too_long": lambda say: say.say(
        "The file takes too long to open, it <b>cannot be read</b>. Please send a plain voice message."
    ),
}
"""Why a file could not be judged, by `bot.rules.audio.Reason`."""


def _unreadable(f: Finding, say: Speech) -> Html:
    return UNREADABLE[f.reason.value if f.reason else "corrupt"](say)


FINDINGS: dict[Code, Line] = {
    Code.too_short: _too_short,
    Code.too_long: _too_long,
    Code.quiet: _quiet,
    Code.distorted: _distorted,
    Code.silence: _silence,
    Code.unreadable: _unreadable,
}
"""What each finding is told as: what was measured, what is wanted, what to do."""


def finding_line(finding: Finding, say: Speech) -> Html:
    """One finding as a line of a list."""
    return Html("• " + FINDINGS[finding.code](finding, say))


@words("Forwarded")
def _(_f: Facts, say: Speech) -> Html:
    return say.say(
        "This audio was forwarded, so it is <b>not accepted</b>: a sample has to be your own recording, sent by "
        "yourself. Please record it here or send the file from your phone."
    )


@words("SampleUnderWay")
def _(f: Facts, say: Speech) -> Html:
    if f["state"] == "received":
        return say.say(
            "Your last sample is still being checked, or waits for your answer above. One at a time, please: "
            "/status shows where it is."
        )
    return say.say("Your sample is with the reviewers already. Please wait for their word; /status shows it.")


@words("AlreadyApproved")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You are approved already and need no further sample. Next: find a partner with /partner.")


@words("FileTooLarge")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "This file is too large ({size} MB): I can fetch {limit} MB at most. Please send a voice message, or the "
        "same recording as mp3. It does not count as an attempt.",
        size=say.number(f["size"] / 1e6, 1),
        limit=say.number(f["limit"] / 1e6),
    )


@words("HeardBefore")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("The reviewers have heard this very recording before. Please record a new dialogue.")


@words("AttemptsUsedUp")
def _(f: Facts, say: Speech) -> Html:
    if f.time("next_at") is None:
        return say.say("You have used all your attempts.")
    return say.say(
        "You have used all your attempts for now. The next one opens on {when}.",
        when=f.moment("next_at", say),
    )


@words("NotYours")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This is not yours to answer.")


@words("NothingToAnswer")
def _(f: Facts, say: Speech) -> Html:
    states = {
        "refused": say.say("This sample was refused by the checks; there is nothing to answer any more."),
        "withdrawn": say.say("This sample was thrown away; there is nothing to answer any more."),
        "approved": say.say("This sample was approved; there is nothing to answer any more."),
        "rejected": say.say("This sample was rejected; there is nothing to answer any more."),
    }
    return states.get(f["state"], say.say("That is answered already: the sample is with the reviewers."))
