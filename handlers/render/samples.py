"""Words about a sample: received, what the checks found, on its way to the reviewers."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.rules.audio import Finding, Severity
from bot.services.messages import samples as m
from bot.texts import Html, Speech
from handlers.render.findings import finding_line, told
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows


def _agreement(sample_id: int, say: Speech) -> tuple[Button, Button]:
    return (
        Button(say.say("Yes, they agreed"), f"sample:{sample_id}:agreed:yes"),
        Button(say.say("No, they did not"), f"sample:{sample_id}:agreed:no"),
    )


def _languages(sample_id: int, languages: tuple[str, ...], say: Speech) -> Rows:
    return rows([Button(say.language_name(x), f"sample:{sample_id}:lang:{x}") for x in languages], 3)


def _agreement_question(say: Speech) -> Html:
    return say.say("Did the other person agree to the review?")


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
    counted = "" if message.counted else say.say("It does not count as an attempt.")
    return Screen(
        paragraphs(
            say.say("Your sample was <b>not accepted</b> by the automatic checks:"),
            lines(*(finding_line(finding, say) for finding in told(message.findings))),
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
    return no_attempt_left(message.next_at, message.zone, say)


def no_attempt_left(next_at: datetime | None, zone: str, say: Speech) -> Html:
    """The last attempt is used up; `next_at` is when one comes back, None if never."""
    if next_at is None:
        return say.say("That was your last attempt. Thank you for taking part.")
    return say.say(
        "That was your last attempt for now; the next one opens on {when}.",
        when=say.moment(next_at, ZoneInfo(zone)),
    )


@renders(m.SamplePassed)
def passed(message: m.SamplePassed, say: Speech) -> Screen:
    """The checks are fine with it, but an answer is missing."""
    parts = [
        say.say("👍 The checks passed. With your answer it goes to the <b>reviewers</b>."),
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
            say.say("You will hear from us as soon as they decide; /status shows where it is."),
        )
    )


def _warnings(findings: tuple[Finding, ...], say: Speech) -> Html:
    warnings = [finding_line(f, say) for f in findings if f.severity is Severity.warn]
    return lines(say.say("Good enough. What would make it even better:"), *warnings) if warnings else Html("")


@renders(m.SampleHeardBefore)
def heard_before(_message: m.SampleHeardBefore, say: Speech) -> Screen:
    """The same recording again."""
    return Screen(
        say.say(
            "The reviewers have heard this very recording before, so it was <b>not accepted</b>. It "
            "does not count as an attempt. Please record a new dialogue."
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
        "This file is too large ({size} MB, at most {limit} MB), so it is <b>not accepted</b>. "
        "Please send a voice message, or the same recording as mp3. It does not count as an attempt.",
        size=say.number(f["size"] / 1e6, 1),
        limit=say.number(f["limit"] / 1e6),
    )


@words("HeardBefore")
def _(_f: Facts, say: Speech) -> Html:
    return say.say(
        "The reviewers have heard this very recording before, so it is <b>not accepted</b>. Please "
        "record a new dialogue."
    )


@words("AttemptsUsedUp")
def _(f: Facts, say: Speech) -> Html:
    if f.time("next_at") is None:
        return say.say(
            "You have used all your attempts. Thank you for taking part; /status shows what became of them."
        )
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
