"""Queue messages, change them, and take back those that became stale. Nothing here sends."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, func
from sqlmodel import col, select, update

from bot.services.messages import Lane, Message, dump
from bot.services.unit import Unit, Wake
from storage.database import Prepared
from storage.prepared import new
from storage.tables import OutboxRow

WAITING = ("queued", "held")
"""States of rows that have not gone out and still may."""

WENT = ("sending", "sent", "uncertain")
"""States of rows whose message people may see."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""When something stopped being of use that is taken back: before any moment that a clock could go back to."""

FAR_OFF = datetime.max.replace(tzinfo=UTC)
"""Before which nothing goes again that was in the air when it was held back."""

_MERGING = (
    update(OutboxRow)
    .where(col(OutboxRow.state).in_(WAITING))
    .values(kind=bindparam("new_kind"), data=bindparam("new_data"))
)
MERGE: Prepared[Any] = Prepared(_MERGING.where(col(OutboxRow.id) == bindparam("row_id")))
MERGE_INTO_EDIT: Prepared[Any] = Prepared(_MERGING.where(col(OutboxRow.edits) == bindparam("row_id")))
PLACE: Prepared[Any] = Prepared(
    select(OutboxRow.chat_id, OutboxRow.state, OutboxRow.lane, OutboxRow.topic).where(
        OutboxRow.id == bindparam("row_id")
    )
)
_OF_TOPIC = (OutboxRow.topic == bindparam("topic"), OutboxRow.kind == bindparam("kind"))
OF_TOPIC = Prepared(select(OutboxRow.id).where(*_OF_TOPIC, col(OutboxRow.edits).is_(None)))
STANDING: Prepared[Any] = Prepared(
    select(OutboxRow.id, OutboxRow.chat_id, OutboxRow.edits, OutboxRow.state).where(
        *_OF_TOPIC, OutboxRow.state != "cancelled"
    )
)
UNSENT: Prepared[Any] = Prepared(
    select(OutboxRow.id, OutboxRow.kind, OutboxRow.state).where(
        OutboxRow.topic == bindparam("topic"), col(OutboxRow.state).in_([*WAITING, "sending"])
    )
)
CANCEL: Prepared[Any] = Prepared(
    update(OutboxRow)
    .where(col(OutboxRow.id) == bindparam("row_id"), col(OutboxRow.state).in_(WAITING))
    .values(state="cancelled")
)
IN_VAIN: Prepared[Any] = Prepared(
    update(OutboxRow)
    .where(col(OutboxRow.id) == bindparam("row_id"), col(OutboxRow.state) == "sending")
    .values(expires_at=bindparam("long_ago"))
)
OF_MESSAGE = Prepared(
    select(OutboxRow.id).where(
        OutboxRow.chat_id == bindparam("chat_id"),
        OutboxRow.message_id == bindparam("message_id"),
        col(OutboxRow.edits).is_(None),
    )
)

IN_THE_AIR = Prepared(
    select(OutboxRow.id).where(
        OutboxRow.chat_id == bindparam("chat_id"),
        col(OutboxRow.message_id).is_(None),
        OutboxRow.state == "sending",
        col(OutboxRow.edits).is_(None),
    )
)
NEWEST_KNOWN: Prepared[Any] = Prepared(
    select(func.max(OutboxRow.message_id)).where(OutboxRow.chat_id == bindparam("chat_id"))
)


async def send(
    unit: Unit,
    chat_id: int,
    message: Message,
    *,
    about: str = "",
    topic: str = "",
    lane: Lane | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    happens_at: datetime | None = None,
) -> bool:
    """Queue `message` for a chat; False if one `about` the same is there already.

    `about` names the event and its version; without one the message is named after the unit's cause.
    `topic` ("thing:id") is what cancels it when the thing changes. `happens_at` is when that happens which
    it is about (None: now): within a lane, the nearest goes first.
    """
    unit.wakes |= Wake.OUTBOX
    row_id = await unit.tx.put_new(
        OutboxRow,
        chat_id=chat_id,
        lane=message.lane if lane is None else lane,
        kind=message.kind,
        data=dump(message),
        about=about or unit.reference(),
        topic=topic,
        not_before=not_before,
        expires_at=expires_at,
        happens_at=happens_at or unit.now,
        created_at=unit.now,
    )
    return row_id is not None


async def edit(unit: Unit, row_id: int, message: Message) -> None:
    """Let the message of row `row_id` become `message`: merged if unsent, else as the newest edit."""
    unit.wakes |= Wake.OUTBOX
    original = await unit.tx.first(PLACE, row_id=row_id)
    if original is None:
        return
    chat_id, state, lane, topic = original
    facts: dict[str, Any] = {"kind": message.kind, "data": dump(message)}
    # The edit first: its message may wait beside it, come back from the air, and goes before it.
    if await unit.tx.change(MERGE_INTO_EDIT, row_id=row_id, **new(facts)):
        return
    if state in WAITING:
        await unit.tx.change(MERGE, row_id=row_id, **new(facts))
    if state not in WENT:
        return
    await unit.tx.put(
        OutboxRow,
        chat_id=chat_id,
        lane=min(lane, message.lane),
        about=f"edit {unit.reference()}",
        topic=topic,
        edits=row_id,
        happens_at=unit.now,
        created_at=unit.now,
        **facts,
    )


