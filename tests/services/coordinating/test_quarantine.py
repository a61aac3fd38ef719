"""Updates that were set aside: what is told of them, trying again and dropping, and one apology instead of many."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.services import outbox
from bot.services.coordinating import overview, quarantine
from bot.services.coordinating.quarantine import NotSetAside
from bot.services.messages.overview import SetAside
from bot.services.messages.people import SlowDown, SomethingBroke
from bot.services.people import Visitor, arrive
from bot.services.unit import Units
from storage.tables import Audit, InboxRow
from tests.helpers import NOON, MovableClock, a_person, told

ANN, BEN = 11, 12
GARBLED = "UnintelligibleError('TypeError: no date')"


def from_(person: int, **message: Any) -> dict[str, Any]:
    """A message that somebody wrote in private."""
    where = {"id": person, "type": "private"}
    return {"message": {"from": {"id": person}, "chat": where, "text": "Hello", **message}}


async def kept(
    units: Units, *rows: tuple[str, int], raw: dict[str, Any] | None = None, **columns: Any
) -> None:
    """Updates in these states of these senders, a minute apart; their ids are 1, 2, 3 …"""
    async with units.writing("kept") as unit:
        for number, (state, sender) in enumerate(rows):
            known = {
                "update_id": 1000 + number,
                "error": "RuntimeError('no')" if state == "failed" else "",
                "attempts": 3,
                "received_at": NOON + timedelta(minutes=number),
                "done_at": None if state == "new" else NOON,
            }
            await unit.tx.add(InboxRow(sender=sender, raw=raw or {}, state=state, **{**known, **columns}))


async def row(units: Units, row_id: int) -> InboxRow:
    """An update as it is kept now."""
    async with units.reading() as look:
        return await look.tx.one(select(InboxRow).where(InboxRow.id == row_id))


async def trail(units: Units, subject: str) -> list[tuple[Any, ...]]:
    """Who moved it how, and what the reason was."""
    async with units.reading() as look:
        found = await look.tx.all(select(Audit).where(Audit.subject == subject).order_by(col(Audit.id)))
    return [(move.actor_id, move.event, move.before, move.after, move.data) for move in found]


# --- what is told of them


async def test_only_what_is_set_aside_is_listed(units: Units) -> None:
    """The longest waiting first, each with whose it is and why; what is new, done, unread or dropped is not there."""
    async with units.writing("people") as unit:
        await a_person(unit, ANN, "Ann")
        await arrive(unit, Visitor(BEN, "Ben as Telegram shows him"))
    await kept(
        units,
        *(("done", ANN), ("failed", ANN), ("new", ANN), ("failed", BEN)),
        *(("dropped", ANN), ("unread", ANN), ("failed", 99)),
    )
    async with units.reading() as look:
        found = await quarantine.listed(look)
        assert await quarantine.listed(look, 2) == found[:2]
        assert await quarantine.count(look) == 3
    no = "RuntimeError('no')"
    assert found == [
        SetAside(2, "unknown", NOON + timedelta(minutes=1), "Ann", no),
        SetAside(4, "unknown", NOON + timedelta(minutes=3), "Ben as Telegram shows him", no),
        SetAside(7, "unknown", NOON + timedelta(minutes=6), "", no),
    ]


async def test_what_cannot_be_read_is_told_apart(units: Units) -> None:
    """That is another matter than a fault of the program; and of a reason only the first line counts."""
    await kept(units, ("failed", ANN), error=GARBLED)
    await kept(units, ("failed", ANN), error="x" * 500 + "\nand more", update_id=7)
    async with units.reading() as look:
        first, second = await quarantine.listed(look)
    assert (first.reason, first.unreadable) == (GARBLED, True)
    assert (second.reason, second.unreadable) == ("x" * quarantine.REASON_LENGTH, False)


async def test_pending_names_a_few_and_counts_the_rest(units: Units) -> None:
    """Coordinators see the oldest, and how many more there are."""
    await kept(units, *[("failed", ANN)] * 7)
    async with units.reading() as look:
        shown = await overview.pending(look)
    assert [one.row_id for one in shown.set_aside] == [1, 2, 3, 4, 5]
    assert shown.more_set_aside == 2


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ({"callback_query": {"data": "book:1"}}, "press"),
        ({"callback_query": None}, "press"),
        ({"edited_message": {"text": "Hello"}}, "edit"),
        ({"my_chat_member": {}}, "membership"),
        ({"chat_member": {}}, "membership"),
        ({"message": {"text": "/status"}}, "command"),
        ({"message": {"text": "Hello"}}, "text"),
        ({"message": {"voice": {"file_id": "x"}}}, "voice"),
        *(({"message": {kind: {}}}, "file") for kind in ("audio", "document", "video", "photo", "sticker")),
        ({"message": {"text": 5}}, "message"),
        ({"message": {"contact": {}}}, "message"),
        ({"message": ["no", "object"]}, "message"),
        ({"poll": {}}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_it_was(raw: dict[str, Any], what: str) -> None:
    """Whatever its shape, it has a name."""
    assert quarantine.what_of(raw) == what


# --- trying again and dropping


async def test_trying_again(units: Units, clock: MovableClock) -> None:
    """It is to be handled as if it were new, its reason stays until then, and the trail tells by whom."""
    await kept(units, ("failed", ANN))
    clock.forward(hours=1)
    async with units.writing("again") as unit:
        olga = await a_person(unit, 1, "Olga")
        await quarantine.retry(unit, 1, by=olga.id)
    kept_now = await row(units, 1)
    assert (kept_now.state, kept_now.attempts, kept_now.done_at) == ("new", 0, None)
    assert kept_now.error == "RuntimeError('no')"
    moved = (olga.id, "inbox.retried", "failed", "new", {"reason": "RuntimeError('no')"})
    assert await trail(units, "inbox:1") == [moved]


async def test_dropping(units: Units, clock: MovableClock) -> None:
    """It stays in the table as it came, and nothing lists it any more."""
    raw = from_(ANN)
    await kept(units, ("failed", ANN), raw=raw)
    clock.forward(hours=1)
    async with units.writing("drop") as unit:
        await quarantine.drop(unit, 1)
        assert await quarantine.listed(unit) == []
    kept_now = await row(units, 1)
    assert (kept_now.state, kept_now.raw, kept_now.error) == ("dropped", raw, "RuntimeError('no')")
    assert kept_now.done_at == NOON + timedelta(hours=1)
    moved = (None, "inbox.dropped", "failed", "dropped", {"reason": "RuntimeError('no')"})
    assert await trail(units, "inbox:1") == [moved]


@pytest.mark.parametrize("deal", [quarantine.retry, quarantine.drop])
@pytest.mark.parametrize("state", ["new", "done", "unread", "dropped"])
async def test_only_what_is_set_aside_moves(units: Units, deal: Any, state: str) -> None:
    """Who presses twice, or comes too late, is told where it stands, and nothing changes."""
    await kept(units, (state, ANN))
    before = await row(units, 1)
    async with units.writing("too late") as unit:
        with pytest.raises(NotSetAside) as refused:
            await deal(unit, 1)
    assert refused.value == NotSetAside(1, state)
    assert (await row(units, 1)).model_dump() == before.model_dump()
    assert await trail(units, "inbox:1") == []


@pytest.mark.parametrize("deal", [quarantine.retry, quarantine.drop, quarantine.find])
async def test_what_never_was(units: Units, deal: Any) -> None:
    """An id of nothing is told as such."""
    async with units.writing("unknown") as unit:
        with pytest.raises(NotSetAside) as refused:
            await deal(unit, 5)
    assert refused.value == NotSetAside(5, "unknown")


async def test_finding_one(units: Units) -> None:
    """Whatever became of it, with its sender's name."""
    async with units.writing("people") as unit:
        await a_person(unit, ANN, "Ann")
    await kept(units, ("dropped", ANN), raw=from_(ANN))
    async with units.reading() as look:
        found, described = await quarantine.find(look, 1)
    assert (found.id, found.state, found.raw) == (1, "dropped", from_(ANN))
    assert described == SetAside(1, "text", NOON, "Ann", "")


