"""Wishes (候补): pairs that wait for any time of a kind, and what an offer of such a time does to a wish."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlmodel import col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from bot.rules import wishes as rules
from bot.rules.clocks import bounds
from bot.rules.reminders import after_quiet
from bot.rules.states import BookingState, WaitState, WishState
from bot.services import audit, outbox
from bot.services.booking import bookings
from bot.services.messages import Message
from bot.services.messages.slots import SlotView
from bot.services.messages.wishes import WishEnded, WishLine, WishView
from bot.services.people import Person
from bot.services.studio import batch_cards
from bot.services.timers import drop_timers, id_of, set_timer
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Booking, City, PairMember, Timer, Waiting, Wish

OPEN = (WishState.WAITING.value, WishState.OFFERED.value)
"""States of wishes that still count."""


def subject_of(wish: Wish) -> str:
    """What timers and messages about a wish are filed under."""
    return f"wish:{wish.id}"


def kind_of(wish: Wish) -> rules.Kind:
    """The kind of time that is wished for."""
    return rules.Kind(wish.part, wish.days, wish.until)


async def view_of(unit: Unit, wish: Wish) -> WishView:
    """A wish as people are shown it."""
    city = await unit.tx.one(select(City).where(City.code == wish.city))
    zone = await batch_cards.zone_of_city(unit, wish.city)
    return WishView(wish.id, wish.city, city.names, wish.part, wish.days, wish.until, zone)


async def today_in(unit: Unit, city: str) -> date:
    """The day that it is there."""
    return unit.now.astimezone(ZoneInfo(await batch_cards.zone_of_city(unit, city))).date()


async def of_person(unit: Unit, person: Person) -> list[WishLine]:
    """What the person's pair waits for, with its place."""
    query = (
        select(Wish)
        .join(PairMember, col(PairMember.pair_id) == col(Wish.pair_id))
        .where(PairMember.person_id == person.id, col(PairMember.active), col(Wish.state).in_(OPEN))
        .order_by(col(Wish.id))
    )
    return [
        WishLine(
            await view_of(unit, wish), await position_of(unit, wish), asked=wish.state == WishState.OFFERED
        )
        for wish in await unit.tx.all(query)
    ]


async def position_of(unit: Unit, wish: Wish) -> int:
    """One more than the pairs that have waited longer for anything that this pair could want too."""
    today = await today_in(unit, wish.city)
    earlier = select(Wish).where(
        Wish.city == wish.city,
        col(Wish.state).in_(OPEN),
        Wish.pair_id != wish.pair_id,
        (col(Wish.created_at) < wish.created_at)
        | ((col(Wish.created_at) == wish.created_at) & (col(Wish.id) < wish.id)),
    )
    mine = kind_of(wish)
    ahead = {one.pair_id for one in await unit.tx.all(earlier) if rules.meet(kind_of(one), mine, today)}
    return len(ahead) + 1


# --- a slot that could be one


def _fitting() -> SelectOfScalar[Wish]:
    """Wishes that a slot fits, of pairs that have no offer here by another, and were not offered it nor had it."""
    asked = select(Wish.pair_id).where(
        col(Wish.city) == bindparam("city"), col(Wish.state) == WishState.OFFERED.value
    )
    knows = select(Waiting.pair_id).where(Waiting.slot_id == bindparam("slot_id"))
    knows = knows.where(col(Waiting.state) != WaitState.WAITING.value)
    had = select(Booking.pair_id).where(Booking.slot_id == bindparam("slot_id"))
    return select(Wish).where(
        col(Wish.city) == bindparam("city"),
        col(Wish.state) == WishState.WAITING.value,
        col(Wish.part).in_([rules.ANY, bindparam("part")]),
        col(Wish.days).in_([rules.ANY, bindparam("days")]),
        col(Wish.until) >= bindparam("day"),
        col(Wish.pair_id).not_in(asked),
        col(Wish.pair_id).not_in(knows),
        col(Wish.pair_id).not_in(had),
    )


FITTING: Prepared[Wish] = Prepared(_fitting())


async def fitting(unit: Unit, slot: SlotView) -> Sequence[Wish]:
    """The wishes that a slot could be offered to."""
    starts = slot.starts_at.astimezone(ZoneInfo(slot.zone))
    return await unit.tx.all(
        FITTING,
        slot_id=slot.slot_id,
        city=slot.city,
        part=rules.part_of(starts.time()),
        days=rules.days_of(starts.date()),
        day=starts.date(),
    )


async def claim(unit: Unit, wish: Wish, slot_id: int) -> Waiting | None:
    """Give a wish its place on the list of a slot that is about to be offered to it.

    None if the wish has just been offered something else.
    """
    if not await audit.move(unit, wish, WishState.OFFERED):
        return None
    waiting = await unit.tx.add(
        Waiting(
            slot_id=slot_id,
            pair_id=wish.pair_id,
            state=WaitState.WAITING.value,
            created_at=wish.created_at,
        )
    )
    await unit.tx.change(update(Wish).where(col(Wish.id) == wish.id).values(waiting_id=waiting.id))
    wish.waiting_id = waiting.id
    return waiting


