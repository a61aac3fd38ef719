"""Words of reviewing around the cards: a reviewer's commands, the group, the coordinators, what went wrong."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from bot.services.messages import reviews as m
from bot.texts import Html, Speech
from handlers.render.partners import person_link
from handlers.render.problems import Facts, words
from handlers.screen import Button, Screen, lines, paragraphs, renders

# --- the reviewer's commands


@renders(m.QueueShown)
def queue_shown(message: m.QueueShown, say: Speech) -> Screen:
    """The open cards come below."""
    head = say.say_n("One sample is waiting for you:", "{n} samples are waiting for you:", message.shown)
    more = ""
    if message.left_out:
        more = say.say_n(
            "One more comes with the next /queue.", "{n} more come with the next /queue.", message.left_out
        )
    return Screen(lines(head, more, _pause_note(say) if message.paused else ""))


@renders(m.QueueEmpty)
def queue_empty(message: m.QueueEmpty, say: Speech) -> Screen:
    """Nothing waits."""
    where = ""
    if message.group:
        where = say.say("Samples are reviewed in the group “{group}” now.", group=message.group)
    note = _pause_note(say) if message.paused else ""
    return Screen(lines(say.say("Nothing is waiting for you. New samples come by themselves."), where, note))


def _pause_note(say: Speech) -> Html:
    return say.say("You are paused, so no new ones come; /resume changes that.")


@renders(m.ReviewingPaused)
def paused(message: m.ReviewingPaused, say: Speech) -> Screen:
    """No new samples."""
    left = ""
    if message.open:
        left = say.say_n(
            "One sample is still open with you: /queue shows it. Skip it if you cannot hear it.",
            "{n} samples are still open with you: /queue shows them. Skip those that you cannot hear.",
            message.open,
        )
    return Screen(lines(say.say("⏸ Paused: no new samples come to you until /resume."), left))


@renders(m.ReviewingResumed)
def resumed(_message: m.ReviewingResumed, say: Speech) -> Screen:
    """New samples again."""
    return Screen(say.say("▶️ Welcome back: samples come to you again. /queue lists what is open."))


# --- the group


@renders(m.GroupStarted)
def group_started(message: m.GroupStarted, say: Speech) -> Screen:
    """Reviewing happens here."""
    waiting = ""
    if message.waiting:
        waiting = say.say_n("One sample is waiting:", "{n} samples are waiting:", message.waiting)
    text = say.say(
        "👂 Samples are reviewed in this group from now on. The first reviewers to press a button "
        "have the vote; nobody sees a vote before the decision, and I ask for reasons in private. "
        "/reviewers private ends it."
    )
    return Screen(lines(text, waiting))


@renders(m.GroupEnded)
def group_ended(message: m.GroupEnded, say: Speech) -> Screen:
    """Reviewing happens in private."""
    if not message.before:
        return Screen(say.say("Reviewing is private already: samples come to each reviewer’s own chat."))
    return Screen(
        say.say(
            "Reviewing is private from now on: samples come to each reviewer’s own chat, undecided ones too."
        )
    )


@renders(m.GroupState)
def group_state(message: m.GroupState, say: Speech) -> Screen:
    """Where reviewing happens, and how to change that."""
    private = Button(say.say("Review in private"), "reviewers:private")
    here = Button(say.say("Review in this group"), "reviewers:here")
    if message.here:
        return Screen(say.say("Samples for the reviewers come into this group."), ((private,),))
    if message.group:
        text = say.say("Samples for the reviewers come into the group “{group}”.", group=message.group)
        return Screen(text, ((private,),) if message.private_chat else ((here,), (private,)))
    text = say.say("Reviewing is private: samples come to each reviewer’s own chat.")
    if message.private_chat:
        how = say.say("To review in a group, add me to it and send <code>/reviewers here</code> there.")
        return Screen(lines(text, how))
    return Screen(text, ((here,),))


# --- what coordinators must know


@renders(m.ReviewersMissing)
def reviewers_missing(message: m.ReviewersMissing, say: Speech) -> Screen:
    """Seats that nobody can take, and what helps."""
    title = say.say(
        "⚠️ Sample {number} ({language}) is waiting: <b>reviewers</b> are missing.",
        number=message.sample_id,
        language=say.language_name(message.language),
    )
    if message.cross:
        lack = say.say("It needs a cross-review, and nobody is left for that.")
    else:
        lack = say.say_n(
            "One of {wanted} is missing.",
            "{n} of {wanted} are missing.",
            message.missing,
            wanted=message.wanted,
        )
    why = say.say(
        "Everybody else has heard it, is tied to the applicant, does not hear this language, is "
        "paused or cannot be reached."
    )
    helps = say.say("Invite one with <code>/invite reviewer</code>: whoever comes gets it at once.")
    appeal = say.say("It is an appeal.") if message.appeal else ""
    return Screen(paragraphs(lines(title, lack, appeal), why, helps))


@renders(m.SameRecording)
def same_recording(message: m.SameRecording, say: Speech) -> Screen:
    """Who they are, what it may mean, and what to do."""
    title = say.say(
        "⚠️ Two people have sent the <b>same recording</b>: {span} of sample {number} by {name} are in the earlier "
        "sample {earlier} by {other} too.",
        span=say.span(message.seconds),
        number=message.sample_id,
        name=message.name,
        earlier=message.other_id,
        other=message.other,
    )
    meaning = say.say(
        "They are no partners, and neither invited the other. Perhaps they recorded it together, and both sent "
        "it; perhaps one of them passes off somebody else’s recording."
    )
    asked = say.say(
        "It is reviewed all the same, and its reviewers are told. Please ask both: {first}, {second}",
        first=person_link(message.name, message.contact),
        second=person_link(message.other, message.other_contact),
    )
    return Screen(paragraphs(title, meaning, asked))


@renders(m.GroupSilent)
def group_silent(message: m.GroupSilent, say: Speech) -> Screen:
    """The group does not hear a sample."""
    return Screen(
        paragraphs(
            say.say(
                "⚠️ Sample {number} has been waiting in the group “{group}” since {since}: {heard} of {wanted} "
                "have heard it.",
                number=message.sample_id,
                group=message.group,
                since=say.moment(message.since, ZoneInfo(message.zone)),
                heard=message.heard,
                wanted=message.wanted,
            ),
            say.say(
                "Ask the reviewers there, or give samples out in private: <code>/reviewers private</code>"
            ),
        )
    )


@renders(m.GroupLost)
def group_lost(message: m.GroupLost, say: Speech) -> Screen:
    """The bot was removed from the group."""
    return Screen(
        say.say(
            "⚠️ I am no longer in the group “{group}”, so reviewing is private again. To go on in a "
            "group, add me to it and send <code>/reviewers here</code> there.",
            group=message.group,
        )
    )


# --- what a press or command runs into


OBSTACLES: dict[str, Callable[[Facts, Speech], Html]] = {
    "role": lambda _f, say: say.say("Only reviewers vote here. A coordinator can make you one."),
    "taken": lambda _f, say: say.say("Others were faster: enough reviewers are hearing this one. Thank you!"),
    "applicant": lambda _f, say: say.say("This is your own sample: others have to judge it."),
    "partner": lambda _f, say: say.say("You know this applicant, so others have to judge this sample."),
    "invitation": lambda _f, say: say.say("You know this applicant, so others have to judge this sample."),
    "seated": lambda _f, say: say.say("You have heard this sample before, so it is for others now."),
    "language": lambda f, say: say.say(
        "This sample is in {language}, which is not among your languages. If you have not told us "
        "yours, /start in our private chat asks for them.",
        language=say.language_name(f["language"]),
    ),
}
"""Why somebody may not vote, by `CannotReview.why`."""


@words("CannotReview")
def _(f: Facts, say: Speech) -> Html:
    return OBSTACLES[f["why"]](f, say)


@words("ReviewOver")
def _(f: Facts, say: Speech) -> Html:
    endings = {
        "approved": say.say("This sample is decided already: approved."),
        "rejected": say.say("This sample is decided already: rejected."),
        "withdrawn": say.say(
            "The applicant has withdrawn this sample; there is nothing to vote on any more."
        ),
        "skipped": say.say("You skipped this sample, and somebody else hears it. /queue lists yours."),
        "expired": say.say("This one waited too long and went to somebody else. /queue lists yours."),
        "gone": say.say("This sample is not being reviewed any more. /queue lists yours."),
    }
    own = ""
    if f["own"] is not None:
        own = say.say("Your vote was: approve.") if f["own"] else say.say("Your vote was: reject.")
    return lines(endings[f["how"]], own)


@words("VotedAlready")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You have voted on this one already. You can change your vote, but not skip any more.")


@words("ReasonMissing")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Please tick at least one reason first: nobody is turned away without being told why.")


@words("NotRejected")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("There is nothing to appeal: this sample is not rejected. /status shows where it is.")


@words("AlreadyAppealed")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("A sample can be appealed once, and you did. /status shows where it is.")


@words("RecordingErased")
def _(_f: Facts, say: Speech) -> Html:
    return say.say(
        "The recording of this sample has been erased, so nobody can hear it again. Send a new one."
    )


@words("NotReviewedHere")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Samples are no longer reviewed in this chat. /queue in our private chat lists yours.")


@words("NotAGroup")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Add me to the reviewers’ group and send /reviewers here in that group.")
