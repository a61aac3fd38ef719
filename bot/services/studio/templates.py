"""Slots that repeat: planned in one line, shown as a preview, then laid out by themselves so many days ahead."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select, update

from bot.rules import clocks
from bot.rules import slots as slot_rules
from bot.rules import templates as rules
from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.rules.states import BatchState, SlotState, TemplateState
from bot.rules.templates import Template
from bot.services import audit, outbox, people, timers
from bot.services.messages.templates import (
    TemplateCard,
    TemplateEnded,
    TemplateList,
    TemplatePreview,
    TemplateView,
)
from bot.services.people import Person
from bot.services.studio import batch_cards, batches, laying, studios
from bot.services.studio.batches import MOST, TooManySlots
from bot.services.unit import Unit
from storage.tables import City, Slot, SlotBatch, SlotTemplate, Timer

LAY = "lay_template"
"""The kind of timer that lays out the next days."""

SHOWN = 6
"""Days that a card names."""

MORNING = time(9)
"""When the next days are laid out, by the studio's clock: the staff are asked, and that is no matter for a night."""

_DAY = timedelta(days=1)
_YEAR = 366


class NothingRepeats(DomainError):
    """The template has no day that is still to come."""


class UnknownTemplate(DomainError):
    """No template has this number; `known` are the numbers of those that run."""

    template: int
    known: tuple[int, ...]


class TemplateOver(DomainError):
    """The template does not run: `state` says why."""

    template: int
    state: str


class NotItsDay(DomainError):
    """None of these days is one of the template's that are still to come."""

    template: int


# --- looking


async def _zone(unit: Unit, city: str) -> ZoneInfo:
    return ZoneInfo(await batch_cards.zone_of_city(unit, city))


async def view(unit: Unit, row: SlotTemplate) -> TemplateView:
    """A template as coordinators see it, with the days that come next."""
    template = rules.read(row.line)
    zone = await _zone(unit, row.city)
    city = await unit.tx.one(select(City).where(City.code == row.city))
    days: list[date] = []
    after = unit.now.astimezone(zone).date()
    while len(days) < SHOWN and (day := rules.next_day(template, after)):
        days.append(day)
        after = day
    return TemplateView(
        row.id, row.city, city.names, zone.key, row.line, row.state, tuple(days), row.laid_until
    )


async def listing(unit: Unit) -> TemplateList:
    """Every template that runs."""
    return TemplateList(tuple([await view(unit, row) for row in await _running(unit)]))


async def _running(unit: Unit) -> list[SlotTemplate]:
    running = select(SlotTemplate).where(SlotTemplate.state == TemplateState.RUNNING)
    return list(await unit.tx.all(running.order_by(col(SlotTemplate.city), col(SlotTemplate.id))))


async def _get(unit: Unit, template_id: int) -> SlotTemplate:
    row = await unit.tx.get(SlotTemplate, template_id)
    if row is None:
        raise UnknownTemplate(template_id, tuple(row.id for row in await _running(unit)))
    return row


async def _get_running(unit: Unit, template_id: int) -> SlotTemplate:
    row = await _get(unit, template_id)
    if row.state != TemplateState.RUNNING:
        raise TemplateOver(template_id, row.state)
    return row


async def card(
    unit: Unit, template_id: int, *, choosing: bool = False, confirming: bool = False
) -> TemplateCard:
    """One template that runs, perhaps with a question. Raises `UnknownTemplate` or `TemplateOver`."""
    shown = await view(unit, await _get_running(unit, template_id))
    return TemplateCard(shown, choosing=choosing, confirming=confirming)


# --- the preview and its answer


