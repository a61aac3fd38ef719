"""The predicted quality of a sample: it takes long and refuses nothing, so it comes when everybody is answered."""

from dataclasses import asdict

import structlog
from sqlmodel import select

from bot.rules.audio import AudioFacts, Finding, Quality, Severity, Unreadable, judge
from bot.services.ports import Ports
from bot.services.reviewing import reviews
from bot.services.sampling.columns import findings_of, set_columns
from bot.services.unit import Unit, Units
from storage.tables import Sample

log = structlog.get_logger()


async def rate(units: Units, ports: Ports, sample_id: int) -> None:
    """Predict the quality of a queued sample and note what that says. Done again, it changes nothing."""
    async with units.reading() as look:
        sample = await look.tx.get(Sample, sample_id)
    if sample is None or sample.audio_key is None or not sample.facts or sample.facts.get("quality"):
        return
    try:
        quality = await ports.ears.rate(await ports.store.get(sample.audio_key))
    except (FileNotFoundError, Unreadable) as error:
        log.warning("sample.not_rated", sample=sample_id, error=repr(error))
        return
    if quality is not None:
        async with units.writing(f"rate {sample_id}", "work.rate") as unit:
            await _record(unit, sample_id, quality)


async def _record(unit: Unit, sample_id: int, quality: Quality) -> None:
    """Keep the quality beside the other facts, unless the recording was thrown away meanwhile."""
    sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
    if sample.audio_key is None or not sample.facts:
        return
    facts = {**sample.facts, "quality": asdict(quality)}
    known = findings_of(sample)
    noted = _notes(unit, AudioFacts.from_json(facts), known)
    findings = [asdict(finding) for finding in (*known, *noted)]
    await set_columns(unit, sample, facts=facts, findings=findings)
    if noted:
        await reviews.refresh(unit, sample_id)


def _notes(unit: Unit, facts: AudioFacts, known: tuple[Finding, ...]) -> list[Finding]:
    """What is noted now and was not before. The sample was taken: nothing graver can come of it any more."""
    policy = unit.policy.sample
    found = judge(facts, policy.checks, shortest=policy.min, longest=policy.max)
    codes = {finding.code for finding in known}
    return [f for f in found if f.severity is Severity.note and f.code not in codes]