# --- what becomes of an offer


async def of_offer(unit: Unit, waiting: Waiting) -> Wish | None:
    """The wish that an offer was made to; None if the pair waited for that very slot."""
    return await unit.tx.first(
        select(Wish).where(Wish.waiting_id == waiting.id, Wish.state == WishState.OFFERED.value)
    )


async def answered(unit: Unit, waiting: Waiting, how: WaitState) -> None:
    """An offer came to an end. With a yes the wish waits on for the partner's; else it is open again.

    An answer shows that somebody is there; silence is counted, and who never answers is asked no more.
    """
    wish = await of_offer(unit, waiting)
    if wish is None or how is WaitState.TAKEN:
        return
    await _back(unit, wish, silent=how is WaitState.LAPSED)


async def hold_ended(unit: Unit, booking: Booking, to: BookingState) -> None:
    """The yes to an offer was not joined by the partner's: the wish is open again, in its place."""
    query = (
        select(Wish)
        .join(Waiting, col(Waiting.id) == col(Wish.waiting_id))
        .where(Wish.pair_id == booking.pair_id, Wish.state == WishState.OFFERED.value)
        .where(Waiting.slot_id == booking.slot_id, Waiting.state == WaitState.TAKEN.value)
    )
    for wish in await unit.tx.all(query):
        await _back(unit, wish, silent=to is BookingState.EXPIRED)


async def _back(unit: Unit, wish: Wish, *, silent: bool) -> None:
    lapses = await lapses_of(unit, wish.pair_id) + 1 if silent else 0
    mine = await unit.tx.all(_of_pair(wish.pair_id))
    await unit.tx.change(update(Wish).where(col(Wish.id).in_([one.id for one in mine])).values(lapses=lapses))
    if not rules.given_up(lapses):
        await audit.move(unit, wish, WishState.WAITING)
        return
    for one in mine:
        await _end(unit, one, WishState.LAPSED, "silent")


async def lapses_of(unit: Unit, pair_id: int) -> int:
    """How many offers in a row a pair let lapse, whichever of its wishes they were made to."""
    return max([one.lapses for one in await unit.tx.all(_of_pair(pair_id))], default=0)


async def met(unit: Unit, pair_id: int, slot: SlotView) -> None:
    """A session of the pair stands: what it was waiting for, if it is of that kind, is found."""
    starts = slot.starts_at.astimezone(ZoneInfo(slot.zone))
    for wish in await unit.tx.all(_of_pair(pair_id).where(Wish.city == slot.city)):
        if rules.fits(kind_of(wish), starts):
            await _end(unit, wish, WishState.MET, "met")


# --- how wishes end


async def _end(unit: Unit, wish: Wish, to: WishState, why: str) -> None:
    if not await audit.move(unit, wish, to):
        return
    await drop_timers(unit, subject_of(wish))
    view = await view_of(unit, wish)
    party = await bookings.party_of_pair(unit, wish.pair_id)
    for person in party.people if party else ():
        await tell(unit, person, wish, view, WishEnded(view, why), why)


async def tell(unit: Unit, person: Person, wish: Wish, view: WishView, message: Message, what: str) -> None:
    """Tell one of a pair about a wish, not in the studio's quiet hours."""
    wakes = after_quiet(unit.now, ZoneInfo(view.zone), unit.policy.reminders.quiet)
    await outbox.send(
        unit,
        person.telegram_id,
        message,
        about=f"{subject_of(wish)}:{what}",
        topic=subject_of(wish),
        not_before=wakes if wakes > unit.now else None,
    )


async def close(unit: Unit, wish: Wish, *, by: Person | None = None) -> bool:
    """End a wish without a word; an offer that was made to it stands. False if it had ended already."""
    if not await audit.move(unit, wish, WishState.LEFT, actor=by.id if by else None):
        return False
    await drop_timers(unit, subject_of(wish))
    return True


async def close_all(unit: Unit, pair_id: int, *, by: Person | None = None) -> None:
    """End all wishes of a pair: it is being dissolved."""
    for wish in await unit.tx.all(_of_pair(pair_id)):
        await close(unit, wish, by=by)


async def give_up(unit: Unit, timer: Timer) -> None:
    """The last day of a wish is past."""
    wish = await unit.tx.get(Wish, id_of(timer))
    if wish is not None and wish.state in OPEN:
        await _end(unit, wish, WishState.OVER, "over")


async def open_until(unit: Unit, wish: Wish, until: date) -> None:
    """Let a wish end with that day, by the studio's calendar."""
    await unit.tx.change(update(Wish).where(col(Wish.id) == wish.id).values(until=until))
    wish.until = until
    zone = ZoneInfo(await batch_cards.zone_of_city(unit, wish.city))
    _, over = bounds(until, zone)
    await drop_timers(unit, subject_of(wish), ["wish_over"])
    await set_timer(unit, "wish_over", subject_of(wish), over)


def _of_pair(pair_id: int) -> SelectOfScalar[Wish]:
    return select(Wish).where(Wish.pair_id == pair_id, col(Wish.state).in_(OPEN)).order_by(col(Wish.id))
