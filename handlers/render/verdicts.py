"""The verdict in an applicant's words: approved or rejected, why, and how to go on."""

from collections.abc import Callable

from bot.services.messages import reviews as m
from bot.texts import Html, Speech
from handlers.render.partners import both_ways
from handlers.render.samples import no_attempt_left
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders


@renders(m.SampleApproved)
def approved(message: m.SampleApproved, say: Speech) -> Screen:
    """The verdict, and the way to a partner."""
    verdict = say.say("🎉 Your sample is <b>approved</b>: you may record with us.")
    if message.appeal:
        verdict = say.say("🎉 Your appeal was right: your sample is <b>approved</b>, you may record with us.")
    next_step = say.say(
        "You record in pairs. Shall we find a partner for you, or do you want to invite a friend?"
    )
    return Screen(paragraphs(verdict, next_step), both_ways(say))


ADVICE: dict[str, Callable[[Speech], Html]] = {
    "noise": lambda say: say.say(
        "• <b>Noise:</b> record in a quiet room, away from traffic, fans and music."
    ),
    "quiet": lambda say: say.say("• <b>Too quiet:</b> speak up, and put the phone between you."),
    "unnatural": lambda say: say.say("• <b>Unnatural:</b> talk as you do with friends; do not read or act."),
    "flat": lambda say: say.say("• <b>Flat mood:</b> choose a topic that moves you both, and be lively."),
    "monologue": lambda say: say.say(
        "• <b>One talks, one listens:</b> take turns, ask each other, tell both your stories."
    ),
    "overtalk": lambda say: say.say("• <b>Talking over each other:</b> let the other finish first."),
    "thin": lambda say: say.say("• <b>Little substance:</b> stay with one topic and go into detail."),
    "language": lambda say: say.say(
        "• <b>Language:</b> speak the language you chose, clearly, all the time."
    ),
    "other": lambda say: say.say("• <b>Something else:</b> a reason that is not on our list."),
}
"""What each reason of a rejection means for the next recording."""


@renders(m.SampleRejected)
def rejected(message: m.SampleRejected, say: Speech) -> Screen:
    """The verdict, why, and how to go on."""
    verdict = say.say("Your sample was <b>rejected</b> by the reviewers. Their reasons, and what helps:")
    if message.appeal:
        verdict = say.say(
            "Your sample was heard again and stays <b>rejected</b>. The reasons, and what helps:"
        )
    buttons: Rows = ()
    way_on = _way_on(message, say)
    if message.appealed:
        way_on = say.say("You have appealed; others are hearing it.")
    elif message.can_appeal:
        buttons = ((Button(say.say("Appeal: let others hear it"), f"appeal:{message.sample_id}"),),)
    advice = lines(*(ADVICE[reason](say) for reason in message.reasons if reason in ADVICE))
    return Screen(paragraphs(verdict, advice, way_on), buttons)


def _way_on(message: m.SampleRejected, say: Speech) -> Html:
    if message.attempts_left is None:
        return say.say("Record a new dialogue and send it here whenever you like.")
    if message.attempts_left > 0:
        return say.say_n(
            "You have one attempt left: record a new dialogue and send it here.",
            "You have {n} attempts left: record a new dialogue and send it here.",
            message.attempts_left,
        )
    return no_attempt_left(message.next_at, message.zone, say)


@renders(m.AppealTaken)
def appeal_taken(_message: m.AppealTaken, say: Speech) -> Screen:
    """The appeal is under way."""
    return Screen(
        say.say(
            "✋ Your appeal is under way: people who have not voted on your sample will hear it. You "
            "will hear from us as soon as they decide; /status shows where it is. A sample can be "
            "appealed once."
        )
    )