async def preview(unit: Unit, person: Person, wanted: Template) -> TemplatePreview:
    """Keep a template and give what would become of it; nothing is created yet.

    Raises `UnknownCity`, `NoStudioYet`, `NothingRepeats` and `TooManySlots`.
    """
    await studios.city(unit, wanted.city)
    zone = await _zone(unit, wanted.city)
    today = unit.now.astimezone(zone).date()
    template = rules.starting(wanted, today + _DAY)
    if rules.next_day(template, today) is None:
        raise NothingRepeats
    days = rules.days_between(template, today, today + template.ahead * _DAY)
    laid = await laying.lay_out(unit, rules.grid_of(template, days)) if days else laying.Laid()
    if len(laid.slots) > MOST:
        raise TooManySlots(len(laid.slots), MOST)
    row = await unit.tx.add(
        SlotTemplate(
            city=template.city,
            line=rules.line(template),
            state=TemplateState.PREVIEW.value,
            staff_needed=unit.policy.booking.staff,
            created_by=person.id,
            created_at=unit.now,
        )
    )
    await audit.record(unit, subject(row.id), "slottemplate.planned", actor=person.id)
    year = rules.days_between(template, today, today + _YEAR * _DAY)
    skipped, twice = clocks.changes(year, template.times, zone)
    return TemplatePreview(
        await view(unit, row),
        count=len(laid.slots),
        past=laid.past,
        clashes=laid.clashes,
        tight=laid.tight,
        gap=laid.gap,
        closed=laid.closed,
        skipped=slot_rules.wall_lines(skipped),
        twice=slot_rules.wall_lines(twice),
        staff_needed=row.staff_needed,
        staff=len(await people.holders(unit, Role.STAFF, city=row.city)),
    )


def subject(template_id: int) -> str:
    """What the timers and the audit trail of a template are filed under."""
    return f"slottemplate:{template_id}"


async def _answer(unit: Unit, person: Person, template_id: int, to: TemplateState) -> SlotTemplate:
    row = await _get(unit, template_id)
    if row.state != TemplateState.PREVIEW or not await audit.move(unit, row, to, actor=person.id):
        raise TemplateOver(template_id, (await _get(unit, template_id)).state)
    return row


async def drop(unit: Unit, person: Person, template_id: int) -> TemplateCard:
    """Throw a preview away; raises `UnknownTemplate` and `TemplateOver`."""
    return TemplateCard(
        await view(unit, await _answer(unit, person, template_id, TemplateState.DROPPED)), "dropped"
    )


async def start(unit: Unit, person: Person, template_id: int) -> TemplateCard:
    """Let a template run: its next days are laid out now. Raises `UnknownTemplate` and `TemplateOver`."""
    row = await _answer(unit, person, template_id, TemplateState.RUNNING)
    await lay(unit, row)
    return TemplateCard(await view(unit, await _get(unit, template_id)), "started")


# --- laying out


async def ring(unit: Unit, timer: Timer) -> None:
    """A day has come within reach of a template."""
    row = await unit.tx.get(SlotTemplate, int(timer.data["template"]))
    if row is not None and row.state == TemplateState.RUNNING:
        await lay(unit, row)


async def lay(unit: Unit, row: SlotTemplate) -> bool:
    """Lay out the days up to its horizon that have not been, and set the timer for the next one.

    False, and nothing done, if somebody else laid them meanwhile: a day is laid once.
    """
    template, zone = rules.read(row.line), await _zone(unit, row.city)
    today = unit.now.astimezone(zone).date()
    since, until = today, today + template.ahead * _DAY
    if row.laid_until is not None:
        since, until = max(today, row.laid_until + _DAY), max(until, row.laid_until)
    same = col(SlotTemplate.laid_until) == row.laid_until
    claimed = await unit.tx.change(
        update(SlotTemplate)
        .where(col(SlotTemplate.id) == row.id, col(SlotTemplate.state) == TemplateState.RUNNING, same)
        .values(laid_until=until)
    )
    if not claimed:
        return False
    row.laid_until = until
    days = rules.days_between(template, since, until)
    if days:
        await _batch(unit, row, rules.grid_of(template, days))
    await _wait_for(unit, row, template, zone)
    return True


