"""The coordinators' one-line commands read into data: studios, invitations and broadcasts.

Every parser takes what follows the command, or the whole line (a leading ``/command@bot`` is dropped), and
either returns a frozen value or raises a `bot.rules.oneline.CommandError` that names the piece at fault and
what would do. ``/newslots`` is read by `bot.rules.slots`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from bot.rules.closures import WallSpan, read_span
from bot.rules.oneline import (
    BadBuffer,
    BadLink,
    BadRooms,
    BadStudioId,
    ExtraPart,
    MissingPart,
    RepeatedOption,
    TooLong,
    UnknownChoice,
    UnknownOption,
    UnknownZone,
    Word,
    arguments,
    city_code,
    plain,
    words,
)

MAX_ROOMS = 20
MAX_NAME = 80
"""Characters of a studio's or city's name: it has to fit a button together with a time."""
MAX_ADDRESS = 300
MAX_LINK = 500
MAX_REASON = 200
MAX_BUFFER = 240
"""Minutes of setting up before, or of cleaning up after a session."""
MAX_MESSAGE = 4096
"""UTF-16 units of a message text: Telegram's limit, in Telegram's unit."""

Role = Literal["reviewer", "coordinator", "staff"]
Audience = Literal["all", "applicants", "approved", "waiting", "paired", "reviewers", "staff"]


@dataclass(frozen=True, slots=True)
class AddStudio:
    """A new studio in a city. `zone` is an IANA name, `map` a link; what was not given is ``None``."""

    city: str
    name: str
    zone: str
    rooms: int = 1
    zh: str | None = None
    en: str | None = None
    address: str | None = None
    map: str | None = None
    city_zh: str | None = None
    city_en: str | None = None
    setup: int = 0
    """Minutes that a room is made ready in before each session."""
    cleanup: int = 0
    """Minutes that a room is cleaned up in after each session."""


@dataclass(frozen=True, slots=True)
class ChangeStudio:
    """New values for a studio: the keys of `AddStudio` but `city`. ``None`` takes the old value away."""

    studio: int
    changes: dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class CloseStudio:
    """A studio that takes no more sessions."""

    studio: int


@dataclass(frozen=True, slots=True)
class CloseRooms:
    """A room of a studio, or all of them (None), closed for a while; `span` is by the studio's clock."""

    studio: int
    span: WallSpan
    room: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reopen:
    """What is closed for a while in a studio, to be opened again."""

    studio: int


@dataclass(frozen=True, slots=True)
class ListStudios:
    """All studios, with their numbers."""


StudioCommand = AddStudio | ChangeStudio | CloseStudio | CloseRooms | Reopen | ListStudios


