"""A reviewer's side: the open cards, a pause, and the votes; and the coordinators' word on an appeal."""

from collections.abc import Awaitable, Callable

from bot.rules.review import Reason
from bot.rules.roles import Role
from bot.services.joining import onboarding
from bot.services.reviewing import appeals, review_groups, review_queue, votes
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard

REASONS = frozenset(reason.value for reason in Reason)


async def queue(context: Context) -> None:
    """Show what is open again; who has not said which languages they hear is asked."""
    if not context.person.speaks:
        await onboarding.ask_hears(context.unit, context.person)
        return
    await review_queue.show(context.unit, context.person)


async def pause(context: Context) -> None:
    """No new samples for now."""
    await review_queue.pause(context.unit, context.person)


async def resume(context: Context) -> None:
    """New samples again."""
    await review_queue.resume(context.unit, context.person)
    if not context.person.speaks:
        await onboarding.ask_hears(context.unit, context.person)


async def vote(context: Context, key: str, choice: str) -> None:
    """A press on a card: `a` is one's own, `s` the group's, `j` a coordinator's."""
    kind, number = _split(key)
    await VOTES[kind](context, number, choice)


async def why(context: Context, key: str, choice: str) -> None:
    """A reason ticked, or all of them given."""
    if choice not in REASONS | {"done"}:
        raise StaleButton
    kind, number = _split(key)
    if kind == "j":
        await _judge_reason(context, number, choice)
        return
    if kind != "a":
        raise StaleButton
    seated = await votes.seat_of(context.unit, context.person, number)
    if choice == "done":
        await votes.reject(context.unit, context.person, seated)
        context.toast(_noted(context, approve=False))
    else:
        await votes.toggle(context.unit, seated, Reason(choice))


def _split(key: str) -> tuple[str, int]:
    kind, number = key[:1], key[1:]
    if kind not in VOTES or not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise StaleButton
    return kind, int(number)


async def _own_card(context: Context, assignment_id: int, choice: str) -> None:
    unit, person = context.unit, context.person
    seated = await votes.seat_of(unit, person, assignment_id)
    if choice == "yes":
        await votes.approve(unit, person, seated)
        context.toast(_noted(context, approve=True))
    elif choice == "no":
        await votes.begin_rejection(unit, seated)
        context.toast(context.say.say("Tick at least one reason, then Done: only then does your vote count."))
    elif choice == "skip":
        await votes.skip(unit, person, seated)
        context.toast(context.say.say("Skipped: somebody else will hear it."))
    else:
        raise StaleButton


async def _group_card(context: Context, sample_id: int, choice: str) -> None:
    if choice not in ("yes", "no"):
        raise StaleButton
    unit, person = context.unit, context.person
    seat = await review_groups.sit_down(unit, person, context.chat.id, sample_id)
    if choice == "yes":
        await votes.approve(unit, person, seat.seated)
        context.toast(_noted(context, approve=True))
        return
    await review_groups.ask_reasons(unit, seat)
    if seat.reachable:
        context.toast(context.say.say("Please give your reasons in our private chat: then your vote counts."))
        return
    words = context.say.say(
        "I cannot write to you yet. Open a private chat with @{bot}, send /start and give your reasons there: "
        "then your vote counts.",
        bot=unit.house.bot_username,
    )
    context.toast(words, alert=True)


async def _judge_card(context: Context, sample_id: int, choice: str) -> None:
    sample = await appeals.case_of(context.unit, context.person, sample_id)
    if choice == "yes":
        await appeals.uphold(context.unit, context.person, sample)
        context.toast(context.say.say("Decided: approved."))
    elif choice == "no":
        await context.show(appeals.begin_dismissal(context.person, sample))
        context.toast(context.say.say("Tick at least one reason, then Done: that decides."))
    else:
        raise StaleButton


async def _judge_reason(context: Context, sample_id: int, choice: str) -> None:
    sample = await appeals.case_of(context.unit, context.person, sample_id)
    if choice == "done":
        await appeals.dismiss(context.unit, context.person, sample)
        context.toast(context.say.say("Decided: rejected."))
    else:
        await context.show(await appeals.toggle(context.unit, context.person, sample, Reason(choice)))


def _noted(context: Context, *, approve: bool) -> str:
    if approve:
        return context.say.say(
            "Your vote: approve. Only you see it, and you can change it until the decision."
        )
    return context.say.say("Your vote: reject. Only you see it, and you can change it until the decision.")


VOTES: dict[str, Callable[[Context, int, str], Awaitable[None]]] = {
    "a": _own_card,
    "s": _group_card,
    "j": _judge_card,
}
"""What a press on each kind of card does."""


async def appeal(context: Context, sample_id: int) -> None:
    """The applicant wants others to hear a rejected sample."""
    await appeals.appeal(context.unit, context.person, sample_id)
    context.toast(context.say.say("Your appeal is under way."))


def connect(board: Switchboard) -> None:
    """Register the reviewers' commands and presses, and the applicants' appeal."""
    board.command("queue", queue, Role.REVIEWER)
    board.command("pause", pause, Role.REVIEWER)
    board.command("resume", resume, Role.REVIEWER)
    board.press("vote", vote, groups=True)
    board.press("why", why)
    board.press("appeal", appeal)
