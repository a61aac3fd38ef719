"""Broadcasts: drafted and shown, sent once to each, paused, stopped, counted, and through at last."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import col, select, update

from bot.rules.commands import Broadcast as Wanted
from bot.services.coordinating import broadcasts
from bot.services.coordinating.audiences import AUDIENCES
from bot.services.coordinating.broadcasts import BroadcastOver, NobodyThere, NoSuchBroadcast
from bot.services.messages.broadcasts import (
    AskAudience,
    AskAudienceCity,
    AskAudienceLanguage,
    AskBroadcastWords,
    BroadcastCard,
    BroadcastWords,
    Circle,
    Tally,
)
from bot.services.messages.people import CityChoice
from bot.services.people import Person
from bot.services.studio.studios import UnknownCity
from bot.services.unit import Units
from storage.tables import Audit, Broadcast, OutboxRow, Timer
from tests.helpers import MovableClock, a_person, a_studio, told

OLGA = 1


@pytest.fixture
async def olga(units: Units) -> Person:
    """The coordinator, with ten applicants about; nothing is queued."""
    async with units.writing("cast") as unit:
        olga = await a_person(unit, OLGA, "Olga", applying=False)
        for telegram_id in range(11, 21):
            await a_person(unit, telegram_id, language="zh" if telegram_id % 2 else "en")
        await unit.tx.change(update(OutboxRow).values(state="cancelled"))
    return olga


async def drafted(units: Units, olga: Person, words: str = "Hello", audience: Any = "applicants") -> int:
    """The id of a broadcast that was just drafted."""
    async with units.writing(f"draft {words}") as unit:
        await broadcasts.draft(unit, olga, Wanted(audience, words))
        return await unit.tx.one(select(Broadcast.id).order_by(col(Broadcast.id).desc()).limit(1))


async def does(units: Units, presser: Person, action: str, broadcast_id: int) -> None:
    """A press on the card."""
    async with units.writing(f"{action} {broadcast_id}") as unit:
        await getattr(broadcasts, action)(unit, presser, broadcast_id)


async def ticks(units: Units, clock: MovableClock) -> bool:
    """Run the broadcast's timer if there is one; whether there was."""
    clock.forward(seconds=3)
    async with units.writing(f"tick {clock.now}") as unit:
        timer = await unit.tx.first(
            select(Timer).where(Timer.state == "pending", Timer.kind == "broadcast_progress")
        )
        if timer is None:
            return False
        await unit.tx.change(update(Timer).where(col(Timer.id) == timer.id).values(state="done"))
        await broadcasts.tick(unit, timer)
    return True


async def end(units: Units, state: str, *telegram_ids: int) -> None:
    """Let the outbox have ended the rows of these recipients so."""
    async with units.writing(f"{state} {telegram_ids}") as unit:
        await unit.tx.change(
            update(OutboxRow)
            .where(col(OutboxRow.chat_id).in_(telegram_ids), col(OutboxRow.kind) == "BroadcastWords")
            .values(state=state)
        )


async def card(units: Units) -> BroadcastCard:
    """Olga's card as it stands."""
    cards = [message for message in await told(units, OLGA) if isinstance(message, BroadcastCard)]
    return cards[-1]


async def recipients(units: Units, state: str) -> list[int]:
    """Whose rows are in a state."""
    async with units.reading() as look:
        query = select(OutboxRow.chat_id).where(OutboxRow.topic == "broadcast:1", OutboxRow.state == state)
        return sorted(await look.tx.all(query))


async def test_a_draft_is_shown_and_nothing_is_sent(units: Units, olga: Person) -> None:
    """The card has the words, the audience and the head count; no row for anybody else."""
    async with units.writing("draft") as unit:
        await broadcasts.draft(unit, olga, Wanted("applicants", "Hello <b>", lang="zh"))
    circle = Circle("applicants", language="zh")
    assert await told(units, OLGA) == [BroadcastCard(1, "draft", circle, 5, "Hello <b>")]
    assert await recipients(units, "queued") == []


