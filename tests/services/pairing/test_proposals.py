"""Match proposals: made of the pool, told to both with why, reminded of, and ended when nobody answers."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.rules.pairing import Reason, Reasons
from bot.services import people
from bot.services.messages import Message
from bot.services.messages.partners import Other, ProposalCard, ProposalOver
from bot.services.pairing import matching, pool, proposals
from bot.services.pairing.matches import answer
from bot.services.pairing.proposal_ends import end_all
from bot.services.pairing.proposals import Engaged, Seat
from bot.services.people import Person
from bot.services.unit import Unit, Units
from storage.tables import Audit, OutboxRow, Proposal, ProposalMember, Seeker, Timer
from tests.helpers import NOON, MovableClock, a_studio, an_approved, deliver, ring, told

TWELVE_HOURS = timedelta(hours=12)


async def seekers(units: Units, *telegram_ids: int, **columns: object) -> list[Person]:
    """Approved people called Person N who look for a partner."""
    async with units.writing(f"seekers {telegram_ids}") as unit:
        found = [await an_approved(unit, n, f"P{n} X", **columns) for n in telegram_ids]
        for person in found:
            await pool.join(unit, person)
    return found


async def offered(unit: Unit, first: Person, second: Person) -> Proposal:
    """A proposal out of the pool between two people."""
    seats = (Seat(first, Reasons(())), Seat(second, Reasons(())))
    return await proposals.offer(unit, "pool", seats, expires_at=unit.now + TWELVE_HOURS)


async def states(units: Units) -> list[str]:
    """The state of every proposal, in order."""
    async with units.reading() as look:
        return list(await look.tx.all(select(Proposal.state).order_by(col(Proposal.id))))


async def in_pool(units: Units) -> set[int]:
    """Who is in the pool."""
    async with units.reading() as look:
        return set(await look.tx.all(select(Seeker.person_id)))


def last(messages: list[Message]) -> Message:
    """The newest of somebody's messages."""
    return messages[-1]


async def test_a_round_offers_two_people_to_each_other_and_says_why(units: Units) -> None:
    """Each sees the other's first name, languages and dialect, and reasons that hide the other's wish."""
    async with units.writing("t") as unit:
        await a_studio(unit)
        ann = await an_approved(
            unit, 11, "Ann Smith", city="beijing", speaks=["zh", "en"], dialect="wu", gender="woman"
        )
        bo = await an_approved(
            unit, 12, "Bo Li", city="beijing", speaks=["en", "zh", "ja"], dialect="wu", partner_wish="woman"
        )
        for person in (ann, bo):
            await pool.join(unit, person)
    await proposals.solve_pool(units, 1)
    expires = NOON + TWELVE_HOURS
    common = ("same_city", "shared_language", "same_dialect")
    assert await told(units, 11) == [
        ProposalCard(
            proposal_id=1,
            via="pool",
            state="ask",
            other=Other("Bo", ("en", "zh", "ja"), "wu"),
            reasons=common,
            languages=("zh", "en"),
            expires_at=expires,
            zone="Asia/Shanghai",
            in_pool=True,
        )
    ]
    (card,) = await told(units, 12)
    assert isinstance(card, ProposalCard)
    assert card.other == Other("Ann", ("zh", "en"), "wu")
    assert card.reasons == (*common, "wish")
    async with units.reading() as look:
        assert [(t.kind, t.due_at) for t in await look.tx.all(select(Timer).order_by(col(Timer.id)))][
            -2:
        ] == [
            ("proposal_expires", expires),
            ("proposal_reminds", NOON + TWELVE_HOURS / 2),
        ]
        trail = await look.tx.all(select(Audit.event).where(Audit.subject == "proposal:1"))
    assert trail == ["proposal.offered"]


