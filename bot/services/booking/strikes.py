"""Strikes: what they are noted for, what they come to, how their block ends, and how a coordinator lifts them.

A strike is never deleted. Lifted, it counts no more, and who lifted it and why stays beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select, update

from bot.rules.booking import Weight, reckon
from bot.rules.errors import DomainError
from bot.services import audit, outbox, people
from bot.services.messages.bookings import StrikeLine, Strikes
from bot.services.messages.strikes import BlockOver, StrikesLifted
from bot.services.people import Person
from bot.services.places import out_of_quiet, zone_of
from bot.services.studio import slots
from bot.services.timers import drop_timers, id_of, set_timer
from bot.services.unit import Unit
from storage.tables import Booking, Strike, Timer

BLOCK_OVER = "block_over"
"""The kind of timer that tells of a block's end."""


class StrikeGone(DomainError):
    """There is nothing to lift: it was lifted already, or never was."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A person's strikes, the latest first, with what each does now."""

    now: Strikes
    rows: Sequence[tuple[Strike, str]]


async def times(unit: Unit, person_id: int) -> Sequence[datetime]:
    """When the strikes of a person happened that nobody lifted."""
    return await unit.tx.all(
        select(Strike.at).where(Strike.person_id == person_id, col(Strike.lifted_at).is_(None))
    )


async def of(unit: Unit, person: Person) -> Strikes:
    """A person's strikes and the block that they mean now."""
    return _told(unit, await times(unit, person.id))


def _told(unit: Unit, at: Sequence[datetime]) -> Strikes:
    found = reckon(at, unit.policy.booking, unit.now)[0]
    until = found.block.until if found.block else None
    return Strikes(found.count, unit.policy.booking.strikes, found.block is not None, until)


async def note(unit: Unit, person: Person, booking: Booking, kind: str = "late_cancel") -> Strikes:
    """Note a strike, once per person and booking, and give what it comes to.

    The end of a block that it means will be told.
    """
    added = await unit.tx.add_new(Strike(person_id=person.id, booking_id=booking.id, kind=kind, at=unit.now))
    if added:
        await audit.record(unit, f"person:{person.id}", f"strike.{kind}", booking=booking.id)
        await _expect_end(unit, person)
    return await of(unit, person)


async def _expect_end(unit: Unit, person: Person) -> None:
    """Let the end of the present block be told when it comes, but wake nobody for it."""
    subject = f"person:{person.id}"
    await drop_timers(unit, subject, [BLOCK_OVER])
    found = await of(unit, person)
    if found.blocked and found.blocked_until is not None:
        await set_timer(unit, BLOCK_OVER, subject, await out_of_quiet(unit, person, found.blocked_until))


async def block_over(unit: Unit, timer: Timer) -> None:
    """A block should be over: its person may book again, and learns that."""
    person = await people.by_id(unit, id_of(timer))
    found = await of(unit, person)
    if found.blocked:
        await _expect_end(unit, person)  # the policy has become stricter since
        return
    about = f"block:{person.id}:{timer.due_at.isoformat()}"
    await outbox.send(unit, person.telegram_id, BlockOver(found.limit), about=about)


async def reckoned(unit: Unit, person: Person) -> Reckoned:
    """Every strike of a person with what it does now: a `Weight`, or `lifted`."""
    rows = await unit.tx.all(
        select(Strike)
        .where(Strike.person_id == person.id)
        .order_by(col(Strike.at).desc(), col(Strike.id).desc())
    )
    standing = [row for row in rows if row.lifted_at is None]
    at = [row.at for row in standing]
    _, weights = reckon(at, unit.policy.booking, unit.now)
    does: dict[int, str] = {row.id: weight.value for row, weight in zip(standing, weights, strict=True)}
    return Reckoned(_told(unit, at), [(row, does.get(row.id, "lifted")) for row in rows])


async def lines(unit: Unit, rows: Sequence[tuple[Strike, str]]) -> tuple[StrikeLine, ...]:
    """Strikes as their person sees them."""
    told = []
    for row, does in rows:
        booking = await unit.tx.one(select(Booking).where(Booking.id == row.booking_id))
        view = await slots.slot_view(unit, booking.slot_id)
        if view is not None:
            told.append(StrikeLine(row.id, row.kind, view, row.at, does, row.lift_reason or ""))
    return tuple(told)


# --- lifting


async def find(unit: Unit, strike_id: int) -> Strike:
    """A strike that can be lifted; raises `StrikeGone`."""
    row = await unit.tx.get(Strike, strike_id)
    if row is None or row.lifted_at is not None:
        raise StrikeGone
    return row


async def blocking(unit: Unit, person: Person) -> list[int]:
    """The strikes to lift so that a person is blocked no more; raises `StrikeGone` if they are not."""
    found = [row.id for row, does in (await reckoned(unit, person)).rows if does == Weight.BLOCKS]
    if not found:
        raise StrikeGone
    return found


async def lift(unit: Unit, person: Person, ids: Sequence[int], *, by: Person, reason: str) -> int:
    """Lift these strikes of a person, who is told why; gives how many. Raises `StrikeGone` if all were lifted."""
    was = await of(unit, person)
    lifted = []
    for strike_id in ids:
        mark = update(Strike).where(
            col(Strike.id) == strike_id, col(Strike.person_id) == person.id, col(Strike.lifted_at).is_(None)
        )
        if await unit.tx.change(mark.values(lifted_at=unit.now, lifted_by=by.id, lift_reason=reason)):
            lifted.append(strike_id)
            await audit.record(
                unit, f"person:{person.id}", "strike.lifted", actor=by.id, strike=strike_id, reason=reason
            )
    if not lifted:
        raise StrikeGone
    await _expect_end(unit, person)
    now = await of(unit, person)
    news = StrikesLifted(
        len(lifted), reason, now, free=was.blocked and not now.blocked, zone=await zone_of(unit, person)
    )
    about = f"strikes:{person.id}:lifted:{lifted[0]}"
    await outbox.send(unit, person.telegram_id, news, about=about)
    return len(lifted)
