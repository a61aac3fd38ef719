"""A partner: where one stands, the pool, invitations by link, proposals and their answers, leaving."""

from bot.rules.onboarding import Question
from bot.rules.roles import Role
from bot.services.joining import onboarding
from bot.services.pairing import excerpts, matches, partings, partner_links, partners, pool, stand_ins, weeks
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def partner(context: Context) -> None:
    """Where the person stands, and what they can do next."""
    await onboarding.begin(context.unit, context.person)
    if not await onboarding.ask_next(context.unit, context.person):
        await partners.show(context.unit, context.person)


async def pair(context: Context, what: str, choice: str = "", pair_id: str = "") -> None:
    """A button of `/partner`."""
    if what == "find" and not choice:
        await _find(context)
    elif what == "invite" and choice in ("", "new"):
        await partner_links.invite(context.unit, context.person, anew=choice == "new")
    elif what == "why":
        await _why(context, choice)
    elif what == "standin" and not choice:
        await _stand_in(context)
    elif what == "week" and not pair_id:
        await _week(context, choice)
    elif what == "leave" and not choice:
        await partings.begin(context.unit, context.person)
    elif what == "leave":
        await _leave(context, choice, pair_id)
    else:
        raise StaleButton


async def _find(context: Context) -> None:
    if not await pool.join(context.unit, context.person):
        context.toast(context.say.say("We are already looking for you."))
    await partners.show(context.unit, context.person)
    await excerpts.ask_once(context.unit, context.person)


async def _stand_in(context: Context) -> None:
    """Onto the stand-in list or off it; the message shows where one stands then."""
    on = await stand_ins.toggle(context.unit, context.person)
    say = context.say
    context.toast(
        say.say("You are on the stand-in list.") if on else say.say("You are off the stand-in list.")
    )
    await context.show(await partners.standing(context.unit, context.person))
    if on:
        await excerpts.ask_once(context.unit, context.person)


async def _why(context: Context, change: str) -> None:
    """Why there is no proposal yet, or one of the changes that would help."""
    asked = {"speaks": Question.SPEAKS, "city": Question.CITY}
    if change:
        if change not in asked:
            raise StaleButton
        await onboarding.ask_again(context.unit, context.person, asked[change])
        return
    message = await partners.why(context.unit, context.person)
    if message is None:
        await partners.show(context.unit, context.person)
    else:
        await context.tell(message)


async def _week(context: Context, choice: str) -> None:
    """The grid in a message of its own, or what a press of it comes to, in place."""
    if not choice:
        await context.tell(await weeks.grid(context.unit, context.person))
    elif choice == "done":
        await context.show(await weeks.done(context.unit, context.person))
    else:
        shown = await weeks.press(context.unit, context.person, choice)
        if shown.empty:
            context.toast(context.say.say("Nobody can be found like that, so nothing is kept yet."))
        await context.show(shown)


async def _leave(context: Context, choice: str, pair_id: str) -> None:
    if choice == "keep":
        await context.show(await partings.stay(context.unit, context.person))
    elif choice in ("yes", "never") and (pair_id.isdecimal() or not pair_id):
        about = int(pair_id) if pair_id else None
        never = choice == "never"
        await context.show(await partings.leave(context.unit, context.person, about, never=never))
    else:
        raise StaleButton


async def match(context: Context, proposal_id: int, choice: str) -> None:
    """The answer to a proposal or an invitation; its card is edited to show what came of it."""
    if choice not in ("yes", "no", "never"):
        raise StaleButton
    agree, never = choice == "yes", choice == "never"
    outcome = await matches.answer(context.unit, context.person, proposal_id, agree=agree, never=never)
    say = context.say
    toasts = {
        "yes": say.say("Noted: yes. Now we are waiting for the other one."),
        "no": say.say("Noted: no."),
        "never": say.say("Noted: never again."),
        "paired": say.say("You are partners!"),
        "gone": say.say("Sorry, this is no longer possible."),
    }
    context.toast(toasts[outcome])


def connect(board: Switchboard) -> None:
    """Register the partner's command and presses."""
    board.command("partner", partner, Role.APPLICANT)
    board.press("pair", pair)
    board.press("match", match)
