"""Words of match proposals: the card, how it ends, and the pair that comes of it."""

from zoneinfo import ZoneInfo

from bot.services.messages import partners as m
from bot.texts import Html, Speech
from handlers.render import names
from handlers.render.partners import (
    about,
    both_ways,
    find_button,
    invite_button,
    leave_pool_button,
    stand_in_button,
    write_to,
)
from handlers.render.places import session
from handlers.render.problems import Facts, words
from handlers.screen import Button, Recording, Rows, Screen, lines, paragraphs, renders


@renders(m.ProposalCard)
def card(message: m.ProposalCard, say: Speech) -> Screen:
    """A proposal as it stands for one of the two."""
    name = message.other.name
    match message.state:
        case "ask":
            return _question(message, say)
        case "yes":
            text = say.say("✅ You said yes to <b>{name}</b>. Now we are waiting for {name}.", name=name)
            back = Button(say.say("No after all"), f"match:{message.proposal_id}:no")
            return Screen(paragraphs(text, _by(message, say)), ((back,),))
        case "paired":
            return Screen(say.say("✅ You and <b>{name}</b> both said yes.", name=name))
        case "no" | "never":
            return _said_no(message, say)
        case _:
            return Screen(say.say("The proposal with {name} is closed.", name=name))


def _question(message: m.ProposalCard, say: Speech) -> Screen:
    name = message.other.name
    reminder = say.say("⏰ <b>Reminder:</b> this is waiting for your answer.") if message.reminder else ""
    yes = Button(say.say("Yes, with {name}", name=name), f"match:{message.proposal_id}:yes")
    no = Button(say.say("No"), f"match:{message.proposal_id}:no")
    never = Button(say.say("No, and not with {name} again", name=name), f"match:{message.proposal_id}:never")
    return Screen(
        paragraphs(
            reminder,
            lines(_title(message, say), about(message.other, say)),
            _why(message, say),
            _what_it_means(message, say),
            lines(say.say("Saying no costs you nothing."), _by(message, say)),
        ),
        ((yes, no), (never,)),
    )


def _title(message: m.ProposalCard, say: Speech) -> Html:
    name = message.other.name
    if message.via == "invitation":
        return say.say("💌 <b>{name}</b> invites you to record together as partners.", name=name)
    if message.slot is None:
        return say.say("👥 A partner for you: <b>{name}</b>", name=name)
    when = session(message.slot, say)
    if message.standing_in:
        return lines(
            say.say("🆘 <b>{name}</b> needs a partner for this session. Can you stand in?", name=name), when
        )
    return lines(say.say("🆘 A stand-in for your session: <b>{name}</b>", name=name), when)


def _what_it_means(message: m.ProposalCard, say: Speech) -> Html:
    """A stand-in is for more than one session: people have one partner at a time."""
    if message.slot is None:
        return Html("")
    if message.standing_in:
        return say.say("If you both say yes, you two become partners and the session is yours.")
    return say.say("If you both say yes, you two become partners and your present pair ends.")


def _why(message: m.ProposalCard, say: Speech) -> Html:
    shared = say.join(say.language_name(code) for code in message.languages)
    dialect = names.DIALECTS.get(message.other.dialect or "", "")
    texts = {
        "same_city": say.say("• you record in the same city"),
        "shared_language": say.say("• you both speak {languages}", languages=shared),
        "same_dialect": say.say("• the same dialect: {dialect}", dialect=say.say(dialect) if dialect else ""),
        "common_hours": say.say("• your weeks leave plenty of the same hours"),
        "balance": say.say("• your shares of the talk balance each other"),
        "wish": say.say("• it meets your wish"),
        "longest_waiting": say.say("• one of you has waited the longest"),
    }
    reasons = [texts[reason] for reason in message.reasons]
    return lines(say.say("Why you two:"), *reasons) if reasons else Html("")


def _by(message: m.ProposalCard, say: Speech) -> Html:
    if message.expires_at is None:
        return Html("")
    when = say.moment(message.expires_at, ZoneInfo(message.zone))
    if message.state == "yes":
        return say.say("You will hear from us by {when} at the latest.", when=when)
    return say.say("Please answer by {when}.", when=when)


def _said_no(message: m.ProposalCard, say: Speech) -> Screen:
    name = message.other.name
    text = say.say("You said no to {name}. That costs you nothing.", name=name)
    never: Rows = ()
    if message.state == "never":
        text = lines(text, say.say("We will not propose {name} to you again.", name=name))
    else:
        never = (
            (Button(say.say("Not with {name} again", name=name), f"match:{message.proposal_id}:never"),),
        )
    if message.in_pool:
        more = say.say("You keep your place, and we keep looking for you.")
        return Screen(paragraphs(text, more), (*never, (leave_pool_button(say),)))
    return Screen(text, (*never, *both_ways(say)))