async def edit_about(unit: Unit, chat_id: int, about: str, message: Message) -> bool:
    """`edit` for the message queued `about` something; False if there never was one."""
    row_id = await unit.tx.first(
        select(OutboxRow.id).where(OutboxRow.chat_id == chat_id, OutboxRow.about == about)
    )
    if row_id is None:
        return False
    await edit(unit, row_id, message)
    return True


async def edit_topic(unit: Unit, topic: str, kind: type[Message], message: Message) -> int:
    """`edit` for every message of a kind with this topic, in whatever chat; gives how many."""
    rows = await unit.tx.all(OF_TOPIC, topic=topic, kind=kind.kind)
    for row_id in rows:
        await edit(unit, row_id, message)
    return len(rows)


async def newest(unit: Unit, topic: str, kind: type[Message], chat_id: int | None = None) -> int | None:
    """The row of the newest message of a kind with this topic (in one chat) that was not taken back."""
    found = await unit.tx.all(STANDING, topic=topic, kind=kind.kind)
    own = (row_id for row_id, chat, edits, _ in found if edits is None and chat_id in (None, chat))
    return max(own, default=None)


async def retire(
    unit: Unit, topic: str, kind: type[Message], message: Message, chat_id: int | None = None
) -> None:
    """Take back what is unsent of a kind and let the newest that was sent (in one chat) become `message`."""
    sent = []
    for row_id, chat, edits, state in await unit.tx.all(STANDING, topic=topic, kind=kind.kind):
        if await _take_back(unit, row_id, state) or edits is not None or chat_id not in (None, chat):
            continue
        sent.append(row_id)
    if sent:
        await edit(unit, max(sent), message)


async def said(unit: Unit, chat_id: int, about: str) -> bool:
    """Whether a message `about` something was ever queued for a chat."""
    found = select(OutboxRow.id).where(OutboxRow.chat_id == chat_id, OutboxRow.about == about)
    return await unit.tx.first(found) is not None


async def cancel(unit: Unit, topic: str, kinds: Iterable[type[Message]] = ()) -> int:
    """Take back what is still queued about `topic` (of these kinds only, if any); gives how many.

    What is in the air at this moment may arrive, but does not go again if it turns out that it did not.
    """
    names = [kind.kind for kind in kinds]
    cancelled = 0
    for row_id, kind, state in await unit.tx.all(UNSENT, topic=topic):
        if not names or kind in names:
            cancelled += await _take_back(unit, row_id, state)
    return cancelled


async def _take_back(unit: Unit, row_id: int, state: str) -> bool:
    """Take back a row that waits; one in the air does not go again."""
    if state == "sending":
        await unit.tx.change(IN_VAIN, row_id=row_id, long_ago=LONG_AGO)
    return state in WAITING and bool(await unit.tx.change(CANCEL, row_id=row_id))


async def hold(unit: Unit, topic: str) -> int:
    """Keep back what is queued about `topic` until it is let go; gives how many.

    What is in the air at this moment may arrive, but does not go again before if it turns out that it did not.
    """
    rows = update(OutboxRow).where(col(OutboxRow.topic) == topic)
    await unit.tx.change(rows.where(col(OutboxRow.state) == "sending").values(not_before=FAR_OFF))
    return await unit.tx.change(rows.where(col(OutboxRow.state) == "queued").values(state="held"))


async def let_go(unit: Unit, topic: str) -> int:
    """Let what is held about `topic` go on; gives how many."""
    unit.wakes |= Wake.OUTBOX
    rows = update(OutboxRow).where(col(OutboxRow.topic) == topic)
    await unit.tx.change(rows.where(col(OutboxRow.not_before) == FAR_OFF).values(not_before=None))
    return await unit.tx.change(rows.where(col(OutboxRow.state) == "held").values(state="queued"))


async def row_of_message(unit: Unit, chat_id: int, message_id: int) -> int | None:
    """The row whose message a person sees as `message_id`, if it came from here.

    A quick finger may press before it is written down that the message arrived: then it is the one in the air.
    """
    row_id = await unit.tx.first(OF_MESSAGE, chat_id=chat_id, message_id=message_id)
    if row_id is not None:
        return row_id
    flying = await unit.tx.all(IN_THE_AIR, chat_id=chat_id)
    known = await unit.tx.first(NEWEST_KNOWN, chat_id=chat_id)
    return flying[0] if len(flying) == 1 and message_id > (known or 0) else None


async def kind_of(unit: Unit, row_id: int) -> str:
    """The kind that the message of a row was first sent as."""
    return str(await unit.tx.one(select(OutboxRow.kind).where(OutboxRow.id == row_id)))
