"""Being led through closing rooms for a while: which room, from when to when, why; then what it touches."""

from zoneinfo import ZoneInfo

from bot.rules.closures import read_span
from bot.rules.commands import CloseRooms, option_value
from bot.rules.slots import next_days
from bot.services import people
from bot.services.messages.closures import AskClosure, ClosurePreview
from bot.services.people import Person
from bot.services.studio import closures, studios
from bot.services.studio.studio_draft import StepOver
from bot.services.unit import Unit

WHAT = "closure"
"""What is expected of a person on this way."""

STEPS = ("room", "dates", "reason")
DAYS = ("1", "2", "7")
"""So many days from tomorrow on."""
ALL = "all"
"""Every room."""
NONE = "skip"
"""No reason is given."""

Answers = dict[str, str]


async def begin(unit: Unit, person: Person, studio_id: int) -> AskClosure:
    """The first question about a studio; raises `UnknownStudio` or `StudioIsClosed`."""
    return await _go_on(unit, person, studio_id, {})


async def _go_on(unit: Unit, person: Person, studio_id: int, answers: Answers) -> AskClosure:
    studio = await studios.get(unit, studio_id)
    rooms = [str(room.number) for room in await studios.rooms(unit, studio)]
    if len(rooms) < 2:
        answers.setdefault("room", ALL)
    step = next(step for step in STEPS if step not in answers)
    await people.expect(unit, person, WHAT, studio=studio_id, answers=answers)
    options = {"room": (*rooms, ALL), "dates": DAYS, "reason": ()}[step]
    return AskClosure(await studios.view(unit, studio), step, options)


def _open(person: Person) -> tuple[int, Answers, str]:
    """The studio, the answers so far, and the open question; raises `StepOver`."""
    expecting = person.expecting or {}
    if expecting.get("what") != WHAT:
        raise StepOver
    answers = dict(expecting["answers"])
    return int(expecting["studio"]), answers, next(step for step in STEPS if step not in answers)


async def press(
    unit: Unit, person: Person, studio_id: int, step: str, value: str
) -> AskClosure | ClosurePreview:
    """Take a pressed answer; raises as `answer`."""
    studio, _, open_ = _open(person)
    if studio != studio_id or step != open_:
        raise StepOver
    if step == "dates":
        if value not in DAYS:
            raise StepOver
        zone = ZoneInfo((await studios.get(unit, studio_id)).zone)
        value = next_days(unit.now, zone, int(value))
    return await answer(unit, person, value)


async def answer(unit: Unit, person: Person, text: str) -> AskClosure | ClosurePreview:
    """Take an answer to the open question; gives the next one or, after the last, what closing would touch.

    Raises `StepOver`, what is wrong with the answer, and what `closures.preview` raises; then the question
    stays open.
    """
    studio_id, answers, step = _open(person)
    text = " ".join(text.split())
    if step == "room" and text != ALL:
        number = int(option_value("room", text))
        there = len(await studios.rooms(unit, await studios.get(unit, studio_id)))
        if number > there:
            raise closures.UnknownRoom(number, there)
        text = str(number)
    elif step == "dates":
        read_span(text)
    elif step == "reason":
        reason = "" if text in (NONE, "-") else str(option_value("reason", text))
        return await _preview(unit, person, studio_id, answers, reason)
    return await _go_on(unit, person, studio_id, {**answers, step: text})


async def _preview(
    unit: Unit, person: Person, studio_id: int, answers: Answers, reason: str
) -> ClosurePreview:
    room = None if answers["room"] == ALL else int(answers["room"])
    wanted = CloseRooms(studio_id, read_span(answers["dates"]), room, reason)
    shown = await closures.preview(unit, person, wanted)
    await people.expect(unit, person, None)
    return shown
