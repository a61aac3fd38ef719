"""Being led through planning slots: city, days or weekdays, times, length, and then the preview."""

from zoneinfo import ZoneInfo

from bot.rules import recurrence
from bot.rules import slots as rules
from bot.rules import templates as template_rules
from bot.services import people
from bot.services.messages.slots import AskPlan, BatchPreview
from bot.services.messages.templates import TemplatePreview
from bot.services.people import Person
from bot.services.studio import batch_cards, batches, studios, templates
from bot.services.studio.studio_draft import StepOver
from bot.services.unit import Unit

WHAT = "newslots"
"""What is expected of a person on this way."""

STEPS = ("city", "dates", "times", "length")
WEEKLY_STEPS = ("city", "weekdays", "times", "length")
"""The same for slots that repeat."""

ORDER = ("city", "often", "dates", "weekdays", "times", "length")
"""Everything that can have been answered, in its order: "often" is that it repeats."""

DAYS = ("7", "14", "28")
"""So many days from tomorrow on."""
TIMES = ("09:00,14:00,18:00", "09:00,13:00,17:00", "10:00,15:00", "14:00,18:00")
LENGTHS = ("2h", "3h", "4h")
WEEKDAYS = ("mo-fr", "mo-su", "sa,su")
_OPTIONS = {"city": (), "dates": DAYS, "weekdays": WEEKDAYS, "times": TIMES, "length": LENGTHS}

Answers = dict[str, str]


def _answers(person: Person) -> Answers | None:
    expecting = person.expecting or {}
    return dict(expecting["answers"]) if expecting.get("what") == WHAT else None


def _open_step(answers: Answers) -> str:
    steps = WEEKLY_STEPS if "often" in answers else STEPS
    return next(step for step in steps if step not in answers)


async def begin(unit: Unit, person: Person) -> AskPlan:
    """The first question, or the one that was open when the way was left; raises `NoStudioYet`."""
    return await _go_on(unit, person, _answers(person) or {})


async def _go_on(unit: Unit, person: Person, answers: Answers) -> AskPlan:
    cities = await studios.choices(unit)
    if len(cities) == 1:
        answers.setdefault("city", cities[0].code)
    step = _open_step(answers)
    await people.expect(unit, person, WHAT, answers=answers)
    names = {city.code: city.names for city in cities}
    return AskPlan(
        step=step,
        answers=answers,
        options=_OPTIONS[step],
        cities=cities if step == "city" else (),
        city_names=names.get(answers.get("city", ""), {}),
    )


Shown = AskPlan | BatchPreview | TemplatePreview


async def press(unit: Unit, person: Person, step: str, value: str) -> Shown:
    """Take a pressed answer; gives the next question or the preview. Raises as `answer`, and `StepOver`.

    `weekly` instead of days means that it repeats.
    """
    answers = _answers(person)
    if answers is None or step != _open_step(answers):
        raise StepOver
    if step == "city":
        return await answer(unit, person, value)
    if step == "dates" and value == "weekly":
        return await _go_on(unit, person, {**answers, "often": "weekly"})
    options = _OPTIONS[step]
    if not value.isascii() or not value.isdigit() or int(value) >= len(options):
        raise StepOver
    chosen = options[int(value)]
    if step == "dates":
        zone = ZoneInfo(await batch_cards.zone_of_city(unit, answers["city"]))
        chosen = rules.next_days(unit.now, zone, int(chosen))
    return await answer(unit, person, chosen)


async def answer(unit: Unit, person: Person, text: str) -> Shown:
    """Take a typed answer to the open question; gives the next question or, after the last, the preview.

    Who types weekdays where days are asked for means that it repeats. Raises `StepOver`, what `bot.rules.slots`
    and `bot.rules.recurrence` find wrong with the answer, and what `batches.preview` and `templates.preview`
    raise; then the question stays open.
    """
    answers = _answers(person)
    if answers is None:
        raise StepOver
    step = _open_step(answers)
    if step == "city":
        text = (await studios.city(unit, text.strip().lower())).code
    elif step == "weekdays" or (step == "dates" and _names_weekdays(text)):
        rule = recurrence.weekly(text)
        answers, step = {**answers, "often": "weekly"}, "weekdays"
        text = str(rule)
    elif step == "dates":
        text = "..".join(dict.fromkeys(str(day) for day in rules.read_dates(text)))
    elif step == "times":
        text = ",".join(f"{at:%H:%M}" for at in rules.read_times(text))
    else:
        return await _preview(unit, person, answers, text)
    return await _go_on(unit, person, {**answers, step: text})


def _names_weekdays(text: str) -> bool:
    try:
        return bool(recurrence.read_weekdays(text))
    except recurrence.BadWeekday:
        return False


async def _preview(
    unit: Unit, person: Person, answers: Answers, length: str
) -> BatchPreview | TemplatePreview:
    if "often" in answers:
        span = rules.length_line(rules.read_length(length))
        line = f'{answers["city"]} rrule="{answers["weekdays"]}" {answers["times"]} {span}'
        preview = await templates.preview(unit, person, template_rules.read(line))
        await people.expect(unit, person, None)
        return preview
    grid = rules.lay(
        answers["city"],
        rules.read_dates(answers["dates"]),
        rules.read_times(answers["times"]),
        rules.read_length(length),
    )
    shown = await batches.preview(unit, person, grid)
    await people.expect(unit, person, None)
    return shown


async def back(unit: Unit, person: Person, step: str) -> AskPlan:
    """Take the last answer back and ask for it again; raises `StepOver`."""
    answers = _answers(person)
    if not answers or step != _open_step(answers):
        raise StepOver
    answers.pop([name for name in ORDER if name in answers][-1])
    return await _go_on(unit, person, answers)
