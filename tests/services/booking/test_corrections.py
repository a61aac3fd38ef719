"""Setting right what is owed for a session: counter-entries with a reason, and nobody else's money is touched."""

import asyncio

import pytest
from sqlmodel import select

from bot.rules.errors import NotYours
from bot.services import people
from bot.services.booking import ledger, no_shows, reminders
from bot.services.booking.ledger import LedgerMoved
from bot.services.coordinating import correcting, people_story
from bot.services.coordinating.lifting import ReasonTooLong
from bot.services.messages.bookings import Money
from bot.services.messages.strikes import PayCorrected
from storage.tables import Audit, Booking
from tests.services.scene import ANN, BO, MONDAY, OWNER, STRANGER, Scene

PAY, BACK = Money(10_000, "CNY"), Money(-10_000, "CNY")
SHOWN = (ANN, "show_up", 10_000, "CNY", "no_show")


async def _id(scene: Scene, who: int) -> int:
    async with scene.units.reading() as look:
        person = await people.by_telegram_id(look, who)
        assert person is not None
        return person.id


async def _bo_is_missing(scene: Scene) -> int:
    """A session of which Bo is noted as missing, and for which Ann is paid; gives its id."""
    booking = await scene.booked(1)
    for who in (ANN, BO):
        await scene.act(who, reminders.attend, booking)
    await scene.until(MONDAY)
    await scene.act(OWNER, no_shows.note, booking, await _id(scene, BO))
    assert await scene.ledger() == [SHOWN]
    return booking


async def _offered(scene: Scene, who: int) -> Money | None:
    async with scene.units.reading() as look:
        person = await people.by_telegram_id(look, who)
        assert person is not None
        (line,) = (await people_story.sessions(look, person)).sessions
        return line.correction


async def test_who_was_wrongly_noted_gets_theirs_and_the_other_keeps_theirs(scene: Scene) -> None:
    """One more entry with the coordinator's words; the person is told, the trail names who did it."""
    booking = await _bo_is_missing(scene)
    bo = await _id(scene, BO)
    assert [await _offered(scene, who) for who in (ANN, BO)] == [BACK, PAY]
    asked = await scene.act(OWNER, correcting.ask, bo, booking)
    assert (asked.money, asked.head.name) == (PAY, "Bo")
    done = await scene.act(OWNER, correcting.correct, "  Bo was in\nthe other room ")
    assert (done.money, done.reason) == (PAY, "Bo was in the other room")
    assert await scene.ledger() == [SHOWN, (BO, "correction", 10_000, "CNY", "Bo was in the other room")]
    assert await scene.last(BO) == PayCorrected(await scene.view(1, "taken"), PAY, "Bo was in the other room")
    assert [await _offered(scene, who) for who in (ANN, BO)] == [BACK, BACK]
    async with scene.units.reading() as look:
        row = await look.tx.one(select(Audit).where(Audit.event == "ledger.correction"))
        expected = {"booking": booking, "amount": 10_000, "reason": "Bo was in the other room"}
        assert (row.actor_id, row.subject, row.data) == (await _id(scene, OWNER), f"person:{bo}", expected)


async def test_taken_back_and_given_again(scene: Scene) -> None:
    """Each is an entry of its own: nothing is changed, and the sum is what is owed."""
    booking = await _bo_is_missing(scene)
    ann = await _id(scene, ANN)
    for words, money in (("nobody came", BACK), ("she did come", PAY)):
        assert (await scene.act(OWNER, correcting.ask, ann, booking)).money == money
        await scene.act(OWNER, correcting.correct, words)
    assert await scene.ledger() == [
        SHOWN,
        (ANN, "correction", -10_000, "CNY", "nobody came"),
        (ANN, "correction", 10_000, "CNY", "she did come"),
    ]
    async with scene.units.reading() as look:
        person = await people.by_id(look, ann)
        assert await ledger.owed(look, person, [booking]) == {booking: PAY}


async def test_two_at_once_correct_once(scene: Scene) -> None:
    """The second is told that it is done: money is not taken back twice."""
    booking = await _bo_is_missing(scene)
    ann, owner = await _id(scene, ANN), await _id(scene, OWNER)

    async def takes_back() -> str:
        try:
            async with scene.units.writing("a correction") as unit:
                person, by = await people.by_id(unit, ann), await people.by_id(unit, owner)
                row = await unit.tx.one(select(Booking).where(Booking.id == booking))
                await ledger.correct(unit, person, row, BACK, by=by, reason="nobody came")
        except LedgerMoved:
            return "moved"
        return "done"

    assert sorted(await asyncio.gather(takes_back(), takes_back())) == ["done", "moved"]
    assert await scene.ledger() == [SHOWN, (ANN, "correction", -10_000, "CNY", "nobody came")]


async def test_what_cannot_be_corrected(scene: Scene) -> None:
    """A session that stands owes nothing; others' sessions are nobody's; a reason has a length."""
    booking = await scene.booked(1)
    ann, zoe = await _id(scene, ANN), await _id(scene, STRANGER)
    assert await _offered(scene, ANN) is None
    with pytest.raises(LedgerMoved):
        await scene.act(OWNER, correcting.ask, ann, booking)
    for whom, which in ((zoe, booking), (ann, booking + 7), (10**9, booking)):
        with pytest.raises(NotYours):
            await scene.act(OWNER, correcting.ask, whom, which)
    async with scene.units.writing("asked about") as unit:
        owner = await people.by_telegram_id(unit, OWNER)
        assert owner is not None
        asked = {"whom": ann, "booking": booking, "amount": 10_000, "currency": "CNY"}
        await people.expect(unit, owner, correcting.REASON, **asked)
    with pytest.raises(ReasonTooLong):
        await scene.act(OWNER, correcting.correct, "x" * 201)
    assert await scene.ledger() == []
