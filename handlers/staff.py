"""The staff's side: `/today`, the answers to "can you run this session?", and what to do where nobody can."""

from bot.rules.roles import Role
from bot.services import outbox
from bot.services.studio import shift_cards, shifts, understaffed
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def today(context: Context) -> None:
    """One's shifts: to answer and confirmed, by day."""
    await context.reply(await shift_cards.today(context.unit, context.person))


async def answered(context: Context, shift_id: int, choice: str) -> None:
    """One shift, from whichever message it was asked in."""
    if choice not in ("yes", "no"):
        raise StaleButton
    unit, person, say = context.unit, context.person, context.say
    shift = await shifts.answer(unit, person, shift_id, yes=choice == "yes")
    context.toast(say.say("✅ You run it.") if choice == "yes" else say.say("Noted: without you."))
    await context.show(await shift_cards.shown_in(unit, person, shift, await _pressed_kind(context)))


async def card_answered(context: Context, batch_id: int, card: int, choice: str) -> None:
    """Everything that is still open on a card at once."""
    if choice not in ("yes", "no"):
        raise StaleButton
    unit, person, say = context.unit, context.person, context.say
    answers = await shifts.answer_card(unit, person, batch_id, card, yes=choice == "yes")
    told = [say.say("Noted.")]
    if answers.confirmed:
        told = [say.say_n("✅ You run one session.", "✅ You run {n} sessions.", answers.confirmed)]
    if answers.impossible:
        told.append(
            say.say_n(
                "One more overlaps another of yours or has enough people already.",
                "{n} more overlap others of yours or have enough people already.",
                answers.impossible,
            )
        )
    context.toast(" ".join(told), alert=bool(answers.impossible))
    await context.show(await shift_cards.card(unit, person, batch_id, card))


async def covered(context: Context, slot_id: int, choice: str) -> None:
    """`cover:<slot>:<choice>`: a coordinator says what becomes of a booked session that lacks staff."""
    unit, person = context.unit, context.person
    match choice:
        case "fewer":
            await context.show(await understaffed.run_with_fewer(unit, person, slot_id))
        case "off":
            await context.show(await understaffed.ask_to_call_off(unit, slot_id, confirming=True))
        case "back":
            await context.show(await understaffed.ask_to_call_off(unit, slot_id, confirming=False))
        case "sure":
            await context.show(await understaffed.off(unit, person, slot_id))
        case _:
            raise StaleButton


async def _pressed_kind(context: Context) -> str:
    """The kind of message that the pressed button is under."""
    message_id = context.pressed_message_id
    row = await outbox.row_of_message(context.unit, context.chat.id, message_id) if message_id else None
    return await outbox.kind_of(context.unit, row) if row is not None else ""


def connect(board: Switchboard) -> None:
    """Register the staff's command and answers."""
    board.command("today", today, Role.STAFF)
    board.press("shift", answered)
    board.press("shifts", card_answered)
    board.press("cover", covered, Role.COORDINATOR)