@renders(m.ProposalExcerpt)
def excerpt(message: m.ProposalExcerpt, say: Speech) -> Screen:
    """How the other one talks."""
    text = say.say("🔊 Ten seconds of {name}’s sample, with the voice of a friend in it.", name=message.name)
    return Screen(text, recording=Recording("", "voice", message.key))


# --- how it ended


@renders(m.ProposalOver)
def over(message: m.ProposalOver, say: Speech) -> Screen:
    """It came to nothing: why, and how it goes on."""
    if message.why == "left_pool":
        text = say.say(
            "You left two proposals in a row unanswered, so we have stopped looking for you. When you have time "
            "again, one press is enough."
        )
        return Screen(text, ((find_button(say),),))
    if message.why == "left_list":
        text = say.say(
            "You left two such questions in a row unanswered, so we have taken you off the stand-in list. When you "
            "have time again, one press is enough."
        )
        return Screen(text, ((stand_in_button(say, on=False),),))
    reason = {"pool": _pool_over, "invitation": _invitation_over, "rescue": _rescue_over}[message.via]
    on = say.say("You keep your place, and we keep looking for you.") if message.in_pool else ""
    return Screen(paragraphs(reason(message, say), on), _ways_on(message, say))


def _ways_on(message: m.ProposalOver, say: Speech) -> Rows:
    if message.in_pool:
        return ((invite_button(say), leave_pool_button(say)),)
    return () if message.via == "rescue" else both_ways(say)


def _pool_over(message: m.ProposalOver, say: Speech) -> Html:
    name = message.name
    texts = {
        "declined": say.say(
            "It did not work out with {name} this time. That says nothing about you.", name=name
        ),
        "unanswered": say.say("{name} did not answer in time.", name=name),
        "ignored": say.say("You did not answer in time, so the proposal with {name} is closed.", name=name),
        "gone": say.say("{name} is no longer available.", name=name),
    }
    return texts[message.why]


def _invitation_over(message: m.ProposalOver, say: Speech) -> Html:
    name = message.name
    texts = {
        "declined": say.say("{name} has said no to your invitation. That says nothing about you.", name=name),
        "unanswered": say.say("{name} did not answer your invitation in time.", name=name),
        "ignored": say.say(
            "{name}’s invitation ran out without an answer. If you still want to, ask {name} for a new link.",
            name=name,
        ),
        "gone": say.say("The invitation between you and {name} is no longer open.", name=name),
    }
    return texts[message.why]


def _rescue_over(message: m.ProposalOver, say: Speech) -> Html:
    name = message.name
    texts = {
        "declined": say.say("It did not work out with {name} for this session.", name=name),
        "unanswered": say.say("{name} did not answer in time.", name=name),
        "ignored": say.say(
            "You did not answer in time, so you and {name} were not brought together.", name=name
        ),
        "gone": say.say("The session with {name} has been settled another way.", name=name),
    }
    return texts[message.why]


@renders(m.PairFormed)
def pair_formed(message: m.PairFormed, say: Speech) -> Screen:
    """Both said yes."""
    following = ""
    if not message.booked:
        following = say.say("Next: choose a studio time together. /slots shows what is free.")
    return Screen(
        paragraphs(
            lines(
                say.say("🎉 You have a partner: <b>{name}</b>!", name=message.partner.name),
                about(message.partner, say),
                write_to(message.partner, message.contact, say),
            ),
            following,
        )
    )


# --- what cannot be done


@words("ProposalNotYours")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This proposal is not yours to answer.")


@words("ProposalClosed")
def _(f: Facts, say: Speech) -> Html:
    name = f["name"]
    texts = {
        "paired": say.say("You and {name} are partners already. /partner shows more.", name=name),
        "parted": say.say("You and {name} are no longer partners. /partner shows more.", name=name),
        "you_declined": say.say("You said no to {name}, and it is closed. /partner shows more.", name=name),
        "declined": say.say(
            "This is closed: it did not work out with {name}. /partner shows more.", name=name
        ),
        "unanswered": say.say("The time for this is over. /partner shows where you stand."),
        "over": say.say("This is closed: {name} is no longer available.", name=name),
    }
    return texts[f["outcome"]]


@words("Engaged")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("There is another proposal open. /partner shows it.")