# --- telling its sender


async def apologize(units: Units, who: int, number: int, *, unreadable: bool = False, **raw: Any) -> bool:
    """Another update of somebody is set aside."""
    came = {"update_id": number, **(raw or from_(who))}
    async with units.writing(f"u{number} failed") as unit:
        return await quarantine.apologize(unit, who, came, unreadable=unreadable)


async def test_one_apology_for_many_failures(units: Units, clock: MovableClock) -> None:
    """Everything of Ann's fails, and she hears it once in a while; Ben hears of his own."""
    assert await apologize(units, ANN, 1)
    assert not await apologize(units, ANN, 2)
    assert not await apologize(units, ANN, 3, unreadable=True)
    assert await apologize(units, BEN, 4)
    clock.now += quarantine.APOLOGY_EVERY - timedelta(seconds=1)
    assert not await apologize(units, ANN, 5)
    clock.forward(seconds=1)
    assert await apologize(units, ANN, 6, unreadable=True)
    assert await told(units, ANN) == [SomethingBroke(), SomethingBroke(unreadable=True)]
    assert await told(units, BEN) == [SomethingBroke()]


async def test_an_update_is_apologized_for_once(units: Units, clock: MovableClock) -> None:
    """Tried again a day later it fails again: its sender did nothing since, and hears nothing."""
    assert await apologize(units, ANN, 1)
    clock.forward(days=1)
    assert not await apologize(units, ANN, 1)
    assert await apologize(units, ANN, 2)


