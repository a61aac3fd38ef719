"""Slots that repeat: ``beijing weekly mo-fr 09:00,14:00 3h from=2026-12-01 except=2026-12-25``, and their days.

Instead of the weekdays a rule can stand there: ``rrule="FREQ=MONTHLY;BYDAY=1SA"`` (`bot.rules.recurrence`).
"""

# Domain errors are named as the matter itself, not as a fault of the program.

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from bot.rules.oneline import (
    CommandError,
    ExtraPart,
    MissingPart,
    RepeatedOption,
    UnknownOption,
    Word,
    arguments,
    city_code,
    words,
)
from bot.rules.recurrence import (
    DAY_FORMS,
    BadWeekday,
    Rule,
    falls,
    is_weekly,
    read_rule,
    read_weekdays,
    weekly,
)
from bot.rules.slots import (
    MAX_DAYS,
    SlotGrid,
    days_line,
    lay,
    length_line,
    read_dates,
    read_days,
    read_length,
    read_times,
    tidy,
    times_line,
)

AHEAD = 14
"""Days that slots are laid out ahead, unless the line says otherwise."""
MAX_EXCEPTIONS = 100

_DAY = timedelta(days=1)
_FAR = 9 * 366
"""Days to look for the next one: a 29 February can be eight years away."""
_OPTIONS = ("rrule", "from", "until", "except", "ahead")
_EXAMPLES = {"city": "beijing", "times": "09:00,14:00,18:00", "length": "3h"}


class BadAhead(CommandError):
    """Not a number of days from 1 to `MAX_DAYS`."""


class BadTemplateId(CommandError):
    """A template is named by its number, as the list shows it."""


class TooManyExceptions(CommandError):
    """`count` days are left out where `limit` fit."""

    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class Template:
    """Slots that repeat: every time on every day of the rule from `first` on, but for `skip`.

    `first` None is the day after it was asked for, `last` None is never; slots appear `ahead` days before.
    """

    city: str
    rule: Rule
    times: tuple[time, ...]
    length: timedelta
    first: date | None = None
    last: date | None = None
    skip: tuple[date, ...] = ()
    ahead: int = AHEAD


@dataclass(frozen=True, slots=True)
class ListTemplates:
    """All that repeat, with their numbers."""


@dataclass(frozen=True, slots=True)
class StopTemplate:
    """No more slots of this one."""

    template: int


@dataclass(frozen=True, slots=True)
class ExceptDays:
    """These days of a template are left out."""

    template: int
    days: tuple[date, ...]


TemplateCommand = Template | ListTemplates | StopTemplate | ExceptDays


# --- reading


def parse(text: str) -> TemplateCommand | None:
    """Read a line about slots that repeat; None if it is about none (`bot.rules.slots` reads those).

    ``<city> weekly <weekdays> <times> <length>`` or ``<city> rrule="…" <times> <length>``, with ``from=``,
    ``until=``, ``except=`` and ``ahead=``; ``list``, ``stop <number>``, ``except <number> <days>``. Raises a
    `CommandError`: those of `bot.rules.slots`, `BadWeekday`, `BadRule`, `BadAhead`, `BadTemplateId`,
    `TooManyExceptions`, `MissingPart`, `ExtraPart`, `UnknownOption` or `RepeatedOption`.
    """
    tidied = tidy(arguments(text))
    verb, *rest = tidied.split() or [""]
    match verb.lower():
        case "list" if not rest:
            return ListTemplates()
        case "stop":
            return StopTemplate(_number(rest, most=1))
        case "except":
            number = _number(rest, most=2)
            if len(rest) < 2:
                raise MissingPart("", ("2026-12-31",), "dates")
            return ExceptDays(number, _exceptions(rest[1]))
    if not _repeats(tidied):
        return None
    pieces = list(words(tidied))
    return _template([piece.text for piece in pieces if piece.key is None], _options(pieces))


def _repeats(text: str) -> bool:
    """Whether a line has a rule or, where a plain one has its dates, a word that stands for weekdays."""
    if re.search(r"(?i)(?:^|\s)rrule=", text):
        return True
    second = [*text.split(), "", ""][1]
    if is_weekly(second):
        return True
    try:
        return bool(read_weekdays(second))
    except BadWeekday:
        return False


def _number(rest: list[str], *, most: int) -> int:
    if not rest:
        raise MissingPart("", ("3",), "template")
    if len(rest) > most:
        raise ExtraPart(rest[most], ())
    number = rest[0].removeprefix("#")
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise BadTemplateId(rest[0], ("3",))
    return int(number)


