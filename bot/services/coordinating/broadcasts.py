"""Broadcasts: drafted, shown, sent to an audience in one statement, paused, stopped, counted."""

from datetime import timedelta

import structlog
from sqlalchemy import insert, literal
from sqlmodel import col, func, select, update

from bot.rules import commands
from bot.rules.errors import DomainError
from bot.rules.states import BroadcastState, IllegalMoveError
from bot.services import audit, outbox, people
from bot.services.coordinating.audiences import AUDIENCES, head_count, members
from bot.services.joining import onboarding
from bot.services.messages import Lane, dump
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
from bot.services.studio import studios
from bot.services.timers import drop_timers, set_timer
from bot.services.unit import Unit, Wake
from storage.tables import Broadcast, City, OutboxRow, Timer, metadata

log = structlog.get_logger()

TICK = timedelta(seconds=3)
"""How often the card of a broadcast under way is brought up to date."""

FITS_CARD = 3500
"""UTF-16 units of words that fit a card beside what it says itself; Telegram's limit is 4096 for both."""

_MOVING = ("queued", "sending", "held")
"""States of rows whose recipients are still to hear of it."""


class NoSuchBroadcast(DomainError):
    """There is no broadcast of this number."""


class NobodyThere(DomainError):
    """Nobody who can be reached belongs to the audience."""


class BroadcastOver(DomainError):
    """What the button wanted does not fit what became of the broadcast (`state`)."""

    state: str


# --- led through by buttons


FIRST_QUESTION = AskAudience(AUDIENCES)


async def ask_next(
    unit: Unit, coordinator: Person, audience: str, city: str | None, language: str | None
) -> AskAudienceCity | AskAudienceLanguage | AskBroadcastWords:
    """The question after these answers; None is not answered yet, an empty text does not narrow.

    After the last one, the next words that the coordinator types are the broadcast's. Raises `NobodyThere`
    if nobody would get them, and as `draft` for the city.
    """
    circle = await _circle(unit, audience, city or "", language or "")
    standing = await onboarding.cities(unit)
    if city is None and len(standing) > 1:
        return AskAudienceCity(circle, tuple(CityChoice(found.code, found.names) for found in standing))
    if language is None:
        return AskAudienceLanguage(circle)
    heads = await head_count(unit, circle)
    if not heads:
        raise NobodyThere
    await people.expect(
        unit, coordinator, "broadcast", audience=audience, city=circle.city, language=circle.language
    )
    return AskBroadcastWords(circle, heads)


async def words_typed(unit: Unit, coordinator: Person, text: str) -> None:
    """Draft a broadcast of typed words to the audience that was chosen before."""
    chosen = coordinator.expecting or {}
    await draft(
        unit,
        coordinator,
        commands.Broadcast(chosen["audience"], text, chosen["city"] or None, chosen["language"] or None),
    )


# --- from draft to end


async def draft(unit: Unit, coordinator: Person, wanted: commands.Broadcast) -> None:
    """Keep a broadcast and show it: the words, whom they go to, how many that is.

    Raises `UnknownCity` or `NoStudioYet` for a city without a studio, and `NobodyThere`.
    """
    await people.expect(unit, coordinator, None)
    circle = await _circle(unit, wanted.audience, wanted.city or "", wanted.lang or "")
    heads = await head_count(unit, circle)
    if not heads:
        raise NobodyThere
    broadcast = await unit.tx.add(
        Broadcast(
            state=BroadcastState.DRAFT.value,
            audience=circle.audience,
            city=circle.city,
            language=circle.language,
            words=wanted.text,
            head_count=heads,
            created_by=coordinator.id,
            created_at=unit.now,
        )
    )
    await audit.record(unit, _topic(broadcast), "broadcast.draft", actor=coordinator.id, heads=heads)
    if not _fits(wanted.text):
        await outbox.send(unit, coordinator.telegram_id, BroadcastWords(wanted.text), lane=Lane.ANSWER)
    card = await _card(unit, broadcast)
    await outbox.send(unit, coordinator.telegram_id, card, about=_card_name(broadcast))


async def test(unit: Unit, presser: Person, broadcast_id: int) -> None:
    """Send the words to the presser alone, just as the recipients will get them."""
    broadcast = await _get(unit, broadcast_id)
    if broadcast.state != BroadcastState.DRAFT:
        raise BroadcastOver(broadcast.state)
    await outbox.send(unit, presser.telegram_id, BroadcastWords(broadcast.words), lane=Lane.ANSWER)


async def send(unit: Unit, presser: Person, broadcast_id: int) -> None:
    """Begin: everybody who belongs to the audience at this moment gets one row in the outbox."""
    broadcast = await _get(unit, broadcast_id)
    if broadcast.state != BroadcastState.DRAFT:
        raise BroadcastOver(broadcast.state)
    await _move(unit, broadcast, BroadcastState.SENDING, presser, started_at=unit.now)
    heads = await _expand(unit, broadcast)
    if not heads:
        raise NobodyThere
    unit.wakes |= Wake.OUTBOX
    await unit.tx.change(update(Broadcast).where(col(Broadcast.id) == broadcast.id).values(head_count=heads))
    broadcast.head_count = heads
    await _show(unit, broadcast)
    await _tick_later(unit, broadcast)
    log.info("broadcast.sending", broadcast=broadcast.id, heads=heads)


async def pause(unit: Unit, presser: Person, broadcast_id: int) -> None:
    """Hold back whatever is not on its way yet."""
    broadcast = await _get(unit, broadcast_id)
    await _move(unit, broadcast, BroadcastState.PAUSED, presser)
    await outbox.hold(unit, _topic(broadcast))
    await _show(unit, broadcast)


