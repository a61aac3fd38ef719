"""Words and buttons of the cards that samples are voted on, and of what became of them."""

from zoneinfo import ZoneInfo

from bot.rules.review import Reason
from bot.services.messages import reviews as m
from bot.texts import Html, Speech
from handlers.render import names
from handlers.render.review_findings import reviewer_line
from handlers.screen import Button, Recording, Rows, Screen, lines, paragraphs, renders, rows


def _recording(playback: m.Playback) -> Recording:
    return Recording(playback.file_id, playback.media, playback.audio_key)


def _title(playback: m.Playback, say: Speech) -> Html:
    """The sample's number, language and measured length: what tells it from others without naming anybody."""
    number = say.say("Sample {number}", number=playback.sample_id)
    facts = [f"<b>{number}</b>", say.language_name(playback.language)]
    if playback.seconds is not None:
        facts.append(say.span(playback.seconds))
    return Html("🎧 " + " · ".join(facts))


def _facts(playback: m.Playback, say: Speech, *, cross: bool) -> Html:
    return lines(
        _title(playback, say),
        say.say("🔁 Appeal: please judge it afresh.") if playback.appeal else "",
        say.say("⚖️ Cross-review: the next vote decides.") if cross else "",
        *[reviewer_line(found, say) for found in (*playback.warnings, *playback.notes)][:FINDINGS_SHOWN],
        *(_copy(copy, say) for copy in playback.copies[:COPIES_SHOWN]),
    )


FINDINGS_SHOWN = 8
"""Findings that a card tells of, warnings first: a caption has room for no more."""

COPIES_SHOWN = 2
"""Copies that a card tells of: more change nothing for who hears it."""


def _copy(copy: m.Copy, say: Speech) -> Html:
    facts = {"number": copy.sample_id, "span": say.span(copy.seconds)}
    if copy.linked:
        return say.say(
            "👥 {span} of it are in sample {number} too, by somebody who is linked to the applicant: that is fine.",
            **facts,
        )
    return say.say(
        "⚠️ {span} of it are in sample {number} too, by somebody who is not linked to the applicant. The "
        "coordinators know; please judge what you hear.",
        **facts,
    )


def _reasons(reasons: tuple[str, ...], say: Speech) -> Html:
    return say.join(say.say(names.REASONS[reason]) for reason in reasons)


@renders(m.ReviewCard)
def review_card(message: m.ReviewCard, say: Speech) -> Screen:
    """One person's card: the recording, what is known of it, one's own vote and the buttons to cast it."""
    text = paragraphs(
        _facts(message.playback, say, cross=message.seat == "cross"),
        _hurry(message, say) if message.nudged else "",
        _own_vote(message, say),
    )
    buttons = _choices(message, say) if message.ticking is None else _ticking(message, say)
    return Screen(text, buttons, recording=_recording(message.playback))


def _hurry(message: m.ReviewCard, say: Speech) -> Html:
    if message.until is None:
        return say.say("⏰ It has been waiting for you for a while.")
    until = say.moment(message.until, ZoneInfo(message.zone))
    return say.say(
        "⏰ It has been waiting for you for a while; on {until} it goes to somebody else.", until=until
    )


def _own_vote(message: m.ReviewCard, say: Speech) -> Html:
    if message.ticking is not None and message.seat == "judge":
        return say.say("Why not? Tick at least one reason; Done decides.")
    if message.ticking is not None:
        return say.say("Why not? Tick at least one reason, then press Done: only then does your vote count.")
    if message.seat == "judge":
        return say.say(
            "Too few reviewers are left who have not heard it, so you may decide it yourself. That is final."
        )
    if message.approve is None:
        return say.say(
            "Lively, natural, with a topic, and both talk? Nobody sees your vote before the decision."
        )
    if message.approve:
        return say.say("Your vote: 👍 approve. You can change it until the decision.")
    return say.say(
        "Your vote: 👎 reject ({reasons}). You can change it until the decision.",
        reasons=_reasons(message.reasons, say),
    )


def _choices(message: m.ReviewCard, say: Speech) -> Rows:
    mark = {True: "✅ ", False: ""}
    yes = Button(mark[message.approve is True] + say.say("👍 Approve"), f"vote:{message.key}:yes")
    no = Button(mark[message.approve is False] + say.say("👎 Reject"), f"vote:{message.key}:no")
    skip = Button(say.say("Skip: let somebody else hear it"), f"vote:{message.key}:skip")
    may_skip = message.approve is None and message.seat != "judge"
    return ((yes, no), (skip,)) if may_skip else ((yes, no),)


def _ticking(message: m.ReviewCard, say: Speech) -> Rows:
    ticked = message.ticking or ()
    buttons = [
        Button(
            ("✅ " if reason.value in ticked else "") + say.say(names.REASONS[reason.value]),
            f"why:{message.key}:{reason.value}",
        )
        for reason in Reason
    ]
    done = Button(say.say("Done"), f"why:{message.key}:done")
    approve = Button(say.say("👍 Approve instead"), f"vote:{message.key}:yes")
    return (*rows(buttons, 2), (done, approve))


@renders(m.GroupCard)
def group_card(message: m.GroupCard, say: Speech) -> Screen:
    """The group's card: how many have voted, and nothing of what they voted."""
    if message.cross:
        ask = say.say("The panel has voted. One more reviewer, who has not voted on it yet, decides.")
    else:
        ask = say.say(
            "The first to press have the vote: {heard} of {wanted} so far. Votes stay hidden until "
            "the decision.",
            heard=message.heard,
            wanted=message.wanted,
        )
    text = paragraphs(
        _facts(message.playback, say, cross=False),
        say.say("⏰ It has been waiting for a while.") if message.nudged else "",
        ask,
    )
    yes = Button(say.say("👍 Approve"), f"vote:{message.key}:yes")
    no = Button(say.say("👎 Reject"), f"vote:{message.key}:no")
    return Screen(text, ((yes, no),), recording=_recording(message.playback))


@renders(m.ReviewClosed)
def review_closed(message: m.ReviewClosed, say: Speech) -> Screen:
    """What became of a card: no buttons any more."""
    endings = {
        "skipped": say.say("You skipped it; somebody else will hear it."),
        "expired": say.say("It waited too long, so somebody else is hearing it now."),
        "moved": say.say("⬇️ Shown again further down."),
        "private": say.say("Reviewing has left this group and goes on in private."),
        "withdrawn": say.say("The applicant has withdrawn it; there is nothing to vote on any more."),
    }
    ending = _decided(message, say) if message.how == "decided" else endings[message.how]
    text = paragraphs(_title(message.playback, say), ending)
    return Screen(text, recording=_recording(message.playback))


def _decided(message: m.ReviewClosed, say: Speech) -> Html:
    ways = {
        "panel": say.say("by the panel"),
        "cross-review": say.say("by cross-review"),
        "coordinator": say.say("by a coordinator"),
    }
    way = ways[message.by]
    if message.approved:
        result = say.say("✅ Decided {way}: <b>approved</b>", way=way)
    else:
        result = say.say("❌ Decided {way}: <b>rejected</b>", way=way)
    own = ""
    if message.own is not None:
        own = say.say("Your vote: 👍 approve.") if message.own else say.say("Your vote: 👎 reject.")
    why = say.say("Reasons: {reasons}", reasons=_reasons(message.reasons, say)) if message.reasons else ""
    return lines(result, why, own)
