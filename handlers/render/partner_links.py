"""Words about inviting a friend: the link, its picture, who opened it and what came of that."""

from zoneinfo import ZoneInfo

from bot.services.messages import partners as m
from bot.services.pairing import qr
from bot.texts import Html, Speech, verbatim
from handlers.render.partners import invite_button
from handlers.render.problems import Facts, words
from handlers.screen import Attachment, Button, Screen, lines, paragraphs, renders


@renders(m.PartnerLink)
def partner_link(message: m.PartnerLink, say: Speech) -> Screen:
    """The link for one friend."""
    until = say.day(message.expires_at, ZoneInfo(message.zone))
    rest = say.say(
        "It works once, until {day}. By sending it you say yes; then only your friend’s yes is missing.",
        day=until,
    )
    out = later = ""
    if message.left_pool:
        out = say.say("We have stopped looking for somebody else in the meantime.")
    if not message.approved:
        later = say.say("You become partners as soon as both of you are approved and your friend says yes.")
    buttons: list[tuple[Button, ...]] = []
    if message.again:
        buttons.append((Button(say.say("Take it back and make a new one"), "pair:invite:new"),))
    if message.approved:
        buttons.append((Button(say.say("🔎 Look for somebody as well"), "pair:find"),))
    title = say.say("💌 Send this link to your friend:")
    return Screen(paragraphs(lines(title, verbatim(message.link)), rest, later, out), tuple(buttons))


@renders(m.PartnerLinkPicture)
def partner_link_picture(message: m.PartnerLinkPicture, say: Speech) -> Screen:
    """The same as a QR code."""
    return Screen(
        say.say("The same link for your friend’s camera."),
        attachment=Attachment("invitation.png", qr.png(message.link), picture=True),
    )


@renders(m.InviteeFound)
def invitee_found(message: m.InviteeFound, say: Speech) -> Screen:
    """Somebody opened the link."""
    if message.ready:
        return Screen(
            say.say(
                "💌 {name} opened your link and is being asked. You will get the answer here.",
                name=message.name,
            )
        )
    return Screen(
        say.say(
            "💌 {name} opened your link. We will ask {name} as soon as both of you are approved; "
            "/partner shows it.",
            name=message.name,
        )
    )


@renders(m.InvitationOut)
def invitation_out(message: m.InvitationOut, say: Speech) -> Screen:
    """The last link is in somebody's hands."""
    if message.ready:
        state = say.say("💌 {name} opened your last link and has not answered yet.", name=message.name)
    else:
        state = say.say(
            "💌 {name} opened your last link and waits until both of you are approved.", name=message.name
        )
    return Screen(
        paragraphs(state, say.say("A new link would take that invitation back.")),
        ((Button(say.say("Invite somebody else instead"), "pair:invite:new"),),),
    )


@renders(m.InvitationWaits)
def invitation_waits(message: m.InvitationWaits, say: Speech) -> Screen:
    """Kept until both are approved."""
    title = say.say("💌 <b>{name}</b> invites you to record together as partners.", name=message.name)
    if message.self_missing:
        rest = say.say("We keep the invitation for you: you can answer it as soon as you are approved.")
    else:
        rest = say.say("You can answer as soon as {name} is approved, too.", name=message.name)
    return Screen(paragraphs(title, rest))


@renders(m.InvitationOver)
def invitation_over(message: m.InvitationOver, say: Speech) -> Screen:
    """A waiting invitation came to nothing."""
    name = message.name
    reasons = {
        "paired": say.say("{name} has found another partner, so the invitation is closed.", name=name),
        "other": say.say("{name} has taken the invitation back.", name=name),
        "gone": say.say("{name} is no longer taking part, so the invitation is closed.", name=name),
    }
    text = reasons.get(message.why) or _cannot(message.why, name, say)
    return Screen(
        paragraphs(text, say.say("There are other ways to a partner: /partner")), ((invite_button(say),),)
    )


def _cannot(obstacle: str, name: str, say: Speech) -> Html:
    """Why two people cannot be partners, by `bot.rules.pairing.Obstacle`."""
    reasons = {
        "city": say.say("You and {name} record in different cities, so you cannot be partners.", name=name),
        "language": say.say("You and {name} have no language in common to record in.", name=name),
        "repeat": say.say("You and {name} were partners before, and we look for new pairs.", name=name),
    }
    return reasons.get(obstacle, say.say("You and {name} cannot be partners.", name=name))


@words("QuestionsFirst")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("A few questions are still open before you can invite somebody. /start goes on with them.")


@words("InviterPaired")
def _(f: Facts, say: Speech) -> Html:
    return say.say("{name} has found another partner, so this link is closed.", name=f["name"])


@words("CannotPair")
def _(f: Facts, say: Speech) -> Html:
    return _cannot(f["obstacle"], f["name"], say)
