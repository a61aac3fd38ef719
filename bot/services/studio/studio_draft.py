"""Being led through adding a studio, one question at a time.

The answers are kept beside the question that the next typed words answer, so the way can be gone on with after
any pause, and left with /cancel.
"""

from bot.rules.commands import AddStudio, option_value, zone_name
from bot.rules.errors import DomainError, NameMissing
from bot.rules.oneline import UnknownZone, city_code
from bot.rules.studios import names_of
from bot.services import people
from bot.services.joining import onboarding
from bot.services.messages.people import CityChoice
from bot.services.messages.studios import AskStudio, StudioAdded
from bot.services.people import Person
from bot.services.studio import studios
from bot.services.unit import Unit

WHAT = "studio"
"""What is expected of a person on this way."""

STEPS = ("city", "city_names", "name", "zone", "rooms", "address", "map")
SKIPPABLE = ("city_names", "address", "map")
DONE = "done"

Answers = dict[str, str | int | None]


class StepOver(DomainError):
    """The button belongs to a question that was answered, or to a way that was left."""


def _answers(person: Person) -> Answers | None:
    expecting = person.expecting or {}
    return dict(expecting["answers"]) if expecting.get("what") == WHAT else None


def _open_step(answers: Answers) -> str:
    return next((step for step in STEPS if step not in answers), DONE)


async def begin(unit: Unit, person: Person) -> AskStudio:
    """The first question, or the one that was open when the way was left."""
    return await _go_on(unit, person, _answers(person) or {})


async def _go_on(unit: Unit, person: Person, answers: Answers) -> AskStudio:
    cities = tuple(CityChoice(city.code, city.names) for city in await onboarding.cities(unit))
    if answers.get("city") in {city.code for city in cities}:
        answers.setdefault("city_names", None)
    step = _open_step(answers)
    await people.expect(unit, person, WHAT, answers=answers)
    return AskStudio(
        step=step,
        answers=answers,
        cities=cities if step == "city" else (),
        zones=await _zones(unit, str(answers["city"])) if step == "zone" else (),
    )


async def _zones(unit: Unit, city: str) -> tuple[str, ...]:
    """The time zones that this city is likely to be in, the likeliest first."""
    near = [studio.zone for studio in await studios.standing(unit, city)]
    try:
        guessed: tuple[str, ...] = (zone_name(city.replace("-", "_")),)
    except UnknownZone as error:
        guessed = error.expected
    others = [studio.zone for studio in await studios.standing(unit)]
    return tuple(dict.fromkeys([*near, *guessed, *others]))[:4] or ("Asia/Shanghai",)


async def answer(unit: Unit, person: Person, text: str, *, step: str | None = None) -> AskStudio:
    """Take an answer to the open question, typed or (with `step`) pressed; gives the next question.

    Raises `StepOver` for a press on another question, and what the rules find wrong with the answer:
    `BadCityCode`, `NameMissing`, `TooLong`, `UnknownZone`, `BadRooms` or `BadLink`.
    """
    answers = _answers(person)
    if answers is None:
        raise StepOver
    open_ = _open_step(answers)
    if open_ == DONE or step not in (None, open_):
        raise StepOver
    if step is not None and text == "skip":
        if open_ not in SKIPPABLE:
            raise StepOver
        answers[open_] = None
    else:
        answers[open_] = _read(open_, text)
    return await _go_on(unit, person, answers)


def _read(step: str, text: str) -> str | int:
    text = " ".join(text.split())
    if step == "city":
        return city_code(text)
    if step in ("name", "city_names"):
        if not names_of(text):
            raise NameMissing
        return text
    return option_value(step, text)


async def back(unit: Unit, person: Person, step: str) -> AskStudio:
    """Take the last answer back and ask for it again; raises `StepOver`."""
    answers = _answers(person)
    if not answers or step != _open_step(answers):
        raise StepOver
    given = [name for name in STEPS if name in answers]
    if given[-1] == "city_names" and answers["city_names"] is None:
        del answers[given.pop()]  # it may never have been asked
    del answers[given[-1]]
    return await _go_on(unit, person, answers)


async def finish(unit: Unit, person: Person) -> StudioAdded:
    """Add the studio as it was answered; raises `StepOver` and `StudioExists`."""
    answers = _answers(person)
    if answers is None or _open_step(answers) != DONE:
        raise StepOver
    names = names_of(str(answers["name"]))
    name = names.get("en") or names["zh"]
    wanted = AddStudio(
        city=str(answers["city"]),
        name=name,
        zone=str(answers["zone"]),
        rooms=int(answers["rooms"] or 1),
        zh=names.get("zh") if "en" in names else None,
        address=str(answers["address"]) if answers["address"] else None,
        map=str(answers["map"]) if answers["map"] else None,
    )
    city_names = names_of(str(answers["city_names"])) if answers["city_names"] else None
    added = await studios.add(unit, person, wanted, city_names)
    await people.expect(unit, person, None)
    return added