async def test_of_three_the_longest_waiting_is_told_but_of_two_it_says_nothing(
    units: Units, clock: MovableClock
) -> None:
    """One of two has always waited longest."""
    await seekers(units, 11)
    clock.forward(hours=1)
    await seekers(units, 12)
    await proposals.solve_pool(units, 1)
    (card,) = await told(units, 11)
    assert isinstance(card, ProposalCard)
    assert card.reasons == ("shared_language",)
    await seekers(units, 13)
    clock.forward(hours=1)
    await seekers(units, 14, 15)
    await proposals.solve_pool(units, 2)
    (card,) = await told(units, 13)
    assert isinstance(card, ProposalCard)
    assert card.reasons == ("shared_language", "longest_waiting")


async def test_a_round_done_again_offers_nothing_twice(units: Units) -> None:
    """A job whose program died is repeated."""
    await seekers(units, 11, 12, 13, 14)
    await proposals.solve_pool(units, 1)
    await proposals.solve_pool(units, 1)
    assert await states(units) == ["offered", "offered"]
    assert [len(await told(units, n)) for n in (11, 12, 13, 14)] == [1, 1, 1, 1]


async def test_what_changed_while_the_pool_was_solved_is_seen(
    units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody left the pool, somebody moved to another city: their matches fall away, the rest stands."""
    everybody = await seekers(units, 11, 12, 13, 14, 15, 16)
    ann, cy, di = everybody[0], everybody[2], everybody[3]
    nothing = (Reasons(()), Reasons(()))

    async def slow(*_: object) -> list[matching.Match]:
        async with units.writing("meanwhile") as unit:
            await pool.leave(unit, ann)
            for person, city in ((cy, "beijing"), (di, "shanghai")):
                await a_studio(unit, city)
                await people.change(unit, person, city=city)
        pairs = zip(everybody[::2], everybody[1::2], strict=True)
        return [matching.Match((one.id, other.id), 1, nothing) for one, other in pairs]

    monkeypatch.setattr(matching, "solve", slow)
    await proposals.solve_pool(units, 1)
    assert [len(await told(units, n)) for n in range(11, 17)] == [0, 0, 0, 0, 1, 1]


async def test_nobody_gets_two_proposals_at_once(units: Units) -> None:
    """The database refuses the second one, and nothing of it is left."""
    ann, bo, cy = await seekers(units, 11, 12, 13)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
        with pytest.raises(Engaged):
            await offered(unit, cy, ann)
        await offered(unit, cy, await an_approved(unit, 14))
    async with units.reading() as look:
        seats = await look.tx.all(select(ProposalMember.person_id).order_by(col(ProposalMember.id)))
    assert seats == [ann.id, bo.id, cy.id, cy.id + 1]
    assert await states(units) == ["offered", "offered"]


async def test_half_way_only_who_has_not_answered_is_reminded(units: Units, clock: MovableClock) -> None:
    """In the reminders' lane, with the card's own buttons, and worthless once the time is over."""
    ann, bo = await seekers(units, 11, 12)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
        await answer(unit, ann, 1, agree=True)
    clock.forward(hours=6)
    await ring(units)
    assert [m.reminder for m in await told(units, 11) if isinstance(m, ProposalCard)] == [False]
    card = last(await told(units, 12))
    assert isinstance(card, ProposalCard)
    assert (card.reminder, card.state) == (True, "ask")
    async with units.reading() as look:
        row = (await look.tx.all(select(OutboxRow).order_by(col(OutboxRow.id).desc())))[0]
    assert (row.chat_id, row.lane, row.expires_at) == (12, 3, NOON + TWELVE_HOURS)


async def test_the_reminder_waits_for_the_end_of_quiet_hours(units: Units, clock: MovableClock) -> None:
    """Half way lies at 23:00 in Shanghai: nobody is woken, and at 8:00 it still is in time."""
    async with units.writing("studio") as unit:
        await a_studio(unit)
    clock.forward(hours=5)  # 17:00
    ann, bo = await seekers(units, 11, 12, city="beijing")
    async with units.writing("t") as unit:
        seats = (Seat(ann, Reasons(())), Seat(bo, Reasons(())))
        await proposals.offer(unit, "pool", seats, expires_at=unit.now + timedelta(hours=16))
        (due,) = await unit.tx.all(select(Timer.due_at).where(Timer.kind == "proposal_reminds"))
    assert due == NOON + timedelta(hours=20)


async def test_time_runs_out_for_both_and_both_are_told(units: Units, clock: MovableClock) -> None:
    """Who said yes hears that the other one did not answer; both keep their place."""
    ann, bo = await seekers(units, 11, 12)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
        await answer(unit, ann, 1, agree=True)
    await deliver(units)
    clock.forward(hours=13)
    await ring(units)
    assert await states(units) == ["expired"]
    assert await in_pool(units) == {ann.id, bo.id}
    assert last(await told(units, 11)) == ProposalOver("pool", "unanswered", "P12", in_pool=True)
    assert last(await told(units, 12)) == ProposalOver("pool", "ignored", "P11", in_pool=True)
    for n in (11, 12):
        (edited,) = [m for m in await told(units, n) if isinstance(m, ProposalCard) and m.state == "over"]
        assert edited.proposal_id == 1


async def _ignore(units: Units, clock: MovableClock, ann: Person, bo: Person) -> None:
    """A proposal that Ann says yes to and Bo lets run out."""
    async with units.writing(f"ignore {clock.now}") as unit:
        proposal = await offered(unit, ann, bo)
        await answer(unit, ann, proposal.id, agree=True)
    clock.forward(hours=13)
    await ring(units)


async def test_who_is_silent_twice_in_a_row_leaves_the_pool(units: Units, clock: MovableClock) -> None:
    """And is told how to come back; the other one stays."""
    ann, bo = await seekers(units, 11, 12)
    await _ignore(units, clock, ann, bo)
    await _ignore(units, clock, ann, bo)
    assert await in_pool(units) == {ann.id}
    assert last(await told(units, 12)) == ProposalOver("pool", "left_pool", "P11", in_pool=False)


async def test_any_answer_between_two_silences_keeps_the_place(units: Units, clock: MovableClock) -> None:
    """Silent, then no, then silent: that is not in a row."""
    ann, bo, cy = await seekers(units, 11, 12, 13)
    await _ignore(units, clock, ann, bo)
    async with units.writing("no") as unit:
        proposal = await offered(unit, cy, bo)
        await answer(unit, bo, proposal.id, agree=False)
    await _ignore(units, clock, ann, bo)
    assert await in_pool(units) == {ann.id, bo.id, cy.id}


async def test_coming_back_to_the_pool_begins_anew(units: Units, clock: MovableClock) -> None:
    """Silences of an earlier stay do not count."""
    ann, bo = await seekers(units, 11, 12)
    await _ignore(units, clock, ann, bo)
    async with units.writing("again") as unit:
        await pool.leave(unit, bo)
        clock.forward(minutes=1)
    async with units.writing("again 2") as unit:
        await pool.join(unit, bo)
    await _ignore(units, clock, ann, bo)
    assert await in_pool(units) == {ann.id, bo.id}


async def test_a_proposal_cut_short_was_not_ignored(units: Units, clock: MovableClock) -> None:
    """The other one was gone before the time was over: that is nobody's silence."""
    ann, bo, cy = await seekers(units, 11, 12, 13)
    async with units.writing("t") as unit:
        await offered(unit, cy, bo)
    clock.forward(hours=1)
    async with units.writing("gone") as unit:
        await end_all(unit, cy)
    await _ignore(units, clock, ann, bo)
    assert await in_pool(units) == {ann.id, bo.id, cy.id}
    assert ProposalOver("pool", "gone", "P13", in_pool=True) in await told(units, 12)


async def test_a_proposal_without_a_limit_never_ends_by_itself(units: Units, clock: MovableClock) -> None:
    """`accept_within = ""`: neither timer is set."""
    ann, bo = await seekers(units, 11, 12)
    async with units.writing("t") as unit:
        seats = (Seat(ann, Reasons((Reason.BALANCE,))), Seat(bo, Reasons(())))
        await proposals.offer(unit, "pool", seats, expires_at=None)
        timers = await unit.tx.all(select(Timer.kind).where(col(Timer.kind).like("proposal%")))
    assert timers == []
    clock.forward(days=400)
    await ring(units)
    assert await states(units) == ["offered"]
