"""The check of a sample: long work outside any transaction, recorded in one of its own."""

from dataclasses import asdict
from typing import Any

import structlog
from sqlmodel import col, select

from bot.rules.audio import AudioFacts, Finding, Reason, Unreadable, judge, judge_unreadable, refused
from bot.rules.states import SampleState
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
from bot.services.sampling.attempts import attempts_of
from bot.services.sampling.samples import (
    HEARD,
    findings_of,
    forget_audio,
    queue_if_ready,
    set_columns,
)
from bot.services.unit import Unit, Units
from storage.tables import Sample

log = structlog.get_logger()


async def check(units: Units, ports: Ports, sample_id: int, *, last_try: bool, patient: bool = False) -> None:
    """Fetch a sample, measure it, and record what was found. Done again, it changes nothing.

    Any error but `FileGoneError` and `Unreadable` means that trying again may help; at the last try the sender
    is told that the file could not be had, but not because of an outage that is still waited for (`patient`).
    """
    async with units.reading() as look:
        sample = await look.tx.get(Sample, sample_id)
    if sample is None or sample.state != SampleState.RECEIVED or sample.checked_at:
        return
    facts: AudioFacts | None = None
    key = None
    try:
        data = await ports.files.fetch(sample.file_id)
        heard = await ports.ears.measure(data)
        facts = heard.facts
        key = await ports.store.put(data, facts.container)
        checks = units.house.policy.sample
        findings = judge(facts, checks.checks, shortest=checks.min, longest=checks.max)
    except Unreadable as error:
        findings = judge_unreadable(error)
    except Exception as error:
        hopeless = isinstance(error, FileGoneError)
        if not (last_try or hopeless) or (patient and is_outage(error)):
            raise
        log.warning("sample.not_fetched", sample=sample_id, error=type(error).__name__)
        async with units.writing(f"check {sample_id}", "work.check") as unit:
            await _not_fetched(unit, sample_id)
        return
    async with units.writing(f"check {sample_id}", "work.check") as unit:
        await _record(unit, sample_id, facts, findings, key)


async def give_up(units: Units, sample_id: int) -> bool:
    """Refuse a sample whose check took the program down each time; False if it was checked all the same."""
    async with units.writing(f"check {sample_id} given up", "work.check") as unit:
        sample = await unit.tx.get(Sample, sample_id)
        if sample is None or sample.state != SampleState.RECEIVED or sample.checked_at:
            return False
        await _record(unit, sample_id, None, judge_unreadable(Unreadable(Reason.took_too_long)), None)
    return True


async def _not_fetched(unit: Unit, sample_id: int) -> None:
    sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
    if sample.state != SampleState.RECEIVED:
        return
    await audit.move(unit, sample, SampleState.REFUSED, counted=False, checked_at=unit.now)
    await _tell_checked(unit, sample, SampleNotFetched())


async def _record(
    unit: Unit, sample_id: int, facts: AudioFacts | None, findings: tuple[Finding, ...], key: str | None
) -> None:
    sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
    if sample.state != SampleState.RECEIVED or sample.checked_at:
        if key:  # thrown away while it was being checked: the bytes were kept for nothing
            await add_job(unit, "erase_audio", f"sample:{sample_id}:late", key=key)
        return
    person = await people.by_id(unit, sample.person_id)
    values: dict[str, Any] = {
        "checked_at": unit.now,
        "facts": facts.to_json() if facts else None,
        "findings": [asdict(finding) for finding in findings],
        "content_hash": facts.content_hash if facts else None,
        "audio_key": key,
    }
    if refused(findings) or facts is None:
        await audit.move(unit, sample, SampleState.REFUSED, counted=facts is not None, **values)
        await forget_audio(unit, sample)
        left = await attempts_of(unit, person)
        zone = await zone_of(unit, person)
        refusal = SampleRefused(findings, sample.counted, left.left, left.next_at, zone)
        await _tell_checked(unit, sample, refusal)
    elif await _heard_by_content(unit, sample, facts.content_hash):
        await audit.move(unit, sample, SampleState.REFUSED, counted=False, **values)
        await forget_audio(unit, sample)
        await _tell_checked(unit, sample, SampleHeardBefore())
    else:
        await set_columns(unit, sample, **values)
        if not await queue_if_ready(unit, person, sample):
            await _tell_checked(unit, sample, _passed(person, sample))


async def _heard_by_content(unit: Unit, sample: Sample, content_hash: str) -> bool:
    same = select(Sample.id).where(
        Sample.person_id == sample.person_id,
        Sample.content_hash == content_hash,
        Sample.id != sample.id,
        col(Sample.state).in_(HEARD),
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
