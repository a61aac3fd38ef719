"""One language's way of saying things: messages with their values escaped, dates, spans, money, lists."""

import gettext
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, dates, lists, numbers, units
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.rules.clocks import comes_twice

LANGUAGES = {"en": "English", "zh": "中文"}
"""The languages the bot speaks, each by its own name."""

PSEUDO = "pseudo"
"""A language for tests: English with every message in ⟦brackets⟧, so that unwrapped words show."""

_LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN", PSEUDO: "en_GB"}
_A_MONDAY = date(2026, 11, 23)
_SPANS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_HERE = Path(__file__).parent
_Length = Literal["long", "short"]


class Html(str):
    """Text that is markup already and is not escaped again."""

    __slots__ = ()


def mark(message: str) -> str:
    """Mark a message for the catalogue where it is named but not yet said."""
    return message


def verbatim(text: str) -> Html:
    """A name, an address, a link: what people or operators typed, in no language of ours."""
    return Html(escape(text, quote=False))


class Speech:
    """Speaks one language. Everything it gives back is HTML: values are escaped unless they are `Html`."""

    def __init__(self, language: str) -> None:
        self.language = language if language in _LOCALES else "en"
        self._locale = Locale.parse(_LOCALES[self.language])
        self._catalogue = _catalogue(self.language)

    def say(self, message: str, /, **values: object) -> Html:
        """The message in this language, with `values` in its {placeholders}."""
        return self._fill(self._catalogue.gettext(message), values)

    def say_n(self, one: str, many: str, n: int, /, **values: object) -> Html:
        """The message in the form that goes with the number `n`, which is `{n}` in it."""
        return self._fill(self._catalogue.ngettext(one, many, n), {"n": n, **values})

    def _fill(self, message: str, values: dict[str, object]) -> Html:
        return self._worded(message.format_map({name: _escaped(value) for name, value in values.items()}))

    def _worded(self, text: str) -> Html:
        """Words of the language itself, as against names and numbers: the pseudo-language brackets them."""
        return Html(f"⟦{text}⟧" if self.language == PSEUDO else text)

    def day(self, when: date | datetime, zone: ZoneInfo | None = None) -> Html:
        """A day with its weekday: "Tue, 1 Dec" or "12月1日周二". A datetime needs the zone to tell it in."""
        if isinstance(when, datetime):
            when = when.astimezone(zone).date()
        pattern = "M月d日EEE" if self.language == "zh" else "EEE, d MMM"
        return self._worded(dates.format_date(when, pattern, locale=self._locale))

    def weekday(self, number: int) -> Html:
        """A day of the week, counted from Monday, 0: "Mon" or "周一"."""
        return self._worded(dates.format_date(_A_MONDAY + timedelta(days=number), "EEE", locale=self._locale))

    def clock(self, when: datetime, zone: ZoneInfo) -> Html:
        """The time of day, "09:00"; in the hour that a night has twice, with which of them: "02:30 UTC+2"."""
        local = when.astimezone(zone)
        return Html(f"{local:%H:%M}{_offset(local) if comes_twice(local) else ''}")

    def moment(self, when: datetime, zone: ZoneInfo) -> Html:
        """Day and time in a zone, with the zone's name."""
        return Html(f"{self.day(when, zone)} {self.clock(when, zone)}{self._in_zone(when, zone)}")

    def stretch(self, start: datetime, end: datetime, zone: ZoneInfo) -> Html:
        """From when to when, with the zone's name: "Tue, 1 Dec 09:00–12:00 (China Standard Time)".

        Where clocks change in between, both ends have a name: three hours may read as two or as four.
        """
        if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            last = f"{self.clock(end, zone)}{self._in_zone(end, zone)}"
            return Html(
                f"{self.day(start, zone)} {self.clock(start, zone)}{self._in_zone(start, zone)} – {last}"
            )
        times = f"{self.clock(start, zone)}–{self.clock(end, zone)}"
        return Html(f"{self.day(start, zone)} {times}{self._in_zone(start, zone)}")

    def _in_zone(self, when: datetime, zone: ZoneInfo) -> str:
        name = self.zone(when, zone)
        return f"（{name}）" if self.language == "zh" else f" ({name})"

    def zone(self, when: datetime, zone: ZoneInfo) -> Html:
        """The zone's name on that day, summer time and all."""
        name = dates.get_timezone_name(when.astimezone(zone), width="long", locale=self._locale)
        return self._worded(escape(name))

    def span(self, span: timedelta | float) -> Html:
        """How long: "2 minutes", "2 min 30 sec", "3 hours", "2 days"; seconds if given a number.

        Two units at most: who hears "2 days 3 hours" does not ask for the minutes.
        """
        parts = _parts(span)[:2]
        length: _Length = "long" if len(parts) == 1 else "short"
        words = [self._unit(count, unit, length) for unit, count in parts]
        return self._worded(("" if self.language == "zh" else " ").join(words))

    def between(self, least: timedelta, most: timedelta) -> Html:
        """From how long to how long: "2–3 minutes"."""
        (low, *more), (high, *rest) = _parts(least), _parts(most)
        if not more and not rest and low[0] == high[0]:
            return self._worded(f"{low[1]}–{self._unit(high[1], high[0], 'long')}")
        to = "到" if self.language == "zh" else " – "
        return Html(f"{self.span(least)}{to}{self.span(most)}")

    def _unit(self, count: int, unit: str, length: _Length) -> str:
        if self.language == "zh":
            length = "short"  # the long forms are missing there in CLDR
        elif length == "short":
            return units.format_unit(count, f"duration-{unit}", "short", locale="en")  # "2 min", not "2 mins"
        return units.format_unit(count, f"duration-{unit}", length, locale=self._locale)

    def number(self, value: float, digits: int = 0) -> Html:
        """A number with so many digits after the point."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return Html(numbers.format_decimal(round(value, digits), format=pattern, locale=self._locale))

    def percent(self, share: float) -> Html:
        """A share of 1 as "83%"."""
        return Html(numbers.format_percent(share, format="0%", locale=self._locale))

    def money(self, minor: int, currency: str) -> Html:
        """An amount in minor units of an ISO 4217 currency."""
        digits = numbers.get_currency_precision(currency)
        return Html(escape(numbers.format_currency(minor / 10**digits, currency, locale=self._locale)))

    def join(self, items: Iterable[str], style: Literal["standard", "or"] = "standard") -> Html:
        """ "a, b and c"; style "or" gives "a, b or c". The items are HTML."""
        return self._worded(lists.format_list(list(items), style=style, locale=self._locale))

    def language_name(self, code: str) -> Html:
        """A language's name: "Chinese"."""
        return self._worded(escape(self._locale.languages.get(code, code)))

    def named(self, names: dict[str, str], fallback: str = "") -> Html:
        """The name that an operator gave in this language, else in any."""
        chosen = names.get(self.language) or names.get("en") or next(iter(names.values()), fallback)
        return Html(escape(chosen))


def _offset(local: datetime) -> str:
    """How far ahead of UTC: " UTC+2", " UTC-4", " UTC+5:30"."""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f" UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02d}' if rest else ''}"


def _parts(span: timedelta | float) -> list[tuple[str, int]]:
    """A span as units and how many of each, largest first; those that are none are left out."""
    seconds = round(span.total_seconds() if isinstance(span, timedelta) else span)
    parts = []
    for unit, size in _SPANS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append((unit, count))
    return parts or [("second", 0)]


def _escaped(value: object) -> object:
    if isinstance(value, Html) or not isinstance(value, str):
        return value
    return escape(value, quote=False)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    path = _HERE / language / "LC_MESSAGES" / "duologue.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as source:
        compiled = BytesIO()
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def speech(language: str | None) -> Speech:
    """The speech of a language code; English for one that the bot does not speak."""
    return Speech(language or "en")