async def test_other_messages_are_no_apology(units: Units) -> None:
    """Only being told that something broke spares one from being told so."""
    async with units.writing("slow down") as unit:
        await outbox.send(unit, ANN, SlowDown())
    assert await apologize(units, ANN, 1)


async def test_a_clock_that_was_put_right(units: Units, clock: MovableClock) -> None:
    """An apology that seems to lie in the future keeps nobody in the dark for long."""
    assert await apologize(units, ANN, 1)
    clock.forward(hours=-1)
    assert await apologize(units, ANN, 2)
    clock.forward(hours=1)
    assert not await apologize(units, ANN, 3)


@pytest.mark.parametrize("known", [True, False])
async def test_in_a_group_only_who_has_a_private_chat_is_told(units: Units, *, known: bool) -> None:
    """And nobody else in the group reads it."""
    group = {"id": -5, "type": "supergroup"}
    async with units.writing("arrives") as unit:
        await arrive(unit, Visitor(ANN, "Ann"), private=known)
    wrote = {"message": {"from": {"id": ANN}, "chat": group, "text": "/status"}}
    pressed = {"callback_query": {"from": {"id": ANN}, "message": {"chat": group}}}
    assert await apologize(units, ANN, 1, **wrote) is known
    assert await apologize(units, BEN, 2, **pressed) is False
    assert [m for m in await told(units, ANN) if isinstance(m, SomethingBroke)] == [SomethingBroke()] * known
    assert await told(units, -5) == []


@pytest.mark.parametrize(
    "raw",
    [
        {"edited_message": {"chat": {"type": "private"}}},
        {"callback_query": {"message": {"chat": {"type": "private"}}}},
        {"message": {"chat": {"type": "private"}, "from": 7}},
    ],
)
async def test_who_is_not_known_yet_is_told_where_they_wrote(units: Units, raw: dict[str, Any]) -> None:
    """Their very first update failed, so no row tells that they can be written to; the update does."""
    assert await apologize(units, ANN, 1, **raw)


@pytest.mark.parametrize(
    ("who", "raw"),
    [
        (0, {"message": {"chat": {"type": "private"}}}),
        (-5, {"message": {"chat": {"type": "private"}}}),
        (ANN, {"message": {"chat": "private"}}),
        (ANN, {"message": None}),
        (ANN, {"my_chat_member": {"chat": {"type": "private"}}}),
    ],
)
async def test_who_cannot_be_told_is_not(units: Units, who: int, raw: dict[str, Any]) -> None:
    """Nobody known, a group, a shape without a place; and who blocks the bot asks for no answer."""
    assert not await apologize(units, who, 1, **raw)
    assert await told(units, who) == []