async def test_long_words_stand_above_the_card(units: Units, olga: Person) -> None:
    """What would not fit beside the card's own text is shown just as it will be sent."""
    words = "🎙" * 2000
    await drafted(units, olga, words)
    shown = await told(units, OLGA)
    assert shown == [BroadcastWords(words), BroadcastCard(1, "draft", Circle("applicants"), 10)]


async def test_a_city_has_to_have_a_studio(units: Units, olga: Person) -> None:
    """A city code that is mistyped is named, with those that there are."""
    async with units.writing("draft") as unit:
        await a_studio(unit, "beijing")
        with pytest.raises(UnknownCity) as caught:
            await broadcasts.draft(unit, olga, Wanted("applicants", "Hello", city="bejing"))
    assert caught.value == UnknownCity("bejing", ("beijing",))


async def test_nobody_to_write_to(units: Units, olga: Person) -> None:
    """An empty audience makes no draft."""
    with pytest.raises(NobodyThere):
        await drafted(units, olga, audience="paired")
    assert await told(units, OLGA) == []


async def test_a_test_goes_to_the_presser_alone(units: Units, olga: Person) -> None:
    """As often as pressed, and it is no recipient's row."""
    number = await drafted(units, olga)
    await does(units, olga, "test", number)
    assert (await told(units, OLGA))[1:] == [BroadcastWords("Hello")]
    assert await recipients(units, "queued") == []


async def test_everybody_gets_one_row(units: Units, olga: Person, clock: MovableClock) -> None:
    """Each recipient's row holds the words, its broadcast and the last lane; the coordinator got a card."""
    number = await drafted(units, olga)
    await does(units, olga, "send", number)
    async with units.reading() as look:
        rows = await look.tx.all(select(OutboxRow).where(OutboxRow.topic == "broadcast:1"))
    assert sorted(row.chat_id for row in rows) == list(range(11, 21))
    row = rows[0]
    facts = (row.lane, row.kind, row.data, row.about, row.state, row.attempts, row.uncertain, row.created_at)
    assert facts == (4, "BroadcastWords", {"words": "Hello"}, "broadcast:1", "queued", 0, False, clock.now)
    assert await card(units) == BroadcastCard(1, "sending", Circle("applicants"), 10, "Hello", Tally(left=10))


async def test_two_presses_at_once_send_once(units: Units, olga: Person) -> None:
    """The database lets one of them send; the other one hears what became of it."""
    number = await drafted(units, olga)
    outcomes = await asyncio.gather(
        *(does(units, olga, "send", number) for _ in range(5)), return_exceptions=True
    )
    assert sorted(map(repr, outcomes)) == ["BroadcastOver(state='sending')"] * 4 + ["None"]
    assert await recipients(units, "queued") == list(range(11, 21))


async def test_the_audience_is_that_of_the_moment_of_sending(units: Units, olga: Person) -> None:
    """Who blocked the bot since the draft gets no row, who came gets one."""
    number = await drafted(units, olga)
    async with units.writing("changes") as unit:
        await a_person(unit, 21)
        await unit.tx.change(update(Person).where(col(Person.telegram_id) == 11).values(reachable=False))
    await does(units, olga, "send", number)
    assert await recipients(units, "queued") == list(range(12, 22))


async def test_an_audience_that_emptied(units: Units, olga: Person) -> None:
    """Nothing is sent, and the draft stays a draft."""
    number = await drafted(units, olga)
    async with units.writing("all leave") as unit:
        await unit.tx.change(update(Person).values(reachable=False))
    with pytest.raises(NobodyThere):
        await does(units, olga, "send", number)
    assert (await card(units)).state == "draft"


