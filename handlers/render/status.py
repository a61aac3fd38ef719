"""Where an applicant stands, in words."""

from bot.services.messages import status as m
from bot.texts import Html, Speech
from handlers.render import names
from handlers.render.findings import finding_line, told
from handlers.render.people import guide_text
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders


@renders(m.Status)
def status(message: m.Status, say: Speech) -> Screen:
    """The sample's state and the next step."""
    if message.open_question:
        return Screen(say.say("A few questions are still open; /start goes on with them."))
    parts = [_sample(message.sample, say) if message.sample else say.say("You have not sent a sample yet.")]
    if message.approved:
        parts.append(_partner(message.partner, say))
    elif message.sample is None or message.sample.state in ("refused", "rejected", "withdrawn"):
        parts.append(guide_text(message.guide, say))
    if not message.approved and message.partner.state == "waits":
        parts.append(_partner(message.partner, say))
    return Screen(paragraphs(*parts), _buttons(message.sample, say))


def _buttons(sample: m.SampleStatus | None, say: Speech) -> Rows:
    if sample is None or not sample.can_appeal:
        return ()
    return ((Button(say.say("Appeal: let others hear it"), f"appeal:{sample.sample_id}"),),)


def _partner(partner: m.PartnerStatus, say: Speech) -> Html:
    name = partner.name
    states = {
        "none": say.say("Next: find a partner with /partner."),
        "pool": say.say("🔎 We are looking for a partner for you; /partner shows more."),
        "on_call": say.say(
            "🆘 You are on the stand-in list, to be called on short notice; /partner shows more."
        ),
        "asked": say.say("👥 There is an open question about you and {name}: /partner shows it.", name=name),
        "invited": say.say(
            "💌 {name} opened your link and has not answered yet; /partner shows more.", name=name
        ),
        "waits": say.say("💌 {name}’s invitation is kept until both of you are approved.", name=name),
        "pair": say.say("👥 {name} is your partner. Next: /slots shows free studio times.", name=name),
    }
    return states[partner.state]


def _sample(sample: m.SampleStatus, say: Speech) -> Html:
    if sample.state == "received" and sample.waits_for_sender:
        return say.say("🎧 Your sample is received and needs your answer to the question under it.")
    states = {
        "received": say.say("🎧 Your sample is received and being checked."),
        "refused": say.say("Your last sample was not accepted by the checks."),
        "queued": say.say("⏳ Your sample is waiting for free reviewers."),
        "in_review": say.say("👂 Your sample is being heard by the reviewers."),
        "cross_review": say.say("👂 The first reviewers have voted; one more decides on your sample."),
        "appealed": say.say("👂 Your appeal is waiting for reviewers who have not voted on it yet."),
        "approved": say.say("✅ Your sample is approved."),
        "rejected": say.say("Your last sample was rejected by the reviewers."),
        "withdrawn": say.say("Your last sample was thrown away."),
    }
    if sample.appealed and sample.state == "in_review":
        return say.say("👂 Your appeal is being heard by reviewers who have not voted on it yet.")
    reasons = ""
    if sample.reasons and sample.state == "rejected":
        named = say.join(say.say(names.REASONS[reason]) for reason in sample.reasons)
        reasons = say.say("Reasons: {reasons}", reasons=named)
    findings = sample.findings if sample.state == "refused" else ()
    return lines(states[sample.state], reasons, *(finding_line(f, say) for f in told(findings)))