@dataclass(frozen=True, slots=True)
class Invite:
    """A role to be given by a one-time link; staff are invited for a city, the others for none."""

    role: Role
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A text and whom it is for: an audience, narrowed to a city and to a language of the menus."""

    audience: Audience
    text: str
    city: str | None = None
    lang: str | None = None


# --- studios

_VERBS = ("add", "change", "list", "close", "reopen")
_OPTIONS = ("rooms", "zh", "en", "address", "map", "city_zh", "city_en", "setup", "cleanup")
_CLOSING = ("room", "reason")
_CHANGEABLE = ("name", "zone", *_OPTIONS)
_NEEDED = ("name", "zone", "rooms", "setup", "cleanup", "room")
_LIMITS = {"address": MAX_ADDRESS, "map": MAX_LINK, "reason": MAX_REASON}
_EXAMPLES = {"city": "beijing", "name": '"Dazhongsi studio"', "zone": "Asia/Shanghai", "studio": "7"}
_SHANGHAI_TIME = {
    "beijing",
    "peking",
    "shenzhen",
    "guangzhou",
    "chengdu",
    "hangzhou",
    "nanjing",
    "wuhan",
    "xian",
}
"""Cities that people take for zones and that are none; by letters alone Beijing would be near Beirut."""


def parse_studio(text: str) -> StudioCommand:
    """Read ``add <city> <name> <zone> key=value…``, ``change <id> key=value…``, ``close <id>``, ``list``,
    ``close <id> <from>..<until> room=<number> reason=<text>`` or ``reopen <id>``.

    Raises a `CommandError`: those of `bot.rules.closures`, `MissingPart`, `ExtraPart`, `UnknownChoice`,
    `UnclosedQuote`, `BadCityCode`, `BadStudioId`, `BadRooms`, `BadBuffer`, `BadLink`, `UnknownZone`,
    `UnknownOption`, `RepeatedOption` or `TooLong`.
    """
    pieces = list(words(arguments(text)))
    if not pieces:
        raise MissingPart("", _VERBS, "action")
    verb, given = pieces[0].text.lower(), pieces[1:]
    match verb:
        case "add":
            city, name, zone = _positional(given, ("city", "name", "zone"))
            options = _options(given, _OPTIONS)
            return AddStudio(
                city_code(city),
                _text("name", name),
                zone_name(zone),
                **options,  # type: ignore[arg-type]  # `option_value` makes each its field's type
            )
        case "change":
            (studio,) = _positional(given, ("studio",))
            changes = _options(given, _CHANGEABLE)
            if not changes:
                raise MissingPart("", tuple(f"{key}=" for key in _CHANGEABLE), "change")
            return ChangeStudio(_studio_id(studio), changes)
        case "close":
            return _close(given)
        case "reopen":
            (studio,) = _positional(given, ("studio",))
            _options(given, ())
            return Reopen(_studio_id(studio))
        case "list":
            _positional(given, ())
            _options(given, ())
            return ListStudios()
    raise UnknownChoice(pieces[0].text, _VERBS, "action")


def _close(given: list[Word]) -> CloseStudio | CloseRooms:
    """For good without a time, else for a while. A space before a time of day is as good as a T."""
    options = _options(given, _CLOSING)
    studio, *when = [word.text for word in given if word.key is None] or [""]
    if not studio:
        raise MissingPart("", (_EXAMPLES["studio"],), "studio")
    if not when and options:
        raise MissingPart("", ("2026-12-05..2026-12-06",), "dates")
    if not when:
        return CloseStudio(_studio_id(studio))
    room = options.get("room")
    return CloseRooms(
        _studio_id(studio),
        read_span(" ".join(when)),
        room if isinstance(room, int) else None,
        str(options.get("reason") or ""),
    )


def zone_name(token: str) -> str:
    """The IANA name of a time zone, in its own spelling. Raises `UnknownZone` with the nearest names."""
    zones = _zones()
    wanted = plain(token).lower()
    if wanted in zones:
        return zones[wanted]
    # Most people know the city, not the continent: compare with both the whole name and its last part.
    by_end = {key.rsplit("/", 1)[-1]: key for key in sorted(zones)}
    end = wanted.rsplit("/", 1)[-1]
    if end in _SHANGHAI_TIME or end in by_end:
        raise UnknownZone(token, ("Asia/Shanghai",) if end in _SHANGHAI_TIME else (zones[by_end[end]],))
    near = get_close_matches(wanted, zones, n=3) + [by_end[m] for m in get_close_matches(end, by_end, n=3)]
    raise UnknownZone(token, tuple(dict.fromkeys(zones[key] for key in near))[:3])


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Zone names by their lower case. The zone database belongs to the standard library's `zoneinfo`."""
    return {name.lower(): name for name in available_timezones() - {"Factory", "localtime"}}


def _positional(given: list[Word], parts: tuple[str, ...]) -> list[str]:
    """The words without a key, exactly one for each part."""
    found = [word.text for word in given if word.key is None]
    if len(found) > len(parts):
        raise ExtraPart(found[len(parts)], ())
    for part, value in zip(parts, [*found, *[""] * len(parts)], strict=False):
        if not value:
            raise MissingPart("", (_EXAMPLES[part],), part)
    return found


def _options(given: list[Word], allowed: tuple[str, ...]) -> dict[str, str | int | None]:
    """The ``key=value`` words by key, each checked and made its type; empty values become ``None``."""
    found: dict[str, str | int | None] = {}
    for value, key in given:
        if key is None:
            continue
        if key not in allowed:
            raise UnknownOption(f"{key}=", tuple(f"{name}=" for name in allowed))
        if key in found:
            raise RepeatedOption(f"{key}=", ())
        if not value and key in _NEEDED:
            raise MissingPart(f"{key}=", (), key)
        found[key] = option_value(key, value) if value else None
    return found


