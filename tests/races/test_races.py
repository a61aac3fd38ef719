"""Everybody presses at once: no double booking, no lost slot, nobody in two places, one answer for each loser."""

from collections import Counter

from sqlmodel import select

from bot.rules.states import BookingState
from bot.services.booking import cancelling, holds, instead, rescue, waitlist
from bot.services.booking.bookings import BookingOver, SlotYours
from bot.services.booking.waitlist import OfferOver
from bot.services.messages.bookings import HoldAgreed, NextBest
from bot.services.messages.partners import ProposalCard
from bot.services.messages.waitlist import WaitNoted, WaitNotNeeded
from bot.services.pairing import matches, stand_ins
from bot.services.people import Person
from bot.services.studio import calling_off
from bot.services.unit import Unit
from storage.tables import Booking, Slot, Waiting
from tests.helpers import an_approved, told
from tests.races.town import OWNER, Town, losers

PAIRS = 120


async def test_hundreds_of_pairs_on_a_few_slots(town: Town) -> None:
    """Both partners of each press, somewhere; every slot goes to one pair, and all others hear what is left."""
    await town.build(PAIRS, times=3)
    presses, who = [], []
    for number in range(PAIRS):
        for person in town.pair(number):
            presses.append(town.act(person, instead.book, town.random.choice(town.slots)))
            who.append(person)
    answers = await town.at_once(presses)
    assert await town.broken() == []
    live = await town.live()
    assert sorted(row.slot_id for row in live) == town.slots
    assert answers.count(None) == len(town.slots)
    kinds = Counter(type(answer) for answer in answers if answer is not None)
    assert set(kinds) <= {NextBest, SlotYours}, kinds
    for lost in losers(answers):
        assert len(lost.near) <= 3
        assert lost.slot.slot_id not in {slot.slot_id for slot in lost.near}


async def test_both_partners_answer_at_once(town: Town) -> None:
    """Yes by the one and taken back by the other, many times over: on for both or off for both."""
    await town.build(8, times=4)
    for number, slot in enumerate(town.slots):
        assert await town.act(town.pair(number)[0], holds.book, slot) is None
    bookings = [row.id for row in await town.live()]
    presses = []
    for number, booking in enumerate(bookings):
        holder, partner = town.pair(number)
        presses += [
            town.act(partner, instead.agree, booking),
            town.act(partner, instead.agree, booking),
            town.act(holder, cancelling.cancel, booking),
            town.act(partner, holds.decline, booking),
        ]
    answers = await town.at_once(presses)
    assert await town.broken() == []
    states = {row.id: row.state for row in await town.rows(Booking)}
    assert set(states.values()) <= {BookingState.CONFIRMED, BookingState.CANCELLED}
    for number, booking in enumerate(bookings):
        four = answers[4 * number : 4 * number + 4]
        agreed = sum(isinstance(answer, HoldAgreed) for answer in four)
        assert agreed <= 1
        assert (states[booking] == BookingState.CONFIRMED) <= (agreed == 1)
        assert sum(isinstance(answer, BookingOver | HoldAgreed) for answer in four) >= 2


async def test_a_freed_slot_against_fresh_bookings(town: Town) -> None:
    """While pairs wait for it, a slot is freed and pressed by others: the line comes first, and nothing is lost."""
    await town.build(40, times=1, rooms=1)
    (slot,) = town.slots
    holder, partner = town.pair(0)
    await town.act(holder, holds.book, slot)
    (booking,) = await town.live()
    await town.act(partner, holds.agree, booking.id)
    waiting = [town.act(town.pair(number)[0], waitlist.join, slot) for number in range(1, 6)]
    fresh = [town.act(town.pair(number)[0], instead.book, slot) for number in range(6, 40)]
    answers = await town.at_once([*waiting, town.act(holder, cancelling.cancel, booking.id), *fresh])
    assert await town.broken() == []
    assert {type(answer) for answer in answers[:5]} <= {WaitNoted, WaitNotNeeded, NextBest}
    assert len([answer for answer in answers[6:] if answer is None]) <= 1
    assert len(await town.live()) + sum(row.state == "offered" for row in await town.rows(Waiting)) == 1