async def resume(unit: Unit, presser: Person, broadcast_id: int) -> None:
    """Go on where it was paused."""
    broadcast = await _get(unit, broadcast_id)
    if broadcast.state != BroadcastState.PAUSED:
        raise BroadcastOver(broadcast.state)
    await _move(unit, broadcast, BroadcastState.SENDING, presser)
    await outbox.let_go(unit, _topic(broadcast))
    await _show(unit, broadcast)
    await _tick_later(unit, broadcast)


async def stop(unit: Unit, presser: Person, broadcast_id: int) -> None:
    """Drop a draft, or take back whatever is not on its way yet; for good."""
    broadcast = await _get(unit, broadcast_id)
    await _move(unit, broadcast, BroadcastState.STOPPED, presser, finished_at=unit.now)
    await outbox.cancel(unit, _topic(broadcast))
    await _show(unit, broadcast)


async def tick(unit: Unit, timer: Timer) -> None:
    """Bring the card up to date, end what is through, and come back while anything moves."""
    broadcast = await _get(unit, int(timer.data["broadcast_id"]))
    if broadcast.state == BroadcastState.PAUSED:
        await outbox.hold(unit, _topic(broadcast))  # what came back from the air meanwhile
    counts = await _counts(unit, broadcast)
    if broadcast.state == BroadcastState.SENDING and not any(counts.get(state) for state in _MOVING):
        await audit.move(unit, broadcast, BroadcastState.SENT, finished_at=unit.now)
        log.info("broadcast.sent", broadcast=broadcast.id, **counts)
    if counts != timer.data.get("counts"):
        await _show(unit, broadcast)
    in_the_air = counts.get("sending", 0) + counts.get("queued", 0)
    if broadcast.state == BroadcastState.SENDING or in_the_air:
        await _tick_later(unit, broadcast, counts)


# --- parts


async def _circle(unit: Unit, audience: str, city: str, language: str) -> Circle:
    found: City | None = await studios.city(unit, city) if city else None
    return Circle(audience, city, dict(found.names) if found else {}, language)


async def _get(unit: Unit, broadcast_id: int) -> Broadcast:
    broadcast = await unit.tx.get(Broadcast, broadcast_id)
    if broadcast is None:
        raise NoSuchBroadcast
    return broadcast


async def _move(
    unit: Unit, broadcast: Broadcast, to: BroadcastState, presser: Person, **changes: object
) -> None:
    """Move it, or raise `BroadcastOver` with what became of it."""
    try:
        moved = await audit.move(unit, broadcast, to, actor=presser.id, **changes)
    except IllegalMoveError:
        moved = False
    if not moved:
        raise BroadcastOver((await _get(unit, broadcast.id)).state)


async def _expand(unit: Unit, broadcast: Broadcast) -> int:
    """One row for each recipient, in one statement; gives how many. `about` makes a second one impossible."""
    columns = metadata.tables[OutboxRow.__tablename__].c
    facts = {
        "lane": BroadcastWords.lane.value,
        "kind": BroadcastWords.kind,
        "data": dump(BroadcastWords(broadcast.words)),
        "about": _topic(broadcast),
        "topic": _topic(broadcast),
        "state": "queued",
        "attempts": 0,
        "error": "",
        "uncertain": False,
        "happens_at": unit.now,
        "created_at": unit.now,
    }
    values = [literal(value, columns[name].type) for name, value in facts.items()]
    circle = Circle(broadcast.audience, broadcast.city, language=broadcast.language)
    recipients = select(col(Person.telegram_id), *values).where(*members(circle))
    result = await unit.tx.run(insert(OutboxRow).from_select(["chat_id", *facts], recipients))
    return int(result.rowcount)


async def _counts(unit: Unit, broadcast: Broadcast) -> dict[str, int]:
    """How many recipients are in which state of the outbox: read from an index alone."""
    rows = await unit.tx.all(
        select(OutboxRow.state, func.count())
        .where(OutboxRow.topic == _topic(broadcast))
        .group_by(col(OutboxRow.state))
    )
    return dict(rows)


async def _card(unit: Unit, broadcast: Broadcast) -> BroadcastCard:
    counts = await _counts(unit, broadcast)
    return BroadcastCard(
        broadcast_id=broadcast.id,
        state=broadcast.state,
        circle=await _circle(unit, broadcast.audience, broadcast.city, broadcast.language),
        head_count=broadcast.head_count,
        words=broadcast.words if _fits(broadcast.words) else "",
        tally=Tally(
            sent=counts.get("sent", 0),
            blocked=counts.get("blocked", 0),
            failed=counts.get("failed", 0),
            uncertain=counts.get("uncertain", 0),
            taken_back=counts.get("cancelled", 0),
            left=sum(counts.get(state, 0) for state in _MOVING),
        ),
    )


async def _show(unit: Unit, broadcast: Broadcast) -> None:
    """Let the card in its coordinator's chat show how things stand."""
    chat_id = await unit.tx.one(select(Person.telegram_id).where(Person.id == broadcast.created_by))
    await outbox.edit_about(unit, chat_id, _card_name(broadcast), await _card(unit, broadcast))


async def _tick_later(unit: Unit, broadcast: Broadcast, counts: dict[str, int] | None = None) -> None:
    await drop_timers(unit, _topic(broadcast), ["broadcast_progress"])
    await set_timer(
        unit,
        "broadcast_progress",
        _topic(broadcast),
        unit.now + TICK,
        broadcast_id=broadcast.id,
        counts=counts,
    )


def _topic(broadcast: Broadcast) -> str:
    return f"broadcast:{broadcast.id}"


def _card_name(broadcast: Broadcast) -> str:
    """What the card is called in the outbox: not the topic, which counts the recipients."""
    return f"cast:{broadcast.id}"


def _fits(text: str) -> bool:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 <= FITS_CARD
