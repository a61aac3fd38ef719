"""The check of a sample: long work outside any transaction, recorded in one of its own."""

from dataclasses import asdict, dataclass, field
from typing import Any

import structlog
from sqlmodel import col, select

from bot.rules.audio import AudioFacts, Finding, Reason, Unreadable, judge, judge_unreadable, refused
from bot.rules.states import HEARD_SAMPLES, SampleState
from bot.services import audit, outbox, people
from bot.services.jobs import add_job
from bot.services.messages import Message
from bot.services.messages.samples import (
    SampleHeardBefore,
    SampleNotFetched,
    SamplePassed,
    SampleRefused,
)
from bot.services.people import Person
from bot.services.places import zone_of
from bot.services.ports import FileGoneError, Ports, is_outage
from bot.services.sampling import copies, erasing, pictures
from bot.services.sampling.attempts import attempts_of
from bot.services.sampling.columns import findings_of, set_columns
from bot.services.sampling.samples import queue_if_ready
from bot.services.unit import Unit, Units
from storage.tables import Sample

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found:
    """What came of examining a sample; without facts nothing of it could be read.

    `key` and `pictures` are what the audio store keeps of it. `known`: the reviewers had this recording from the
    same person before.
    """

    findings: tuple[Finding, ...]
    facts: AudioFacts | None = None
    key: str | None = None
    fingerprint: bytes = b""
    pictures: dict[str, str] = field(default_factory=dict)
    known: bool = False

    @property
    def keys(self) -> list[str]:
        """Everything in the audio store."""
        return [*([self.key] if self.key else []), *self.pictures.values()]


async def check(units: Units, ports: Ports, sample_id: int, *, last_try: bool, patient: bool = False) -> None:
    """Fetch a sample, measure it, and record what was found. Done again, it changes nothing.

    Any error but `FileGoneError` and `Unreadable` means that trying again may help; at the last try the sender
    is told that the file could not be had, but not because of an outage that is still waited for (`patient`).
    """
    async with units.reading() as look:
        sample = await look.tx.get(Sample, sample_id)
    if sample is None or sample.state != SampleState.RECEIVED or sample.checked_at:
        return
    try:
        found = await _examine(units, ports, sample)
    except Exception as error:
        hopeless = isinstance(error, FileGoneError)
        if not (last_try or hopeless) or (patient and is_outage(error)):
            raise
        log.warning("sample.not_fetched", sample=sample_id, error=type(error).__name__)
        async with units.writing(f"check {sample_id}", "work.check") as unit:
            await _not_fetched(unit, sample_id)
        return
    async with units.writing(f"check {sample_id}", "work.check") as unit:
        await _record(unit, sample_id, found)


async def _examine(units: Units, ports: Ports, sample: Sample) -> Found:
    """Everything about a sample that takes long to find out."""
    data = await ports.files.fetch(sample.file_id)
    try:
        heard = await ports.ears.measure(data)
    except Unreadable as error:
        return Found(judge_unreadable(error))
    checks = units.house.policy.sample
    findings = judge(heard.facts, checks.checks, shortest=checks.min, longest=checks.max)
    known = not refused(findings) and await copies.sent_before(units, ports, sample, heard.fingerprint)
    drawn = await pictures.draw(ports, sample.id, heard, findings)
    key = await ports.store.put(data, heard.facts.container)
    return Found(findings, heard.facts, key, heard.fingerprint, drawn, known)


async def give_up(units: Units, sample_id: int) -> bool:
    """Refuse a sample whose check took the program down each time; False if it was checked all the same."""
    async with units.writing(f"check {sample_id} given up", "work.check") as unit:
        sample = await unit.tx.get(Sample, sample_id)
        if sample is None or sample.state != SampleState.RECEIVED or sample.checked_at:
            return False
        await _record(unit, sample_id, Found(judge_unreadable(Unreadable(Reason.took_too_long))))
    return True


async def _not_fetched(unit: Unit, sample_id: int) -> None:
    sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
    if sample.state != SampleState.RECEIVED:
        return
    await audit.move(unit, sample, SampleState.REFUSED, counted=False, checked_at=unit.now)
    await _tell_checked(unit, sample, SampleNotFetched())


async def _record(unit: Unit, sample_id: int, found: Found) -> None:
    sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
    if sample.state != SampleState.RECEIVED or sample.checked_at:
        for number, key in enumerate(found.keys):  # thrown away while it was checked: kept for nothing
            await add_job(unit, "erase_audio", f"sample:{sample_id}:late:{number}", key=key)
        return
    person = await people.by_id(unit, sample.person_id)
    facts = found.facts
    values: dict[str, Any] = {
        "checked_at": unit.now,
        "facts": facts.to_json() if facts else None,
        "findings": [asdict(finding) for finding in found.findings],
        "content_hash": facts.content_hash if facts else None,
        "audio_key": found.key,
        "pictures": found.pictures or None,
    }
    if refused(found.findings) or facts is None:
        await _refuse(unit, sample, counted=facts is not None, **values)
        await _tell_checked(unit, sample, await _refusal(unit, person, sample, found.findings))
    elif found.known or await _heard_by_content(unit, sample, facts.content_hash):
        await _refuse(unit, sample, counted=False, **values)
        await _tell_checked(unit, sample, SampleHeardBefore())
    else:
        await set_columns(unit, sample, **values)
        await copies.keep_fingerprint(unit, sample, found.fingerprint)
        if not await queue_if_ready(unit, person, sample):
            await _tell_checked(unit, sample, _passed(person, sample))
    await pictures.show(unit, person, sample)


async def _refuse(unit: Unit, sample: Sample, *, counted: bool, **values: Any) -> None:
    await audit.move(unit, sample, SampleState.REFUSED, counted=counted, **values)
    await erasing.keep_refused(unit, sample)


async def _refusal(
    unit: Unit, person: Person, sample: Sample, findings: tuple[Finding, ...]
) -> SampleRefused:
    left = await attempts_of(unit, person)
    return SampleRefused(findings, sample.counted, left.left, left.next_at, await zone_of(unit, person))


async def _heard_by_content(unit: Unit, sample: Sample, content_hash: str) -> bool:
    same = select(Sample.id).where(
        Sample.person_id == sample.person_id,
        Sample.content_hash == content_hash,
        Sample.id != sample.id,
        col(Sample.state).in_(HEARD_SAMPLES),
    )
    return await unit.tx.first(same) is not None


def _passed(person: Person, sample: Sample) -> SamplePassed:
    return SamplePassed(
        sample.id,
        findings_of(sample),
        needs_agreement=sample.agreed is None,
        languages=() if sample.language else tuple(person.speaks),
    )


async def _tell_checked(unit: Unit, sample: Sample, message: Message) -> None:
    person = await people.by_id(unit, sample.person_id)
    await outbox.send(
        unit,
        person.telegram_id,
        message,
        about=f"sample:{sample.id}:checked",
        topic=f"sample:{sample.id}",
    )
