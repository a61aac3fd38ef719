"""Days that repeat: the part of RFC 5545 that speaks of days, and weekdays as people type them.

Whether a day belongs to a rule is decided for that day alone, so that nothing here can run for long;
`docs/decisions/009-days-one-by-one.md` says why.
"""

# Domain errors are named as the matter itself, not as a fault of the program.

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.rules.oneline import CommandError
from bot.rules.slots import read_dates, tidy

MAX_INTERVAL = 60
MAX_COUNT = 366

DAY_FORMS = ("mo-fr", "mo,we,fr", "daily")
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RULE_FORMS = ("FREQ=MONTHLY;BYDAY=1SA", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")


class BadWeekday(CommandError):
    """Not a day of the week, nor a span of such."""


class BadRule(CommandError):
    """Not a rule for days: `token` is the part of it that cannot be."""


class Freq(StrEnum):
    """How a rule steps."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


@dataclass(frozen=True, slots=True)
class Rule:
    """Days by RFC 5545. `weekdays` are (ordinal, weekday): ordinal 0 is each, 1 the month's first, -1 its last.

    Weekdays count from Monday, 0. Weeks begin on Monday.
    """

    freq: Freq
    interval: int = 1
    weekdays: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    count: int | None = None

    def __str__(self) -> str:
        """The rule as RFC 5545 writes it."""
        days = ",".join(f"{ordinal or ''}{_CODES[weekday]}" for ordinal, weekday in self.weekdays)
        parts = {
            "FREQ": self.freq.value,
            "INTERVAL": str(self.interval) if self.interval > 1 else "",
            "COUNT": str(self.count or ""),
            "BYDAY": days,
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYMONTH": ",".join(map(str, self.months)),
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)


# --- weekdays

_NAMES = {name: index for index, name in enumerate(["mo", "tu", "we", "th", "fr", "sa", "su"])}
_LONG = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_HAN = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_GROUPS = {
    **dict.fromkeys(("daily", "每天", "天天", "每日"), range(7)),
    **dict.fromkeys(("weekdays", "工作日"), range(5)),
    **dict.fromkeys(("weekend", "weekends", "周末"), range(5, 7)),
}


def is_weekly(word: str) -> bool:
    """Whether a word stands before weekdays."""
    return word.lower() in ("weekly", "每周", "每星期")


def weekly(text: str) -> Rule:
    """The rule for a list of weekdays: every day if it names all seven. Raises `BadWeekday`."""
    days = read_weekdays(text)
    if len(days) == 7:
        return Rule(Freq.DAILY)
    return Rule(Freq.WEEKLY, weekdays=tuple((0, day) for day in days))


def read_weekdays(text: str) -> tuple[int, ...]:
    """``mo-fr``, ``mo,we``, ``daily``, ``周一至周五``, ``周一、三、五``, ``工作日``: weekdays from 0, rising.

    A span may run over Sunday (``fr-mo``). Raises `BadWeekday`.
    """
    found: set[int] = set()
    for token in re.split(r"[\s,]+", tidy(text).lower()):
        if token in _GROUPS:
            found.update(_GROUPS[token])
            continue
        ends = [_weekdays(end, token) for end in re.split(r"\.{2,}|[-~–—至到]", token)]
        if len(ends) == 1:
            found.update(ends[0])
        elif len(ends) == 2 and len(ends[0]) == len(ends[1]) == 1:
            start, end = ends[0][0], ends[1][0]
            found.update((start + n) % 7 for n in range((end - start) % 7 + 1))
        else:
            raise BadWeekday(token, DAY_FORMS)
    return tuple(sorted(found))


def _weekdays(token: str, whole: str) -> list[int]:
    """The days that one word names: an English name, or any number of Chinese ones."""
    for name, day in (*_NAMES.items(), *((long[:3], _LONG.index(long)) for long in _LONG)):
        if token in (name, _LONG[day]):
            return [day]
    bare = re.sub("^每?(?:周|星期|礼拜)?", "", token)
    if bare and all(letter in _HAN for letter in bare):
        return [_HAN[letter] for letter in bare]
    raise BadWeekday(whole, DAY_FORMS)


# --- rules


def read_rule(text: str) -> tuple[Rule, date | None]:
    """A rule of RFC 5545 and its last day (UNTIL), if it names one. Raises `BadRule`.

    FREQ is DAILY, WEEKLY or MONTHLY; INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH are read, WKST may be
    MO. What names an hour is refused: the line names those.
    """
    parts: dict[str, str] = {}
    for piece in tidy(text).upper().removeprefix("RRULE:").strip(" ;").split(";"):
        name, _, value = piece.partition("=")
        if name not in _READERS or name in parts or not value:
            raise BadRule(piece, _RULE_FORMS)
        parts[name] = value
    if parts.get("FREQ") not in list(Freq):
        raise BadRule(f"FREQ={parts.get('FREQ', '')}", tuple(f"FREQ={freq.value}" for freq in Freq))
    rule = Rule(
        freq=Freq(parts["FREQ"]),
        interval=_whole("INTERVAL", parts.get("INTERVAL", "1"), MAX_INTERVAL),
        weekdays=tuple(_by_day(part) for part in _listed(parts, "BYDAY")),
        month_days=tuple(_signed("BYMONTHDAY", part, 31) for part in _listed(parts, "BYMONTHDAY")),
        months=tuple(_whole("BYMONTH", part, 12) for part in _listed(parts, "BYMONTH")),
        count=_whole("COUNT", parts["COUNT"], MAX_COUNT) if "COUNT" in parts else None,
    )
    _refuse_mixtures(rule, parts)
    return rule, _until(parts["UNTIL"]) if "UNTIL" in parts else None


_READERS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST")


def _listed(parts: dict[str, str], name: str) -> list[str]:
    return list(dict.fromkeys(parts[name].split(","))) if name in parts else []


def _whole(name: str, text: str, most: int) -> int:
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= most:
        raise BadRule(f"{name}={text}", (f"{name}=1..{most}",))
    return int(text)


def _signed(name: str, text: str, most: int) -> int:
    number = _whole(name, text.removeprefix("+").removeprefix("-"), most)
    return -number if text.startswith("-") else number


def _by_day(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", text)
    if not match:
        raise BadRule(f"BYDAY={text}", ("BYDAY=MO,FR", "BYDAY=1SA"))
    return _signed("BYDAY", match[1], 5) if match[1] else 0, _CODES.index(match[2])


def _until(text: str) -> date:
    match = re.fullmatch(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:T[0-9]{6}Z?)?", text)
    if not match:
        raise BadRule(f"UNTIL={text}", ("UNTIL=20270301",))
    return read_dates("-".join(match.groups()))[0]


def _refuse_mixtures(rule: Rule, parts: dict[str, str]) -> None:
    """What RFC 5545 forbids, and what programs read differently."""
    ordinals = {ordinal != 0 for ordinal, _ in rule.weekdays}
    if len(ordinals) == 2 or (True in ordinals and rule.freq is not Freq.MONTHLY):
        raise BadRule(f"BYDAY={parts['BYDAY']}", _RULE_FORMS)
    if rule.month_days and rule.freq is Freq.WEEKLY:
        raise BadRule(f"BYMONTHDAY={parts['BYMONTHDAY']}", ("FREQ=MONTHLY",))
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule(f"UNTIL={parts['UNTIL']}", (f"COUNT={parts['COUNT']}",))
    if parts.get("WKST", "MO") != "MO":
        raise BadRule(f"WKST={parts['WKST']}", ("WKST=MO",))


# --- days


def falls(rule: Rule, first: date, day: date) -> bool:
    """Whether a rule that begins at `first` has this day, its COUNT aside."""
    if day < first or (rule.months and day.month not in rule.months):
        return False
    if not _in_step(rule, first, day):
        return False
    if rule.month_days and not {day.day, day.day - monthrange(day.year, day.month)[1] - 1} & {
        *rule.month_days
    }:
        return False
    if rule.weekdays:
        return bool({(0, day.weekday()), *_ordinals(day)} & {*rule.weekdays})
    if rule.freq is Freq.WEEKLY:
        return day.weekday() == first.weekday()
    return rule.freq is Freq.DAILY or bool(rule.month_days) or day.day == first.day


def _in_step(rule: Rule, first: date, day: date) -> bool:
    """Whether the day, its week or its month is one that INTERVAL steps on."""
    if rule.freq is Freq.DAILY:
        steps = (day - first).days
    elif rule.freq is Freq.WEEKLY:
        steps = (day.toordinal() - day.weekday() - first.toordinal() + first.weekday()) // 7
    else:
        steps = (day.year - first.year) * 12 + day.month - first.month
    return steps % rule.interval == 0


def _ordinals(day: date) -> tuple[tuple[int, int], tuple[int, int]]:
    """Which of its weekday in the month a day is, from the front and from the back."""
    left = monthrange(day.year, day.month)[1] - day.day
    return (1 + (day.day - 1) // 7, day.weekday()), (-1 - left // 7, day.weekday())
