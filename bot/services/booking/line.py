"""The one line (候补) before a slot: pairs that wait for it, and pairs that wait for any time of its kind.

All stand in the order in which they joined; of two at the same moment, who waits for this very slot is first.
A pair that does both stands where it joined first. Before all of them come the pairs in reserve for the day, when the
slot begins soon.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.rules.states import WaitState
from bot.services.booking import reserves, wishes
from bot.services.messages.slots import SlotView
from bot.services.unit import Unit
from storage.tables import Reserve, Waiting, Wish

QUEUED = (WaitState.WAITING.value, WaitState.OFFERED.value)
"""States of places on a slot's own list that still count."""


@dataclass(frozen=True, slots=True)
class Place:
    """A pair in the line: in reserve for the day, with a place on the slot's own list, or by a wish."""

    pair_id: int
    since: datetime
    waiting: Waiting | None = None
    wish: Wish | None = None
    reserve: Reserve | None = None

    @property
    def asked(self) -> bool:
        """Whether the slot is on offer to this pair now."""
        return self.waiting is not None and self.waiting.state == WaitState.OFFERED


def queued(slot_id: int) -> SelectOfScalar[Waiting]:
    """The places on a slot's own list, the oldest first."""
    return (
        select(Waiting)
        .where(Waiting.slot_id == slot_id, col(Waiting.state).in_(QUEUED))
        .order_by(col(Waiting.id))
    )


async def of_slot(unit: Unit, slot: SlotView) -> list[Place]:
    """Everybody in the line before a slot, in order, each pair once."""
    own = await unit.tx.all(queued(slot.slot_id))
    found = [(one.created_at, 0, one.id, Place(one.pair_id, one.created_at, one)) for one in own]
    by_pair = {one.pair_id: one for one in own}
    for wish in await wishes.fitting(unit, slot):
        place = Place(wish.pair_id, wish.created_at, by_pair.get(wish.pair_id), wish)
        found.append((wish.created_at, 1, wish.id, place))
    line: dict[int, Place] = {}
    for row in await reserves.fitting(unit, slot):
        line[row.pair_id] = Place(row.pair_id, row.created_at, by_pair.get(row.pair_id), reserve=row)
    for *_, place in sorted(found, key=lambda entry: entry[:3]):
        line.setdefault(place.pair_id, place)
    return list(line.values())