async def test_progress_until_the_end(units: Units, olga: Person, clock: MovableClock) -> None:
    """The card follows the rows every three seconds, tells every ending, and ends when nothing is left."""
    number = await drafted(units, olga)
    await does(units, olga, "send", number)
    await end(units, "sent", 11, 12, 13)
    await end(units, "sending", 14)
    assert await ticks(units, clock)
    circle = Circle("applicants")
    assert await card(units) == BroadcastCard(1, "sending", circle, 10, "Hello", Tally(sent=3, left=7))
    await end(units, "blocked", 14, 15)
    await end(units, "failed", 16)
    await end(units, "uncertain", 17)
    await end(units, "sent", 18, 19, 20)
    assert await ticks(units, clock)
    tally = Tally(sent=6, blocked=2, failed=1, uncertain=1)
    assert await card(units) == BroadcastCard(1, "sent", circle, 10, "Hello", tally)
    assert not await ticks(units, clock), "nothing moves any more"
    async with units.reading() as look:
        broadcast = await look.tx.one(select(Broadcast))
        trail = await look.tx.all(
            select(Audit.event, Audit.actor_id).where(Audit.subject == "broadcast:1").order_by(col(Audit.id))
        )
    assert broadcast.finished_at == clock.now - broadcasts.TICK
    assert [tuple(row) for row in trail] == [
        ("broadcast.draft", olga.id),
        ("broadcast.sending", olga.id),
        ("broadcast.sent", None),
    ]


async def test_a_card_is_left_alone_while_nothing_changes(
    units: Units, olga: Person, clock: MovableClock
) -> None:
    """No edit goes out for numbers that stand still."""
    number = await drafted(units, olga)
    await does(units, olga, "send", number)
    async with units.writing("the card was sent") as unit:
        await unit.tx.change(
            update(OutboxRow).where(col(OutboxRow.about) == "cast:1").values(state="sent", message_id=5)
        )
    for _ in range(4):
        assert await ticks(units, clock)
    async with units.reading() as look:
        edits = await look.tx.all(select(OutboxRow.id).where(col(OutboxRow.edits).is_not(None)))
    assert len(edits) == 1


async def test_pause_and_resume(units: Units, olga: Person, clock: MovableClock) -> None:
    """A pause holds whatever is not in the air, also what comes back from there; resuming lets it go."""
    number = await drafted(units, olga)
    await does(units, olga, "send", number)
    await end(units, "sent", 11)
    await end(units, "sending", 12)
    await does(units, olga, "pause", number)
    assert await recipients(units, "held") == list(range(13, 21))
    assert (await card(units)).state == "paused"
    await end(units, "queued", 12)  # Telegram wanted silence: it would have gone again
    assert await ticks(units, clock)
    assert await recipients(units, "held") == list(range(12, 21))
    assert not await ticks(units, clock), "a pause costs nothing"
    await does(units, olga, "resume", number)
    assert await recipients(units, "queued") == list(range(12, 21))
    await end(units, "sent", *range(12, 21))
    assert await ticks(units, clock)
    assert (await card(units)).state == "sent"


async def test_stop_is_for_good(units: Units, olga: Person, clock: MovableClock) -> None:
    """What is queued or held is taken back; what was in the air is counted once it has landed."""
    number = await drafted(units, olga)
    await does(units, olga, "send", number)
    await end(units, "sent", 11)
    await end(units, "sending", 12)
    await does(units, olga, "stop", number)
    circle, shown = Circle("applicants"), await card(units)
    assert shown == BroadcastCard(1, "stopped", circle, 10, "Hello", Tally(sent=1, taken_back=8, left=1))
    await end(units, "sent", 12)
    assert await ticks(units, clock)
    assert (await card(units)).tally == Tally(sent=2, taken_back=8)
    assert not await ticks(units, clock)


