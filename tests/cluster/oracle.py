"""The oracle of a night with several programs: what people were told, beside what the rows say.

1. Every update that was acknowledged is in the table once, and was handled; of each person, in the order it was kept.
2. Every message came once. What came besides is a copy: excused by a row that says that it was cut off in the air.
3. What was never sent although nothing cancelled it is lost.
4. Within a chat and a lane messages came in the order of their rows, but for those that were cut off.
5. Every job was done.
6. No slot has two pairs, nobody is in two sessions at once, and whoever was told "confirmed" has a booking.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sqlalchemy import text
from sqlmodel import col, select

from bot.rules.states import LIVE_BOOKINGS
from storage.database import Database
from storage.tables import Booking, BookingMember, InboxRow, Job, OutboxRow
from tests.cluster.api import Said


@dataclass(slots=True)
class Verdict:
    """What is wrong, and what stayed open."""

    losses: list[str] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    """Bookings that the rules forbid."""
    uncertain: int = 0
    """Messages that were cut off in the air."""
    copies: int = 0
    """Those of them that came twice."""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.losses or self.repeats or self.disorder or self.double)


async def judge(
    database: Database,
    taken: Mapping[int, int],
    chats: Mapping[int, Sequence[Said]],
    confirmed: Sequence[int],
) -> Verdict:
    """What is wrong with a night: the updates acknowledged, what each chat heard, and who is in a session."""
    verdict = Verdict()
    async with database.reading() as tx:
        updates = await tx.all(select(InboxRow).order_by(col(InboxRow.id)))
        rows = await tx.all(select(OutboxRow).order_by(col(OutboxRow.id)))
        live = await tx.all(select(Booking).where(col(Booking.state).in_(LIVE_BOOKINGS)))
        members = await tx.all(select(BookingMember).where(col(BookingMember.active)))
        jobs = await tx.all(select(Job).where(Job.state != "done"))
        people = dict((await tx.run(text("SELECT id, telegram_id FROM people"))).all())
    _updates(updates, taken, verdict)
    _messages(rows, chats, verdict)
    verdict.losses += [f"job {job.id}, {job.kind}, is {job.state}: {job.error}" for job in jobs]
    _bookings(live, members, {people[member.person_id] for member in members}, confirmed, verdict)
    return verdict


def _updates(updates: Sequence[InboxRow], taken: Mapping[int, int], verdict: Verdict) -> None:
    count = Counter(row.update_id for row in updates)
    verdict.losses += [
        f"update {number} of {who} was acknowledged and is gone"
        for number, who in taken.items()
        if not count[number]
    ]
    verdict.losses += [
        f"update {row.update_id} is {row.state}: {row.error}" for row in updates if row.state != "done"
    ]
    verdict.repeats += [
        f"update {number} is there {times} times" for number, times in count.items() if times > 1
    ]
    last: dict[int, InboxRow] = {}
    for row in updates:
        before = last.get(row.sender)
        if before is not None and row.done_at and before.done_at and row.done_at < before.done_at:
            verdict.disorder.append(
                f"{row.sender}: update {row.update_id} was handled before {before.update_id}"
            )
        last[row.sender] = row


def _messages(rows: Sequence[OutboxRow], chats: Mapping[int, Sequence[Said]], verdict: Verdict) -> None:
    own = [row for row in rows if row.edits is None and row.kind != "CommandMenu"]
    verdict.uncertain = sum(row.uncertain for row in rows)
    known: defaultdict[int, set[int]] = defaultdict(set)
    doubts: Counter[int] = Counter()
    for row in own:
        if row.message_id is not None:
            known[row.chat_id].add(row.message_id)
        elif row.state not in ("cancelled", "uncertain"):
            verdict.losses.append(f"{row.chat_id}: a {row.kind} is {row.state}: {row.error}")
        doubts[row.chat_id] += row.attempts if row.uncertain else 0
    for row in rows:  # a change of what was cut off may have come anew, under an id of its own
        if row.edits is not None and row.message_id is not None:
            known[row.chat_id].add(row.message_id)
    for chat, said in chats.items():
        there = {one.message_id for one in said}
        verdict.losses += [f"{chat}: message {one} never came" for one in known[chat] - there]
        more = [one for one in said if one.message_id not in known[chat]]
        verdict.copies += len(more)
        if len(more) > doubts[chat]:
            verdict.repeats.append(
                f"{chat}: {len(more)} copies, {doubts[chat]} doubts: {more[0].text[:60]!r}"
            )
    lines: defaultdict[tuple[int, int], list[OutboxRow]] = defaultdict(list)
    for row in own:
        if row.message_id is not None and not row.uncertain:
            lines[row.chat_id, row.lane].append(row)
    for (chat, _), line in lines.items():
        ids = [row.message_id or 0 for row in line]
        if ids != sorted(ids):
            verdict.disorder.append(f"{chat}: messages came in the order {ids}")


def _bookings(
    live: Sequence[Booking],
    members: Sequence[BookingMember],
    seated: set[int],
    confirmed: Sequence[int],
    verdict: Verdict,
) -> None:
    slots = Counter(booking.slot_id for booking in live)
    verdict.double += [f"slot {slot} has {times} pairs" for slot, times in slots.items() if times > 1]
    times: defaultdict[int, list[BookingMember]] = defaultdict(list)
    for member in members:
        times[member.person_id].append(member)
    for person, own in times.items():
        own.sort(key=lambda member: member.starts_at)
        if any(one.ends_at > other.starts_at for one, other in pairwise(own)):
            verdict.double.append(f"person {person} is in two sessions at once")
    verdict.losses += [
        f"{who} was told that a session is confirmed, and has none" for who in set(confirmed) - seated
    ]