async def test_an_offer_is_answered_by_both_and_by_others(town: Town) -> None:
    """Yes, yes and no of two partners, beside everybody else's press: one answer counts."""
    await town.build(12, times=1, rooms=1)
    (slot,) = town.slots
    holder, partner = town.pair(0)
    await town.act(holder, holds.book, slot)
    (booking,) = await town.live()
    await town.act(partner, holds.agree, booking.id)
    for number in (1, 2):
        await town.act(town.pair(number)[0], waitlist.join, slot)
    await town.act(holder, cancelling.cancel, booking.id)
    (offered,) = [row.id for row in await town.rows(Waiting) if row.state == "offered"]
    ann, bo = town.pair(1)
    answers = await town.at_once(
        [
            town.act(ann, instead.take_offer, offered),
            town.act(bo, instead.take_offer, offered),
            town.act(bo, waitlist.decline, offered),
            *(town.act(town.pair(number)[0], instead.book, slot) for number in range(3, 12)),
        ]
    )
    assert await town.broken() == []
    assert all(isinstance(answer, NextBest) for answer in answers[3:])
    assert not [answer for answer in answers[:3] if isinstance(answer, Exception) and not _told(answer)]
    assert len(await town.live()) + sum(row.state == "offered" for row in await town.rows(Waiting)) == 1


def _told(refused: Exception) -> bool:
    """Whether a refusal is one of those that tell what became of the matter."""
    return isinstance(refused, OfferOver | SlotYours | BookingOver)


async def test_moves_against_calling_off(town: Town) -> None:
    """Pairs move to and fro while the studio calls slots off: who moved stands somewhere, and only there."""
    await town.build(10, times=10, rooms=2)
    for number in range(10):
        holder, partner = town.pair(number)
        await town.act(holder, holds.book, town.slots[2 * number])
        await town.act(partner, holds.agree, (await town.live())[-1].id)
    standing = await town.live()
    targets = [town.random.choice(town.slots[1::2]) for _ in standing]
    moves = [
        town.act(town.pair(number)[0], instead.book, target, row.id)
        for number, (row, target) in enumerate(zip(standing, targets, strict=True))
    ]
    off = [town.act(OWNER, _call_off, slot) for slot in {*targets[:4], standing[8].slot_id}]
    await town.at_once([*moves, *off])
    assert await town.broken() == []
    holds_ = [row for row in await town.live() if row.state == "held"]
    await town.at_once(
        [
            *(town.act(town.pair(_number(standing, row))[1], instead.agree, row.id) for row in holds_),
            *(town.act(OWNER, _call_off, row.slot_id) for row in holds_[:2]),
        ]
    )
    assert await town.broken() == []
    gone = {slot.id for slot in await town.rows(Slot) if slot.state == "cancelled"}
    assert not gone & {row.slot_id for row in await town.live()}
    for row in await town.rows(Booking):
        if row.replaces_id is not None and row.state == BookingState.CONFIRMED:
            replaced = next(one for one in await town.rows(Booking) if one.id == row.replaces_id)
            assert replaced.state == BookingState.CANCELLED


def _number(standing: list[Booking], move: Booking) -> int:
    return next(number for number, row in enumerate(standing) if row.id == move.replaces_id)


async def _call_off(unit: Unit, person: Person, slot_id: int) -> int:
    return await calling_off.call_off(
        unit, person, list(await unit.tx.all(select(Slot).where(Slot.id == slot_id)))
    )


async def test_one_stand_in_for_several_sessions(town: Town) -> None:
    """Everybody says yes at once, some take the session back: the stand-in comes to one at most."""
    await town.build(6, times=6, rooms=1)
    async with town.doors[0].writing("stand-in") as unit:
        zoe = await an_approved(unit, 7, "Zoe", city="beijing")
        await stand_ins.join(unit, zoe)
    for number, slot in enumerate(town.slots):
        holder, partner = town.pair(number)
        await town.act(holder, holds.book, slot)
        await town.act(partner, holds.agree, (await town.live())[-1].id)
    standing = await town.live()
    await town.at_once(
        [town.act(town.pair(number)[0], rescue.leave, row.id) for number, row in enumerate(standing)]
    )
    assert await town.broken() == []
    cards = [card for card in await told(town.doors[0], 7) if isinstance(card, ProposalCard)]
    assert len(cards) == 1  # nobody has two open proposals
    proposal = cards[0].proposal_id
    presses = [town.act(7, matches.answer, proposal, agree=True) for _ in range(2)]
    for number in range(6):
        stayer = town.pair(number)[1]
        presses += [
            town.act(stayer, matches.answer, proposal, agree=True),
            town.act(stayer, cancelling.cancel, standing[number].id)
            if number % 2
            else town.act(stayer, _look),
        ]
    await town.at_once(presses)
    assert await town.broken() == []
    rescued = [row for row in await town.live() if row.state == BookingState.CONFIRMED]
    assert len(rescued) <= 1


async def _look(_unit: Unit, _person: Person) -> None:
    """Nothing."""
