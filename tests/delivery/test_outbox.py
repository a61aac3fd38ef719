"""The outbox: order, urgency, every ending of a sending, edits, and what a crash leaves."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.delivery.budget import Budget, Window
from bot.delivery.outbox import FAIR_EVERY, Outbox
from bot.rules.policy import TelegramPolicy
from bot.services import outbox as queue
from bot.services.messages import Lane
from bot.services.ports import Blocked, Moved, NotSent, RetryAfter, Sent, Uncertain
from bot.services.unit import Units
from storage.tables import Assignment, OutboxRow, Person, ReviewGroup, Sample
from tests.delivery.mouths import Card, Knock, Leaflet, Mouth, Wordless, put, row, settled, states
from tests.helpers import MovableClock, a_person


async def test_order_within_a_chat(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """A chat hears its messages in the order in which they were queued, one at a time."""
    await put(units, 7, *(Card(str(n)) for n in range(20)))
    await outbox.start()
    assert await settled(units) == ["sent"] * 20
    assert [text for _, text, _ in mouth.said] == [str(n) for n in range(20)]
    assert mouth.most_at_once == 1


async def test_one_in_the_air_per_chat_while_others_go_on(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """A chat whose message hangs holds nobody else up, and gets no second one meanwhile."""
    mouth.hold()
    await put(units, 7, Card("a"), Card("b"))
    await put(units, 8, Card("c"))
    await outbox.start()
    await mouth.has_said(2)
    await asyncio.sleep(0.1)
    assert sorted(mouth.said) == [(7, "a", None), (8, "c", None)]
    mouth.let_go()
    assert await settled(units) == ["sent"] * 3


async def test_the_urgent_overtakes_a_broadcast(units: Units, mouth: Mouth) -> None:
    """What was queued last goes first when its lane is more urgent."""
    for chat_id in range(10, 40):
        await put(units, chat_id, Leaflet("leaflet"))
    await put(units, 9, Knock("reminder"))
    await put(units, 7, Card("answer"))
    await put(units, 8, Card("imminent"), lane=Lane.IMMINENT)
    slow = Outbox(units, mouth, Budget(TelegramPolicy(per_second=20, per_chat=0, per_group=0)))
    await slow.start()
    said = await mouth.has_said(6)
    await slow.stop()
    assert said[:3] == ["answer", "imminent", "reminder"]
    assert set(said[3:]) == {"leaflet"}


async def test_urgency_starves_nobody(units: Units, mouth: Mouth) -> None:
    """With more answers than may be sent, now and then the oldest broadcast goes all the same."""
    await put(units, 9, Leaflet("leaflet"))
    for chat_id in range(10, 40):
        await put(units, chat_id, Card("answer"))
    budget = Budget(TelegramPolicy(per_second=0, per_chat=0, per_group=0))
    budget._all = Window(100, 0.01)  # one at a time
    slow = Outbox(units, mouth, budget)
    await slow.start()
    said = await mouth.has_said(FAIR_EVERY + 1)
    await slow.stop()
    assert said[0] == "answer"
    assert said.index("leaflet") < FAIR_EVERY


async def test_each_chat_is_written_to_in_its_language(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """The language is the one a person has at the moment of sending; English for a chat nobody knows."""
    async with units.writing("people") as unit:
        await a_person(unit, 7, language="zh")
        await a_person(unit, 8, language=None, language_hint="zh")
        await unit.tx.change(update(OutboxRow).values(state="cancelled"))
    for chat_id in (7, 8, 9):
        await put(units, chat_id, Card("x"))
    await outbox.start()
    await settled(units)
    by_chat = dict(zip([chat for chat, _, _ in mouth.said], mouth.languages, strict=True))
    assert by_chat == {7: "zh", 8: "zh", 9: "en"}


async def test_about_makes_a_second_one_impossible(units: Units) -> None:
    """The same event is queued once a chat, and once in every other chat."""
    async with units.writing("twice") as unit:
        assert await queue.send(unit, 7, Card("a"), about="booking:1:confirmed") is True
        assert await queue.send(unit, 7, Card("b"), about="booking:1:confirmed") is False
        assert await queue.send(unit, 8, Card("c"), about="booking:1:confirmed") is True
    assert await states(units) == ["queued", "queued"]


# --- how a sending ends


async def test_sent_remembers_the_message(units: Units, outbox: Outbox, clock: MovableClock) -> None:
    """The id of the message and the time are kept: edits need the one, statistics the other."""
    [row_id] = await put(units, 7, Card("a"))
    await outbox.start()
    await settled(units)
    kept = await row(units, row_id)
    assert (kept.state, kept.message_id, kept.sent_at, kept.attempts) == ("sent", 101, clock.now, 1)


async def test_blocked_makes_a_person_unreachable(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """Who blocked the bot is tried no more; what is queued for them ends as blocked without a call."""
    async with units.writing("person") as unit:
        await a_person(unit, 7)
    mouth.answers("a", Blocked("Forbidden: bot was blocked by the user"))
    await put(units, 7, Card("a"), Card("b"))
    await outbox.start()
    assert await settled(units) == ["blocked", "blocked"]
    assert mouth.said == [(7, "a", None)]
    async with units.reading() as look:
        assert await look.tx.one(select(Person.reachable).where(Person.telegram_id == 7)) is False


async def test_retry_after_holds_everybody(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """Telegram's "retry after" silences every lane and chat, and uses up no try."""
    mouth.answers("a", RetryAfter(0.3))
    [row_id] = await put(units, 7, Card("a"))
    await outbox.start()
    await mouth.has_said(1)
    await asyncio.sleep(0.05)
    await put(units, 8, Card("urgent"))
    outbox.wake()
    began = asyncio.get_running_loop().time()
    await mouth.has_said(2)
    assert asyncio.get_running_loop().time() - began > 0.15
    assert await settled(units) == ["sent", "sent"]
    assert (await row(units, row_id)).attempts == 1


