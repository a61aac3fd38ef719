"""A small night with several programs, and that the oracle of the large one sees what it is there for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.tables import Booking, BookingMember, InboxRow, OutboxRow
from tests.cluster.__main__ import night
from tests.cluster.api import Said
from tests.cluster.oracle import Verdict, _bookings, _messages, _updates
from tests.servers import Server

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


async def test_a_small_night(postgresql: Server) -> None:
    """A few people, four programs, and whatever befalls those in the meantime."""
    verdict, told = await night(postgresql, 12)
    assert verdict.good, verdict
    assert "2 samples heard and voted on; 6 pairs booked" in told


# --- what the oracle sees


def an_update(number: int, **changes: Any) -> InboxRow:
    """One that was handled."""
    known: dict[str, Any] = {
        "update_id": number,
        "sender": 7,
        "raw": {},
        "state": "done",
        "received_at": NOON,
    }
    return InboxRow(**known | {"done_at": NOON + timedelta(seconds=number)} | changes)


def a_message(number: int, **changes: Any) -> OutboxRow:
    """One that was sent, as the message of the same number."""
    known: dict[str, Any] = {
        "chat_id": 7,
        "lane": 0,
        "kind": "X",
        "data": {},
        "about": f"{number}",
        "state": "sent",
    }
    known |= {"message_id": number, "attempts": 1, "uncertain": False, "happens_at": NOON, "created_at": NOON}
    return OutboxRow(**known | {"id": number} | changes)


def heard(*numbers: int) -> dict[int, list[Said]]:
    """What the chat heard."""
    return {7: [Said(number, f"text {number}", 0.0) for number in numbers]}


def seen(look: Callable[[Verdict], None]) -> dict[str, int]:
    """How many complaints of each sort."""
    verdict = Verdict()
    look(verdict)
    sorts = ("losses", "repeats", "disorder", "double")
    return {sort: len(getattr(verdict, sort)) for sort in sorts if getattr(verdict, sort)}


@pytest.mark.parametrize(
    ("updates", "taken", "complaints"),
    [
        ([an_update(1), an_update(2)], {1: 7, 2: 7}, {}),
        ([an_update(1)], {1: 7, 2: 7}, {"losses": 1}),
        ([an_update(1, state="new")], {1: 7}, {"losses": 1}),
        ([an_update(1, state="failed")], {1: 7}, {"losses": 1}),
        ([an_update(1), an_update(1)], {1: 7}, {"repeats": 1}),
        ([an_update(1), an_update(2, done_at=NOON)], {1: 7, 2: 7}, {"disorder": 1}),
        ([an_update(1), an_update(2, done_at=NOON, sender=8)], {1: 7, 2: 8}, {}),
    ],
)
def test_updates(updates: list[InboxRow], taken: dict[int, int], complaints: dict[str, int]) -> None:
    """Lost, left, taken twice, out of order."""
    assert seen(lambda verdict: _updates(updates, taken, verdict)) == complaints


@pytest.mark.parametrize(
    ("rows", "chat", "complaints"),
    [
        ([a_message(1), a_message(2)], heard(1, 2), {}),
        ([a_message(1), a_message(2)], heard(1), {"losses": 1}),
        ([a_message(1), a_message(2, message_id=None, state="queued")], heard(1), {"losses": 1}),
        ([a_message(1), a_message(2, message_id=None, state="cancelled")], heard(1), {}),
        ([a_message(1), a_message(2, message_id=None, state="uncertain", uncertain=True)], heard(1, 2), {}),
        ([a_message(1)], heard(1, 2), {"repeats": 1}),
        ([a_message(1, uncertain=True)], heard(1, 2), {}),
        ([a_message(1, uncertain=True)], heard(1, 2, 3), {"repeats": 1}),
        ([a_message(1, message_id=2), a_message(2, message_id=1)], heard(1, 2), {"disorder": 1}),
        ([a_message(1, message_id=2), a_message(2, message_id=1, lane=3)], heard(1, 2), {}),
    ],
)
def test_messages(rows: list[OutboxRow], chat: dict[int, list[Said]], complaints: dict[str, int]) -> None:
    """Lost, repeated without excuse, out of order."""
    assert seen(lambda verdict: _messages(rows, chat, verdict)) == complaints


def a_seat(person: int, hours: float) -> BookingMember:
    """Somebody's place in a session of three hours."""
    begin = NOON + timedelta(hours=hours)
    return BookingMember(booking_id=1, person_id=person, starts_at=begin, ends_at=begin + timedelta(hours=3))


def test_bookings() -> None:
    """Two pairs in a slot, somebody in two places, somebody with a promise and no place."""
    once = Booking(slot_id=1, pair_id=1, state="confirmed", held_by=1, created_at=NOON)
    seats = [a_seat(1, 0), a_seat(2, 0), a_seat(1, 3)]
    assert seen(lambda verdict: _bookings([once], seats, {1, 2}, [1, 2], verdict)) == {}
    assert seen(lambda verdict: _bookings([once, once], seats, {1, 2}, [1, 2], verdict)) == {"double": 1}
    assert seen(lambda verdict: _bookings([once], [*seats, a_seat(2, 2)], {1, 2}, [1, 2], verdict)) == {
        "double": 1
    }
    assert seen(lambda verdict: _bookings([once], seats, {1, 2}, [1, 2, 3], verdict)) == {"losses": 1}
