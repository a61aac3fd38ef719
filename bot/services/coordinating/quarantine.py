"""Updates that were set aside: what they were, having them tried again or dropped, and telling their senders."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import col, func, select, update

from bot.rules.errors import DomainError
from bot.services import audit, outbox
from bot.services.messages.overview import SetAside
from bot.services.messages.people import SomethingBroke
from bot.services.unit import Unit
from storage.tables import InboxRow, OutboxRow, Person

APOLOGY_EVERY = timedelta(minutes=10)
"""How often somebody is told at most that something of theirs was set aside."""

REASON_LENGTH = 120
"""Characters of a reason that are shown in a list."""

MEMBERSHIP = ("my_chat_member", "chat_member")
"""What a person did not do to be answered: blocking the bot, taking it out of a group."""

_FILES = ("audio", "document", "video", "video_note", "animation", "photo", "sticker")
_FAILED = col(InboxRow.state) == "failed"
_WITH_NAMES: Any = select(InboxRow, Person.name, Person.telegram_name).outerjoin(
    Person, col(Person.telegram_id) == col(InboxRow.sender)
)


class NotSetAside(DomainError):
    """This update is not set aside: `state` is where it is instead, "unknown" if there is none."""

    row_id: int
    state: str


async def count(unit: Unit) -> int:
    """How many updates are set aside."""
    return int(await unit.tx.one(select(func.count()).select_from(InboxRow).where(_FAILED)))


async def listed(unit: Unit, limit: int | None = None) -> list[SetAside]:
    """The updates that are set aside, or the first so many of them; the one that waits longest first."""
    rows = await unit.tx.all(_WITH_NAMES.where(_FAILED).order_by(col(InboxRow.id)).limit(limit))
    return [described(row, name or telegram_name or "") for row, name, telegram_name in rows]


async def find(unit: Unit, row_id: int) -> tuple[InboxRow, SetAside]:
    """An update, whatever became of it, as it came and described; raises `NotSetAside` if there is none."""
    found = await unit.tx.first(_WITH_NAMES.where(InboxRow.id == row_id))
    if found is None:
        raise NotSetAside(row_id, "unknown")
    row, name, telegram_name = found
    return row, described(row, name or telegram_name or "")


def described(row: InboxRow, name: str) -> SetAside:
    """An update in the words of a list, with what its sender is called, if that is known."""
    reason = (row.error.splitlines() or [""])[0]
    return SetAside(
        row_id=row.id,
        what=what_of(row.raw),
        since=row.received_at,
        name=name,
        reason=reason[:REASON_LENGTH],
        unreadable=reason.startswith("UnintelligibleError("),
    )


# --- what coordinators and operators do about it


async def retry(unit: Unit, row_id: int, *, by: int | None = None) -> None:
    """Have an update handled once more, as if it had come now; raises `NotSetAside`.

    The running bot takes it up within seconds, another one when it starts. `by` is a person's id, None whoever
    runs the bot. Its last reason stays beside it.
    """
    await _move(unit, row_id, "new", "inbox.retried", by, attempts=0, done_at=None)


async def drop(unit: Unit, row_id: int, *, by: int | None = None) -> None:
    """Leave an update undone for good; it is kept for the record. Raises `NotSetAside`."""
    await _move(unit, row_id, "dropped", "inbox.dropped", by, done_at=unit.now)


async def _move(unit: Unit, row_id: int, to: str, event: str, by: int | None, **changes: Any) -> None:
    """Only from where it was set aside: whoever comes second, or too late, changes nothing."""
    row = await unit.tx.get(InboxRow, row_id)
    moved = await unit.tx.change(
        update(InboxRow).where(col(InboxRow.id) == row_id, _FAILED).values(state=to, **changes)
    )
    if row is None or not moved:
        raise NotSetAside(row_id, row.state if row else "unknown")
    await audit.record(
        unit, f"inbox:{row_id}", event, actor=by, before="failed", after=to, reason=row.error[:REASON_LENGTH]
    )


# --- telling its sender


async def apologize(unit: Unit, telegram_id: int, raw: Mapping[str, Any], *, unreadable: bool) -> bool:
    """Tell the sender of an update that it was set aside; False if that says nothing new, or nobody can be told.

    Once an update, however often it is tried again, and once in `APOLOGY_EVERY`, however much fails. Without a
    private chat there is nowhere to tell it.
    """
    if telegram_id <= 0 or any(part in raw for part in MEMBERSHIP):
        return False
    if not _in_private(raw) and not await _reachable(unit, telegram_id):
        return False
    if await _told_lately(unit, telegram_id):
        return False
    about = f"set aside {raw.get('update_id')}"
    return await outbox.send(unit, telegram_id, SomethingBroke(unreadable), about=about)


async def _reachable(unit: Unit, telegram_id: int) -> bool:
    known = select(Person.id).where(Person.telegram_id == telegram_id, col(Person.reachable))
    return await unit.tx.first(known) is not None


async def _told_lately(unit: Unit, telegram_id: int) -> bool:
    """Looks both ways: after a clock that went ahead was put right, nobody is met with silence for so long."""
    told = select(OutboxRow.id).where(
        OutboxRow.chat_id == telegram_id,
        OutboxRow.kind == SomethingBroke.kind,
        col(OutboxRow.created_at) > unit.now - APOLOGY_EVERY,
        col(OutboxRow.created_at) < unit.now + APOLOGY_EVERY,
    )
    return await unit.tx.first(told.limit(1)) is not None


# --- reading what came, without trusting its shape


def what_of(raw: Mapping[str, Any]) -> str:
    """What somebody did: `press`, `command`, `text`, `voice`, `file`, `message`, `edit`, `membership` or `unknown`."""
    if "callback_query" in raw:
        return "press"
    if "edited_message" in raw:
        return "edit"
    if any(part in raw for part in MEMBERSHIP):
        return "membership"
    return _kind_of(_inside(raw, "message")) if "message" in raw else "unknown"


def _kind_of(message: Mapping[str, Any]) -> str:
    text = message.get("text")
    if isinstance(text, str):
        return "command" if text.startswith("/") else "text"
    if "voice" in message:
        return "voice"
    return "file" if any(name in message for name in _FILES) else "message"


def _in_private(raw: Mapping[str, Any]) -> bool:
    """Whether it was written or pressed where only the person and the bot are."""
    places: Sequence[Mapping[str, Any]] = (
        _inside(raw, "message", "chat"),
        _inside(raw, "edited_message", "chat"),
        _inside(raw, "callback_query", "message", "chat"),
    )
    return any(place.get("type") == "private" for place in places)


def _inside(raw: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at the end of a path; an empty one if anything on it is missing, or is none."""
    here: Any = raw
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


__all__ = [
    "InboxRow",
    "NotSetAside",
    "SetAside",
    "apologize",
    "count",
    "described",
    "drop",
    "find",
    "listed",
    "retry",
    "what_of",
]