@pytest.mark.parametrize(
    ("before", "action", "state"),
    [
        ([], "pause", "draft"),
        ([], "resume", "draft"),
        (["stop"], "send", "stopped"),
        (["stop"], "test", "stopped"),
        (["stop"], "stop", "stopped"),
        (["send"], "resume", "sending"),
        (["send"], "test", "sending"),
        (["send", "pause"], "send", "paused"),
        (["send", "pause"], "pause", "paused"),
        (["send", "stop"], "resume", "stopped"),
        (["send", "stop"], "pause", "stopped"),
    ],
)
async def test_stale_buttons(units: Units, olga: Person, before: list[str], action: str, state: str) -> None:
    """A button that does not fit any more says what became of the broadcast, and changes nothing."""
    number = await drafted(units, olga)
    for step in before:
        await does(units, olga, step, number)
    with pytest.raises(BroadcastOver) as caught:
        await does(units, olga, action, number)
    assert caught.value == BroadcastOver(state)
    assert (await card(units)).state == state


async def test_a_number_that_never_was(units: Units, olga: Person) -> None:
    """A forged button meets an error of the domain."""
    for action in ("test", "send", "pause", "resume", "stop"):
        with pytest.raises(NoSuchBroadcast):
            await does(units, olga, action, 77)


async def test_led_through_by_buttons(units: Units, olga: Person) -> None:
    """City only where there are several, then the language, then the words, which make the draft."""
    assert AskAudience(AUDIENCES) == broadcasts.FIRST_QUESTION
    async with units.writing("flow") as unit:
        await a_studio(unit, "beijing")
        circle = Circle("applicants")
        asked = await broadcasts.ask_next(unit, olga, "applicants", None, None)
        assert asked == AskAudienceLanguage(circle), "one city needs no question"
        await a_studio(unit, "shanghai")
        cities = (CityChoice("beijing", {"en": "Beijing"}), CityChoice("shanghai", {"en": "Shanghai"}))
        asked = await broadcasts.ask_next(unit, olga, "applicants", None, None)
        assert asked == AskAudienceCity(circle, cities)
        await unit.tx.change(update(Person).where(col(Person.telegram_id) == 12).values(city="beijing"))
        circle = Circle("applicants", "beijing", {"en": "Beijing"})
        asked = await broadcasts.ask_next(unit, olga, "applicants", "beijing", None)
        assert asked == AskAudienceLanguage(circle)
        with pytest.raises(NobodyThere):
            await broadcasts.ask_next(unit, olga, "applicants", "beijing", "zh")
        assert olga.expecting is None
        circle = Circle("applicants", "beijing", {"en": "Beijing"}, "en")
        asked = await broadcasts.ask_next(unit, olga, "applicants", "beijing", "en")
        assert asked == AskBroadcastWords(circle, 1)
        await broadcasts.words_typed(unit, olga, "Come!")
        assert olga.expecting is None
    assert await card(units) == BroadcastCard(1, "draft", circle, 1, "Come!")


async def test_a_hundred_thousand_recipients(units: Units, olga: Person) -> None:
    """One statement expands them while the loop goes on serving others, and everybody is counted."""
    async with units.writing("crowd") as unit:
        first = {**(await unit.tx.one(select(Person).where(Person.telegram_id == 11))).model_dump()}
        del first["id"]
        for begin in range(10_000, 110_000, 5_000):  # a server undoes the work of who is silent for too long
            await unit.tx.run(insert(Person), [{**first, "telegram_id": begin + n} for n in range(5_000)])
    number = await drafted(units, olga)
    beats, running = 0, True

    async def heartbeat() -> None:
        nonlocal beats
        while running:
            await asyncio.sleep(0.001)
            beats += 1

    beating = asyncio.create_task(heartbeat())
    await does(units, olga, "send", number)
    running = False
    await beating
    assert (await card(units)).tally == Tally(left=100_010)
    async with units.reading() as look:
        assert len(await look.tx.all(select(OutboxRow).where(OutboxRow.state == "queued").limit(5))) == 5
        counted = await broadcasts._counts(look, await broadcasts._get(look, number))
    assert counted == {"queued": 100_010}
    assert beats > 10, "others were served meanwhile"
