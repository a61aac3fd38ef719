"""The one way a thing changes its state: a conditional update and its row in the audit trail."""

from enum import StrEnum
from typing import Any, TypeVar

from sqlmodel import SQLModel

from bot.rules.states import check_move
from bot.services.unit import Unit
from storage.prepared import new, setting
from storage.tables import Audit

Thing = TypeVar("Thing", bound=SQLModel)


async def record(
    unit: Unit,
    subject: str,
    event: str,
    *,
    actor: int | None = None,
    before: str | None = None,
    after: str | None = None,
    **data: Any,
) -> None:
    """Write one row into the audit trail. `subject` is "thing:id"; `actor` a person's id, None the clock."""
    await unit.tx.put(
        Audit,
        at=unit.now,
        actor_id=actor,
        subject=subject,
        event=event,
        before=before,
        after=after,
        data=data,
    )


async def move(unit: Unit, thing: Thing, to: StrEnum, *, actor: int | None = None, **changes: Any) -> bool:
    """Move `thing` along an arrow to state `to`, with `changes` to its other columns.

    False, and nothing changed, if somebody else moved it first. The object passed in is brought up to date.
    Raises `IllegalMoveError` if no arrow leads from the state that `thing` shows to `to`.
    """
    table: Any = type(thing)
    row: Any = thing
    before = type(to)(row.state)
    check_move(before, to)
    values = {"state": to.value, **changes}
    moving = setting(table, tuple(values), from_state=True)
    if not await unit.tx.change(moving, row_id=row.id, old_state=before.value, **new(values)):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    kind = table.__name__.lower()
    await record(
        unit, f"{kind}:{row.id}", f"{kind}.{to.value}", actor=actor, before=before.value, after=to.value
    )
    return True