def _options(pieces: list[Word]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value, key in pieces:
        if key is None:
            continue
        if key not in _OPTIONS:
            raise UnknownOption(f"{key}=", tuple(f"{name}=" for name in _OPTIONS))
        if key in found:
            raise RepeatedOption(f"{key}=", ())
        if not value:
            raise MissingPart(f"{key}=", (), "dates" if key in ("from", "until", "except") else key)
        found[key] = value
    return found


def _template(pieces: list[str], options: dict[str, str]) -> Template:
    city, middle, (times, length) = _positions(pieces, with_days="rrule" not in options)
    rule, last = (read_rule(options["rrule"])) if "rrule" in options else (weekly(middle), None)
    if "until" in options:
        if last is not None:
            raise RepeatedOption("until=", ())
        last = _one_day(options["until"])
    first = _one_day(options["from"]) if "from" in options else None
    if first is not None and last is not None:
        read_dates(
            f"{first}..{min(last, first + (MAX_DAYS - 1) * _DAY)}"
        )  # raises if it ends before it begins
    day = first or date(2026, 1, 1)  # any: only the hours matter here
    grid = lay(city_code(city), (day, day + _DAY), read_times(times), read_length(length))
    return Template(
        city=grid.city,
        rule=rule,
        times=grid.times,
        length=grid.length,
        first=first,
        last=last,
        skip=_exceptions(options["except"]) if "except" in options else (),
        ahead=read_ahead(options["ahead"]) if "ahead" in options else AHEAD,
    )


def _positions(pieces: list[str], *, with_days: bool) -> tuple[str, str, list[str]]:
    """The city, the words for days, and times and length."""
    least = 4 if with_days else 3
    if with_days and len(pieces) > 1 and is_weekly(pieces[1]):
        least = 5
    names = {3: ("city", "times", "length"), 4: ("city", "weekdays", "times", "length")}.get(
        least, ("city", "weekdays", "weekdays", "times", "length")
    )
    if len(pieces) < least:
        part = names[len(pieces)]
        raise MissingPart("", DAY_FORMS if part == "weekdays" else (_EXAMPLES[part],), part)
    if len(pieces) > least:
        raise ExtraPart(pieces[least], ())
    return pieces[0], pieces[least - 3] if with_days else "", pieces[least - 2 :]


def _one_day(text: str) -> date:
    first, last = read_dates(text)
    if first != last:
        raise ExtraPart(text, ())
    return first


def _exceptions(text: str) -> tuple[date, ...]:
    days = read_days(text)
    if len(days) > MAX_EXCEPTIONS:
        raise TooManyExceptions(text, (), len(days), MAX_EXCEPTIONS)
    return days


def read_ahead(text: str) -> int:
    """How many days ahead: ``14d``, ``2w``, ``14天``, ``2周``. Raises `BadAhead`."""
    match = re.fullmatch(r"([0-9]{1,3})(d|天|w|周)?", tidy(text).lower())
    days = int(match[1]) * (7 if match[2] in ("w", "周") else 1) if match else 0
    if not 1 <= days <= MAX_DAYS:
        raise BadAhead(text, ("14d", "4w"))
    return days


# --- writing


def line(template: Template) -> str:
    """The template as the line that `parse` reads back."""
    days = f'rrule="{template.rule}"'
    options = {
        "from": str(template.first or ""),
        "until": str(template.last or ""),
        "except": days_line(template.skip),
        "ahead": f"{template.ahead}d",
    }
    given = " ".join(f"{name}={value}" for name, value in options.items() if value)
    return f"{template.city} {days} {times_line(template.times)} {length_line(template.length)} {given}"


def read(text: str) -> Template:
    """The template of a line that `line` wrote."""
    found = parse(text)
    if not isinstance(found, Template):
        raise TypeError(f"not a template: {text}")
    return found


def starting(template: Template, tomorrow: date) -> Template:
    """The template with its first day: `tomorrow`, if the line did not say."""
    return replace(template, first=template.first or tomorrow)


def without(template: Template, days: tuple[date, ...]) -> Template:
    """The template with more days left out. Raises `TooManyExceptions`."""
    skip = tuple(sorted({*template.skip, *days}))
    if len(skip) > MAX_EXCEPTIONS:
        raise TooManyExceptions(days_line(days), (), len(skip), MAX_EXCEPTIONS)
    return replace(template, skip=skip)


# --- days


def days_between(template: Template, since: date, until: date) -> tuple[date, ...]:
    """The template's days from `since` to `until`, both included; it must have its first day."""
    return tuple(_days(template, since, until))


def next_day(template: Template, after: date) -> date | None:
    """The template's first day after `after`; None if there is none, or none for nine years."""
    start = max(after + _DAY, template.first or after)
    return next(_days(template, start, start + _FAR * _DAY), None)


def _days(template: Template, since: date, until: date) -> Iterator[date]:
    first = template.first or since
    count, limit = 0, template.rule.count
    day = first if limit else max(first, since)
    last = until if template.last is None else min(until, template.last)
    while day <= last:
        if falls(template.rule, first, day):
            count += 1
            if limit and count > limit:
                return
            if day >= since and day not in template.skip:
                yield day
        day += _DAY


def grid_of(template: Template, days: tuple[date, ...]) -> SlotGrid:
    """The grid of some of a template's days, rising and at most `MAX_DAYS` apart."""
    span = ((days[0] + n * _DAY) for n in range((days[-1] - days[0]).days + 1))
    skip = tuple(day for day in span if day not in days)
    return SlotGrid(template.city, days[0], days[-1], template.times, template.length, skip)