async def _batch(unit: Unit, row: SlotTemplate, grid: slot_rules.SlotGrid) -> None:
    """A batch of the days' slots, as if it had been planned and opened by hand; none if nothing of it fits.

    Who made the template sees how far it is if it waits for staff, or if something had to be left out.
    """
    laid = await laying.lay_out(unit, grid)
    if not laid.slots:
        return
    batch = await unit.tx.add(
        SlotBatch(
            city=row.city,
            grid={"line": slot_rules.line(grid), "rooms": laid.rooms, "template": row.id},
            state=BatchState.OPENED.value,
            staff_needed=row.staff_needed,
            created_by=row.created_by,
            created_at=unit.now,
        )
    )
    await audit.record(unit, batch_cards.about(batch.id), "batch.repeated", template=row.id)
    await batches.fill(unit, batch, laid)
    if row.staff_needed or laid.left_out > laid.past:
        creator = await people.by_id(unit, row.created_by)
        shown = await batch_cards.card(unit, batch)
        await outbox.send(unit, creator.telegram_id, shown, about=batch_cards.about(batch.id))


async def _wait_for(unit: Unit, row: SlotTemplate, template: Template, zone: ZoneInfo) -> None:
    """Set the timer for the morning on which the next day comes within reach; without one it is over."""
    await timers.drop_timers(unit, subject(row.id), [LAY])
    next_ = rules.next_day(template, row.laid_until or date.min)
    if next_ is not None:
        morning = datetime.combine(next_ - template.ahead * _DAY, MORNING, zone)
        await timers.set_timer(unit, LAY, subject(row.id), morning, template=row.id)
        return
    await audit.move(unit, row, TemplateState.ENDED)
    creator = await people.by_id(unit, row.created_by)
    ended = TemplateEnded(await view(unit, row))
    await outbox.send(unit, creator.telegram_id, ended, about=f"{subject(row.id)}:ended")


# --- changing and ending


async def leave_out(unit: Unit, person: Person, template_id: int, days: tuple[date, ...]) -> TemplateCard:
    """Leave days out; sessions that stand on them already stay, and are counted.

    Raises `UnknownTemplate`, `TemplateOver`, `NotItsDay` and `TooManyExceptions`.
    """
    row = await _get_running(unit, template_id)
    template, zone = rules.read(row.line), await _zone(unit, row.city)
    today = unit.now.astimezone(zone).date()
    own = tuple(day for day in days if day >= today and rules.days_between(template, day, day))
    if not own:
        raise NotItsDay(template_id)
    changed = rules.line(rules.without(template, own))
    written = await unit.tx.change(
        update(SlotTemplate)
        .where(col(SlotTemplate.id) == row.id, col(SlotTemplate.line) == row.line)
        .values(line=changed)
    )
    if not written:
        raise TemplateOver(template_id, row.state)
    row.line = changed
    await audit.record(
        unit, subject(row.id), "slottemplate.days_left_out", actor=person.id, days=[str(day) for day in own]
    )
    await _wait_for(unit, row, rules.read(changed), zone)
    return TemplateCard(await view(unit, row), "left_out", await _on_days(unit, row, zone, own))


async def _on_days(unit: Unit, row: SlotTemplate, zone: ZoneInfo, days: tuple[date, ...]) -> int:
    """How many sessions of a template stand on these days."""
    count = 0
    for day in days:
        count += await _standing(unit, row, *clocks.bounds(day, zone))
    return count


async def _standing(unit: Unit, row: SlotTemplate, begins: datetime, ends: datetime | None = None) -> int:
    own = select(SlotBatch.id).where(SlotBatch.city == row.city)
    own = own.where(col(SlotBatch.grid)["template"].as_integer() == row.id)
    standing = (SlotState.DRAFT, SlotState.OPEN, SlotState.TAKEN)
    query = select(func.count()).where(col(Slot.batch_id).in_(own), col(Slot.state).in_(standing))
    query = query.where(Slot.starts_at >= begins)
    return int(await unit.tx.one(query if ends is None else query.where(Slot.starts_at < ends)))


async def stop(unit: Unit, person: Person, template_id: int) -> TemplateCard:
    """Nothing more is laid out; what stands stays, and is counted. Raises `UnknownTemplate` or `TemplateOver`."""
    row = await _get_running(unit, template_id)
    if not await audit.move(unit, row, TemplateState.STOPPED, actor=person.id):
        raise TemplateOver(template_id, (await _get(unit, template_id)).state)
    await timers.drop_timers(unit, subject(row.id))
    return TemplateCard(await view(unit, row), "stopped", await _standing(unit, row, unit.now))
