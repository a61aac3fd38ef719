"""Leaving: the pool at once, a pair after a question; its sessions are cancelled with it."""

from bot.services import outbox
from bot.services.booking import cancelling
from bot.services.messages.partners import AskLeavePair, LeftPair, LeftPool, StayedPair
from bot.services.pairing import pairs, partner_links, pool, proposal_ends, stand_ins
from bot.services.pairing.pairs import AlreadyParted
from bot.services.pairing.pool import NotInPool
from bot.services.pairing.proposal_cards import BY_INVITATION
from bot.services.people import Person, first_name
from bot.services.unit import Unit
from storage.tables import Block, Pair


async def begin(unit: Unit, person: Person) -> None:
    """Leave the pool, or ask whether to leave the pair; raises `NotInPool` if the person is in neither.

    Leaving the pool ends a proposal that is open, but no friend's invitation.
    """
    pair = await pairs.active_pair(unit, person)
    if pair is not None:
        await outbox.send(unit, person.telegram_id, await _question(unit, pair, person))
        return
    if not await pool.leave(unit, person, actor=person.id):
        raise NotInPool
    await proposal_ends.end_all(unit, person, keep=BY_INVITATION)
    await outbox.send(unit, person.telegram_id, LeftPool())


async def _question(unit: Unit, pair: Pair, person: Person) -> AskLeavePair:
    partner = await pairs.partner_in(unit, pair, person)
    ahead = await cancelling.ahead_of_pair(unit, pair)
    return AskLeavePair(pair.id, first_name(partner), len(ahead))


async def stay(unit: Unit, person: Person) -> StayedPair:
    """Not leaving after all; raises `AlreadyParted` if there is no pair any more."""
    partner = await pairs.partner_of(unit, person)
    if partner is None:
        raise AlreadyParted
    return StayedPair(first_name(partner))


async def leave(unit: Unit, person: Person, pair_id: int | None = None, *, never: bool = False) -> LeftPair:
    """Leave one's pair; `never` again be paired with that person. Gives what to show.

    The pair's sessions are cancelled, at the cost that cancelling has, and the partner is told. Raises
    `AlreadyParted` if there is no pair any more, or if it is another one than `pair_id`: the question was
    about that one.
    """
    pair = await pairs.active_pair(unit, person)
    if pair is None or pair_id not in (None, pair.id):
        raise AlreadyParted
    partner = await pairs.partner_in(unit, pair, person)
    count = await cancelling.cancel_for_pair(unit, pair, person)
    if not await pairs.dissolve(unit, pair, by=person):
        raise AlreadyParted
    if never:
        await unit.tx.add_new(Block(person_id=person.id, blocked_id=partner.id, at=unit.now))
    news = LeftPair(first_name(person), by_self=False, bookings=count)
    await outbox.send(unit, partner.telegram_id, news, about=f"pair:{pair.id}:dissolved")
    return LeftPair(first_name(partner), by_self=True, never=never, bookings=count)


async def withdraw(unit: Unit, person: Person) -> None:
    """Somebody takes no part any more: out of pool and pair, with no proposal and no link left.

    The others are told only that the person is gone. Called before anything of the person is erased.
    """
    await pool.leave(unit, person, actor=person.id)
    await stand_ins.leave(unit, person, actor=person.id)
    await proposal_ends.end_all(unit, person)
    await partner_links.cut(unit, person, "gone")
    if await pairs.active_pair(unit, person) is not None:
        await leave(unit, person)
