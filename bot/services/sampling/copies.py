"""The same recording twice: sent again by its own sender, by somebody linked to them, or by a stranger.

Compared are samples that reached the reviewers. Of a pair of samples the one that was queued later is the copy,
whichever of the two is compared: so of two that are queued at the same moment at least one meets the other.
"""

from collections.abc import Sequence
from dataclasses import asdict

import structlog
from sqlmodel import col, select, update

from bot.rules.audio import Match, Unreadable
from bot.rules.roles import Role
from bot.rules.states import HEARD_SAMPLES
from bot.services import audit, outbox, people
from bot.services.messages.partners import Contact
from bot.services.messages.reviews import Copy, SameRecording
from bot.services.people import Person
from bot.services.ports import Ports
from bot.services.reviewing import reviewers, reviews
from bot.services.sampling.erasing import copies_topic
from bot.services.unit import Unit, Units
from storage.tables import Fingerprint, Sample

log = structlog.get_logger()

AT_ONCE = 400
"""Fingerprints that are compared in one question: a recording of three minutes has eleven kilobytes of it."""

_HEARD = (
    select(Fingerprint.sample_id, Fingerprint.words)
    .join(Sample, col(Sample.id) == col(Fingerprint.sample_id))
    .where(col(Sample.state).in_(HEARD_SAMPLES))
    .order_by(col(Fingerprint.sample_id))
    .limit(AT_ONCE)
)


async def keep_fingerprint(unit: Unit, sample: Sample, words: bytes) -> None:
    """Let a checked sample be found again; there is nothing to find of a very short one."""
    if words:
        await unit.tx.add_new(Fingerprint(sample_id=sample.id, words=words))


async def sent_before(units: Units, ports: Ports, sample: Sample, fingerprint: bytes) -> bool:
    """Whether the reviewers had this very recording from the same person before, however it was encoded.

    Where that cannot be told, the sample is taken for a new one.
    """
    if not fingerprint:
        return False
    async with units.reading() as look:
        own = _HEARD.where(Sample.person_id == sample.person_id, Sample.id != sample.id)
        found = await look.tx.all(own)
    try:
        matches = await ports.ears.compare(fingerprint, [words for _, words in found])
    except Unreadable as error:
        log.warning("sample.not_compared", sample=sample.id, error=str(error))
        return False
    return any(match is not None for match in matches)


async def compare(units: Units, ports: Ports, sample_id: int) -> None:
    """Find a queued sample in those of everybody else, and say so where it matters. Done again, it changes nothing."""
    async with units.reading() as look:
        sample = await look.tx.get(Sample, sample_id)
        own = await look.tx.get(Fingerprint, sample_id)
    if sample is None or own is None:
        return
    matches: dict[int, Match] = {}
    last = 0
    while others := await _others(units, sample, last):
        found = await ports.ears.compare(own.words, [words for _, words in others], can_wait=True)
        matches |= {other_id: match for (other_id, _), match in zip(others, found, strict=True) if match}
        last = others[-1][0]
    if matches:
        async with units.writing(f"compare {sample_id}", "work.compare") as unit:
            for other_id, match in matches.items():
                await _record(unit, sample_id, other_id, match)


async def _others(units: Units, sample: Sample, last: int) -> Sequence[tuple[int, bytes]]:
    """The next fingerprints of other people's samples, by the samples' ids from `last` on."""
    async with units.reading() as look:
        theirs = _HEARD.where(Sample.person_id != sample.person_id, col(Fingerprint.sample_id) > last)
        return [(sample_id, words) for sample_id, words in await look.tx.all(theirs)]


async def _record(unit: Unit, one_id: int, other_id: int, match: Match) -> None:
    """Note a pair on the later one, if both still count."""
    there = select(Sample).where(col(Sample.id).in_([one_id, other_id]), col(Sample.state).in_(HEARD_SAMPLES))
    two = sorted(await unit.tx.all(there), key=lambda sample: (sample.queued_at, sample.id))
    if len(two) < 2:
        return
    earlier, later = two
    known = later.copies or []
    if any(copy["sample_id"] == earlier.id for copy in known):
        return
    first, second = [await people.by_id(unit, sample.person_id) for sample in two]
    linked = first.id in await reviewers.linked(unit, second)
    copy = Copy(earlier.id, match.seconds, linked)
    await unit.tx.change(
        update(Sample).where(col(Sample.id) == later.id).values(copies=[*known, asdict(copy)])
    )
    await audit.record(
        unit, f"sample:{later.id}", "sample.copy", earlier=earlier.id, seconds=match.seconds, linked=linked
    )
    if not linked:
        await _tell_coordinators(unit, (second, later), (first, earlier), match.seconds)
    await reviews.refresh(unit, later.id)


async def _tell_coordinators(
    unit: Unit, later: tuple[Person, Sample], earlier: tuple[Person, Sample], seconds: float
) -> None:
    (person, sample), (other, before) = later, earlier
    notice = SameRecording(
        sample_id=sample.id,
        name=people.first_name(person),
        contact=Contact(person.telegram_id, person.username),
        other_id=before.id,
        other=people.first_name(other),
        other_contact=Contact(other.telegram_id, other.username),
        seconds=seconds,
    )
    topic = copies_topic(sample.id)
    for coordinator in await people.holders(unit, Role.COORDINATOR):
        about = f"{topic}:{before.id}"
        await outbox.send(unit, coordinator.telegram_id, notice, about=about, topic=topic)