async def test_an_outage_loses_nothing_and_keeps_the_order(
    units: Units, outbox: Outbox, mouth: Mouth
) -> None:
    """However long there is no connection, the messages wait, and then go in their order."""
    mouth.answers("a", *[NotSent("no connection")] * 12)
    await put(units, 7, Card("a"), Card("b"))
    await outbox.start()
    assert await settled(units) == ["sent", "sent"]
    assert [text for _, text, _ in mouth.said] == ["a"] * 13 + ["b"]


async def test_what_telegram_refuses_fails_at_once(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """A refusal is not tried again; its reason is kept, and the next message goes."""
    mouth.answers("a", NotSent("Bad Request: can't parse entities", again=False))
    [first, _] = await put(units, 7, Card("a"), Card("b"))
    await outbox.start()
    assert await settled(units) == ["failed", "sent"]
    assert (await row(units, first)).error == "Bad Request: can't parse entities"


async def test_words_that_cannot_be_made_fail_alone(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """A mistake in our own words is no doubt about the network, and its text holds no token."""
    mouth.answers("a", RuntimeError("https://api.telegram.org/bot123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAA/send"))
    [first, _] = await put(units, 7, Card("a"), Card("b"))
    await outbox.start()
    assert await settled(units) == ["failed", "sent"]
    assert (await row(units, first)).error == "RuntimeError('https://api.telegram.org/bot<token>/send')"


async def test_rows_that_nobody_can_read_fail_alone(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """A kind or facts of another version of the program stop nothing else."""
    [first, second, _] = await put(units, 7, Card("a"), Card("b"), Card("c"))
    async with units.writing("spoil") as unit:
        await unit.tx.change(update(OutboxRow).where(col(OutboxRow.id) == first).values(kind="Gone"))
        await unit.tx.change(update(OutboxRow).where(col(OutboxRow.id) == second).values(data={"no": 1}))
    await outbox.start()
    assert await settled(units) == ["failed", "failed", "sent"]
    assert [text for _, text, _ in mouth.said] == ["c"]


@pytest.mark.parametrize(
    ("message", "doubts", "tries", "end"),
    [
        (Card("x"), 1, 2, "sent"),
        (Card("x"), 3, 4, "sent"),
        (Card("x"), 9, 4, "uncertain"),
        (Knock("x"), 1, 2, "sent"),
        (Knock("x"), 9, 2, "uncertain"),
        (Leaflet("x"), 1, 1, "uncertain"),
    ],
)
async def test_a_doubt_is_settled_by_kind(
    units: Units, outbox: Outbox, mouth: Mouth, message: Card, doubts: int, tries: int, end: str
) -> None:
    """Cards go again, reminders once more, broadcasts never; each such row is marked."""
    mouth.answers("x", *[Uncertain("read timeout")] * doubts)
    [row_id] = await put(units, 7, message)
    await outbox.start()
    assert await settled(units) == [end]
    assert len(mouth.said) == tries
    assert (await row(units, row_id)).uncertain is True


async def test_a_doubt_is_followed_by_a_pause(
    units: Units, outbox: Outbox, mouth: Mouth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that breaks again and again does not make four copies in a moment; others go meanwhile."""
    monkeypatch.setattr("bot.delivery.outbox.DOUBT_PAUSE", 0.3)
    mouth.answers("a", Uncertain("connection reset"))
    await put(units, 7, Card("a"))
    await outbox.start()
    await mouth.has_said(1)
    began = asyncio.get_running_loop().time()
    await put(units, 8, Card("b"))
    outbox.wake()
    assert await mouth.has_said(3) == ["a", "b", "a"]
    assert asyncio.get_running_loop().time() - began > 0.25


async def test_order_survives_a_doubt(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """What goes again after a doubt still goes before what was queued behind it."""
    mouth.answers("a", Uncertain("read timeout"))
    await put(units, 7, Card("a"), Card("b"))
    await outbox.start()
    await settled(units)
    assert [text for _, text, _ in mouth.said] == ["a", "a", "b"]


@pytest.mark.parametrize(
    ("message", "end", "said"),
    [(Card("x"), "sent", 1), (Knock("x"), "sent", 1), (Leaflet("x"), "uncertain", 0)],
)
async def test_what_a_crash_left_in_the_air(
    units: Units, outbox: Outbox, mouth: Mouth, message: Card, end: str, said: int
) -> None:
    """A row still "sending" at the start was cut off: a doubt like any other."""
    [row_id] = await put(units, 7, message)
    async with units.writing("crash") as unit:
        await unit.tx.change(update(OutboxRow).values(state="sending", attempts=1))
    await outbox.start()
    assert await settled(units) == [end]
    assert len(mouth.said) == said
    assert (await row(units, row_id)).uncertain is True


async def test_too_late_is_not_sent(units: Units, outbox: Outbox, mouth: Mouth, clock: MovableClock) -> None:
    """What is of no use any more is dropped with its reason, however many; what comes later is sent."""
    for chat_id in range(100, 300):
        await put(units, chat_id, Card("late"), expires_at=clock.now + timedelta(minutes=1))
    await put(units, 7, Card("good"), not_before=clock.now + timedelta(minutes=1))
    clock.forward(minutes=2)
    await outbox.start()
    assert await settled(units) == ["cancelled"] * 200 + ["sent"]
    assert mouth.said == [(7, "good", None)]


async def test_not_before_its_time(units: Units, outbox: Outbox, mouth: Mouth, clock: MovableClock) -> None:
    """A message with a time waits for it, and holds nothing up that has none."""
    await put(units, 7, Card("tomorrow"), not_before=clock.now + timedelta(hours=8))
    await put(units, 7, Card("now"))
    await outbox.start()
    await mouth.has_said(1)
    assert await settled(units, ("sending",)) == ["queued", "sent"]
    clock.forward(hours=8)
    outbox.wake()
    assert await mouth.has_said(2) == ["now", "tomorrow"]


# --- taken back


async def test_cancelled_by_topic(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """Only what is queued about the topic, of the kinds named, is taken back."""
    await put(units, 7, Card("a"), Knock("b"), topic="booking:1")
    await put(units, 7, Card("c"), topic="booking:11")
    async with units.writing("cancel") as unit:
        assert await queue.cancel(unit, "booking:1", [Knock]) == 1
        assert await queue.cancel(unit, "booking:2") == 0
    await outbox.start()
    assert await settled(units) == ["sent", "cancelled", "sent"]
    assert [text for _, text, _ in mouth.said] == ["a", "c"]


@pytest.mark.parametrize("outcome", [RetryAfter(0.01), NotSent("no connection"), Uncertain("read timeout")])
async def test_cancelled_in_the_air_goes_no_second_time(
    units: Units, outbox: Outbox, mouth: Mouth, outcome: RetryAfter | NotSent | Uncertain
) -> None:
    """What became stale while it was being sent is not sent again when that failed."""
    mouth.answers("a", outcome)
    mouth.hold()
    await put(units, 7, Card("a"), topic="booking:1")
    await outbox.start()
    await mouth.has_said(1)
    async with units.writing("cancel") as unit:
        await queue.cancel(unit, "booking:1")
    mouth.let_go()
    assert await settled(units) == ["cancelled"]
    assert len(mouth.said) == 1


# --- edits


async def change(units: Units, row_id: int, text: str) -> None:
    """Let a message become another."""
    async with units.writing(f"edit {text}") as unit:
        await queue.edit(unit, row_id, Card(text))


async def test_an_edit_merges_into_what_was_not_sent(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """Only the newest state of a message that nobody saw yet goes out."""
    [row_id] = await put(units, 7, Card("one"))
    await change(units, row_id, "two")
    await change(units, row_id, "three")
    await outbox.start()
    assert await settled(units) == ["sent"]
    assert mouth.said == [(7, "three", None)]


async def test_an_edit_never_overtakes_its_message(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """While the message is in the air, edits wait for its id; only the newest of them goes."""
    mouth.hold()
    [row_id] = await put(units, 7, Card("one"))
    await outbox.start()
    await mouth.has_said(1)
    for text in ("two", "three", "four"):
        await change(units, row_id, text)
    outbox.wake()
    await asyncio.sleep(0.1)
    assert mouth.said == [(7, "one", None)]
    mouth.let_go()
    assert await settled(units) == ["sent", "sent"]
    assert mouth.said == [(7, "one", None), (7, "four", 101)]


async def test_a_message_that_comes_back_does_not_outlive_its_edit(
    units: Units, outbox: Outbox, mouth: Mouth
) -> None:
    """Changed in the air and again when it waits anew: what people see in the end is the last change."""
    [row_id] = await put(units, 7, Card("one"))
    async with units.writing("claimed") as unit:
        await unit.tx.change(update(OutboxRow).values(state="sending"))
    await change(units, row_id, "two")
    async with units.writing("back") as unit:
        await unit.tx.change(update(OutboxRow).where(col(OutboxRow.id) == row_id).values(state="queued"))
    await change(units, row_id, "three")
    await outbox.start()
    assert await settled(units) == ["sent", "sent"]
    assert mouth.said == [(7, "one", None), (7, "three", 101)]


@pytest.mark.parametrize("outcome", [RetryAfter(0.01), NotSent("no connection"), Uncertain("read timeout")])
async def test_what_comes_back_while_its_topic_is_held_waits(
    units: Units, outbox: Outbox, mouth: Mouth, outcome: RetryAfter | NotSent | Uncertain
) -> None:
    """Held back in the air, a message that must go again does so only when its topic is let go."""
    mouth.answers("one", outcome)
    mouth.hold()
    await put(units, 7, Card("one"), topic="thing:1")
    await outbox.start()
    await mouth.has_said(1)
    async with units.writing("hold") as unit:
        await queue.hold(unit, "thing:1")
    mouth.let_go()
    await put(units, 8, Card("another"))
    outbox.wake()
    await mouth.has_said(2)
    assert await settled(units, ("sending",)) == ["queued", "sent"]
    async with units.writing("let go") as unit:
        await queue.let_go(unit, "thing:1")
    outbox.wake()
    assert await settled(units) == ["sent", "sent"]
    assert mouth.said == [(7, "one", None), (8, "another", None), (7, "one", None)]


@pytest.mark.parametrize("outcome", [RetryAfter(0.01), NotSent("no connection"), Uncertain("read timeout")])
async def test_a_failed_edit_yields_to_a_newer_one(
    units: Units, outbox: Outbox, mouth: Mouth, outcome: RetryAfter | NotSent | Uncertain
) -> None:
    """An edit that would go again does not when a newer state waits behind it."""
    [row_id] = await put(units, 7, Card("one"))
    await outbox.start()
    await settled(units)
    mouth.answers("two", outcome)
    mouth.hold()
    await change(units, row_id, "two")
    outbox.wake()
    await mouth.has_said(2)
    await change(units, row_id, "three")
    mouth.let_go()
    assert await settled(units) == ["sent", "cancelled", "sent"]
    assert mouth.said == [(7, "one", None), (7, "two", 101), (7, "three", 101)]


async def test_a_crash_amid_edits_leaves_the_newest(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """The start settles every edit that was cut off, and only the newest goes again."""
    [row_id] = await put(units, 7, Card("one"))
    await outbox.start()
    await settled(units)
    await outbox.stop()
    await change(units, row_id, "two")
    async with units.writing("crash") as unit:
        await unit.tx.change(update(OutboxRow).where(col(OutboxRow.edits) == row_id).values(state="sending"))
    await change(units, row_id, "three")
    async with units.writing("crash") as unit:
        await unit.tx.change(update(OutboxRow).where(col(OutboxRow.edits) == row_id).values(state="sending"))
    again = Outbox(units, mouth, Budget(TelegramPolicy(per_second=0, per_chat=0, per_group=0)))
    await again.start()
    assert await settled(units) == ["sent", "cancelled", "sent"]
    await again.stop()
    assert mouth.said[1:] == [(7, "three", 101)]


async def test_an_edit_of_a_doubtful_message_goes_anew(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """Nobody knows the message's id, so its new state is a new message, which later edits change."""
    mouth.answers("one", *[Uncertain("read timeout")] * 4)
    [row_id] = await put(units, 7, Card("one"))
    await outbox.start()
    assert await settled(units) == ["uncertain"]
    await change(units, row_id, "two")
    outbox.wake()
    assert await settled(units) == ["uncertain", "sent"]
    await change(units, row_id, "three")
    outbox.wake()
    assert await settled(units) == ["uncertain", "sent", "sent"]
    assert mouth.said[4:] == [(7, "two", None), (7, "three", 101)]
    async with units.reading() as look:
        assert await queue.row_of_message(look, 7, 101) == row_id


async def test_an_edit_of_a_doubtful_broadcast_is_dropped(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """What must not go twice is not made new by an edit either."""
    mouth.answers("one", Uncertain("read timeout"))
    [row_id] = await put(units, 7, Leaflet("one"))
    await outbox.start()
    await settled(units)
    async with units.writing("edit") as unit:
        await queue.edit(unit, row_id, Leaflet("two"))
    outbox.wake()
    assert await settled(units) == ["uncertain", "cancelled"]
    assert len(mouth.said) == 1


@pytest.mark.parametrize("end", [Blocked("blocked"), NotSent("refused", again=False)])
async def test_an_edit_of_what_never_arrived_is_dropped(
    units: Units, outbox: Outbox, mouth: Mouth, end: Blocked | NotSent
) -> None:
    """There is nothing to change, and an edit makes no message that its original could not be."""
    mouth.answers("one", end)
    [row_id] = await put(units, 7, Card("one"))
    await outbox.start()
    await settled(units)
    await change(units, row_id, "two")
    assert len(await states(units)) == 1


# --- groups


async def test_a_group_that_moved_takes_everything_along(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """What is queued follows to the new id; cards whose ids are void there go anew when they change."""
    async with units.writing("group") as unit:
        owner = await a_person(unit, 1)
        applicant = await a_person(unit, 2)
        await unit.tx.change(update(OutboxRow).values(state="cancelled"))
        group = ReviewGroup(chat_id=-7, language="zh", created_by=owner.id, created_at=unit.now)
        await unit.tx.add(group)
        sample = await unit.tx.add(
            Sample(
                person_id=applicant.id,
                state="in_review",
                file_id="f",
                file_unique_id="u",
                media="voice",
                created_at=unit.now,
            )
        )
        await unit.tx.add(
            Assignment(
                sample_id=sample.id,
                reviewer_id=owner.id,
                seat=0,
                state="open",
                in_group=-7,
                created_at=unit.now,
            )
        )
    [card] = await put(units, -7, Card("card"))
    await outbox.start()
    await settled(units)
    mouth.answers(-7, Moved(-100_7))
    await put(units, -7, Card("next"), Card("last"))
    outbox.wake()
    await settled(units)
    await change(units, card, "changed")
    outbox.wake()
    await settled(units)
    assert mouth.said == [
        (-7, "card", None),
        (-7, "next", None),
        (-100_7, "next", None),
        (-100_7, "last", None),
        (-100_7, "changed", None),
    ]
    assert mouth.languages[-1] == "zh"
    async with units.reading() as look:
        assert await look.tx.all(select(ReviewGroup.chat_id)) == [-100_7]
        assert await look.tx.all(select(Assignment.in_group)) == [-100_7]


async def test_a_group_known_under_both_ids_is_told_once(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """If the new id is in use already, what was said there is not said again."""
    async with units.writing("groups") as unit:
        owner = await a_person(unit, 1)
        await unit.tx.change(update(OutboxRow).values(state="cancelled"))
        for chat_id in (-7, -100_7):
            group = ReviewGroup(chat_id=chat_id, language="en", created_by=owner.id, created_at=unit.now)
            await unit.tx.add(group)
    mouth.answers(-7, Moved(-100_7))
    await put(units, -100_7, Card("x"), about="sample:1")
    await put(units, -7, Card("x"), about="sample:1")
    await outbox.start()
    assert (await settled(units))[-2:] == ["sent", "cancelled"]
    async with units.reading() as look:
        groups = await look.tx.all(select(ReviewGroup.chat_id, ReviewGroup.active))
    assert sorted(tuple(group) for group in groups) == [(-100_7, True), (-7, False)]


# --- budgets


async def test_the_budgets_are_obeyed(units: Units, mouth: Mouth) -> None:
    """Over all lanes at most so many a second, and a chat its burst and then its rate."""
    for n in range(8):
        await put(units, 7, Card(f"a{n}"))
        await put(units, 8, Card(f"b{n}"))
    limited = Outbox(units, mouth, Budget(TelegramPolicy(per_second=0, per_chat=4.0, burst=2, per_group=0)))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await limited.start()
    await mouth.has_said(8)
    took = loop.time() - began
    await limited.stop()
    assert took > 0.45  # two each at once, two more each at four a second
    assert sorted(text for _, text, _ in mouth.said[:8]) == ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"]


async def test_what_leaves_no_message_uses_no_chat_budget(units: Units, mouth: Mouth) -> None:
    """A command menu does not delay the words that follow it."""
    await put(units, 7, Wordless("menu"), Card("word"))
    limited = Outbox(units, mouth, Budget(TelegramPolicy(per_second=0, per_chat=0.01, burst=1, per_group=0)))
    await limited.start()
    assert await mouth.has_said(2) == ["menu", "word"]
    await limited.stop()


async def test_a_stop_waits_for_what_is_in_the_air(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """Nothing is cut off by an orderly stop, and nothing new begins."""
    mouth.hold()
    await put(units, 7, Card("a"), Card("b"))
    await outbox.start()
    await mouth.has_said(1)
    stopping = asyncio.create_task(outbox.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    mouth.let_go()
    await stopping
    assert await states(units) == ["sent", "queued"]


async def test_message_ids_belong_to_their_chat(units: Units, outbox: Outbox, mouth: Mouth) -> None:
    """Two chats may count their messages alike."""
    mouth.answers(7, Sent(5))
    mouth.answers(8, Sent(5))
    [first] = await put(units, 7, Card("a"))
    [second] = await put(units, 8, Card("b"))
    await outbox.start()
    await settled(units)
    async with units.reading() as look:
        assert [await queue.row_of_message(look, chat, 5) for chat in (7, 8, 9)] == [first, second, None]


async def test_a_press_may_be_quicker_than_the_news_of_its_message(
    units: Units, outbox: Outbox, mouth: Mouth
) -> None:
    """The message in the air is the one that was pressed, unless it is an older one, or another chat's."""
    [old] = await put(units, 7, Card("old"))
    await outbox.start()
    assert await settled(units) == ["sent"]
    mouth.hold()
    [row_id] = await put(units, 7, Card("one"))
    outbox.wake()
    await mouth.has_said(2)
    async with units.reading() as look:
        found = [
            await queue.row_of_message(look, *pressed) for pressed in ((7, 101), (7, 102), (7, 100), (8, 102))
        ]
    assert found == [old, row_id, None, None]
    mouth.let_go()
    assert await settled(units) == ["sent", "sent"]
