"""A newcomer's answers: name, birth year, city, gender, languages, dialect, wished partner."""

from bot.rules.onboarding import Question
from bot.services.joining import onboarding, steps
from bot.services.pairing import pool
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard

CHOICES = {"gender": Question.GENDER, "partner": Question.PARTNER, "dialect": Question.DIALECT}


async def profile(context: Context, what: str, value: str) -> None:
    """A button of one of the profile's questions."""
    if what == "speaks" and value != "done":
        await context.show(await onboarding.toggle_speaks(context.unit, context.person, value))
        return
    if what == "speaks":
        await onboarding.answer_speaks(context.unit, context.person)
    elif what == "name" and value == "keep":
        await onboarding.answer_name(context.unit, context.person, context.person.telegram_name)
    elif what in CHOICES:
        await onboarding.answer_choice(context.unit, context.person, CHOICES[what], value)
    else:
        raise StaleButton
    await _answered(context)


async def city(context: Context, code: str) -> None:
    """The city to record in."""
    await onboarding.answer_city(context.unit, context.person, code)
    await _answered(context)


async def name(context: Context, text: str) -> None:
    """A typed name."""
    await onboarding.answer_name(context.unit, context.person, text)
    await _answered(context)


async def birth_year(context: Context, text: str) -> None:
    """Four typed digits."""
    await onboarding.answer_birth_year(context.unit, context.person, text)
    await _answered(context)


async def _answered(context: Context) -> None:
    context.toast(context.say.say("Noted."))
    await pool.look_again(context.unit, context.person)
    await steps.go_on(context.unit, context.person)


def connect(board: Switchboard) -> None:
    """Register the answers of onboarding."""
    board.press("profile", profile)
    board.press("city", city)
    board.typed(Question.NAME.value, name)
    board.typed(Question.BIRTH_YEAR.value, birth_year)