def option_value(key: str, value: str) -> str | int:
    """What one ``key=value`` of a studio means: a number for rooms, else a text.

    Raises `UnknownZone`, `BadRooms`, `BadBuffer`, `BadLink` or `TooLong`.
    """
    if key in ("setup", "cleanup"):
        return _buffer(value)
    if key == "zone":
        return zone_name(value)
    if key in ("rooms", "room"):
        number = plain(value)
        if not re.fullmatch(r"[0-9]{1,2}", number) or not 1 <= int(number) <= MAX_ROOMS:
            raise BadRooms(value, (f"1..{MAX_ROOMS}",))
        return int(number)
    return _link(value) if key == "map" else _text(key, value)


def _buffer(value: str) -> int:
    match = re.fullmatch("([0-9]{1,3})(?:m|min|分钟?)?", plain(value).lower().strip())
    if not match or int(match[1]) > MAX_BUFFER:
        raise BadBuffer(value, ("15m", "0"))
    return int(match[1])


def _text(part: str, value: str) -> str:
    limit = _LIMITS.get(part, MAX_NAME)
    if len(value) > limit:
        raise TooLong(value, (), part, len(value), limit)
    return value


def _link(value: str) -> str:
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
    except ValueError:
        whole = False
    if not whole:
        raise BadLink(value, ("https://…", "http://…"))
    return _text("map", value)


def _studio_id(token: str) -> int:
    number = plain(token).removeprefix("#")
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise BadStudioId(token, ("7",))
    return int(number)


# --- invitations and broadcasts


def parse_invite(text: str) -> Invite:
    """Read ``reviewer``, ``coordinator`` or ``staff <city>``.

    Raises `MissingPart`, `ExtraPart`, `UnknownChoice`, `UnclosedQuote` or `BadCityCode`.
    """
    given = [word.text if word.key is None else f"{word.key}={word.text}" for word in words(arguments(text))]
    if not given:
        raise MissingPart("", get_args(Role), "role")
    role = next((role for role in get_args(Role) if role == given[0].lower()), None)
    if role is None:
        raise UnknownChoice(given[0], get_args(Role), "role")
    takes = 2 if role == "staff" else 1
    if len(given) > takes:
        raise ExtraPart(given[takes], ())
    if len(given) < takes:
        raise MissingPart("", ("beijing",), "city")
    return Invite(role, city_code(given[1]) if takes == 2 else None)


def parse_broadcast(text: str, languages: Collection[str] = ("en", "zh")) -> Broadcast:
    """Read ``<audience> city=<code> lang=<language> | text``; the filters may be left out.

    The text is everything after the first ``|`` (or ``｜``), trimmed, its newlines kept.
    Raises `MissingPart`, `ExtraPart`, `UnknownChoice`, `UnknownOption`, `RepeatedOption`, `UnclosedQuote`,
    `BadCityCode` or `TooLong`.
    """
    head, *rest = re.split("[|｜]", arguments(text), maxsplit=1)
    pieces, audiences = list(words(head)), get_args(Audience)
    names = [word.text for word in pieces if word.key is None]
    if not names:
        raise MissingPart("", audiences, "audience")
    if len(names) > 1:
        raise ExtraPart(names[1], ("city=", "lang=", "|"))
    audience = next((name for name in audiences if name == names[0].lower()), None)
    if audience is None:
        raise UnknownChoice(names[0], audiences, "audience")
    filters = _filters(pieces, languages)
    return Broadcast(audience, _message("".join(rest).strip()), filters.get("city"), filters.get("lang"))


def _filters(pieces: list[Word], languages: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value, key in pieces:
        if key is None:
            continue
        if key not in ("city", "lang"):
            raise UnknownOption(f"{key}=", ("city=", "lang="))
        if key in found:
            raise RepeatedOption(f"{key}=", ())
        if key == "lang" and value.lower() not in languages:
            raise UnknownChoice(value, tuple(languages), "lang")
        found[key] = value.lower() if key == "lang" else city_code(value)
    return found


def _message(body: str) -> str:
    if not body:
        raise MissingPart("", ("| …",), "text")
    length = len(body.encode("utf-16-le", "surrogatepass")) // 2
    if length > MAX_MESSAGE:
        raise TooLong(body, (), "text", length, MAX_MESSAGE)
    return body
