"""A sample's way from its arrival to the reviewers: received, confirmed by its sender, checked, queued."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import col, select

from bot.rules.audio import Severity
from bot.rules.errors import AttemptsUsedUp, DomainError, NotYours
from bot.rules.states import HEARD_SAMPLES, LIVE_SAMPLES, SampleState
from bot.services import audit, outbox
from bot.services.jobs import add_job
from bot.services.joining import onboarding
from bot.services.messages import Message
from bot.services.messages.people import Hint
from bot.services.messages.samples import (
    SampleAnswers,
    SampleNotAgreed,
    SamplePassed,
    SampleQueued,
    SampleReceived,
)
from bot.services.people import Person
from bot.services.reviewing import reviews
from bot.services.sampling import erasing
from bot.services.sampling.attempts import attempts_of
from bot.services.sampling.columns import findings_of, set_columns
from bot.services.unit import Unit
from storage.database import ConflictError, Prepared
from storage.tables import Sample

FETCH_LIMIT = 20_000_000
"""Bytes: Telegram gives bots no larger file."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An audio as Telegram describes it. `claimed_*` is the sender's word and proves nothing."""

    file_id: str
    file_unique_id: str
    media: str
    claimed_seconds: int | None
    claimed_bytes: int | None
    forwarded: bool = False


class Forwarded(DomainError):
    """A sample must be one's own recording: forwarded audio is refused."""


class SampleUnderWay(DomainError):
    """There is a sample already that is being checked or heard."""

    state: str


class AlreadyApproved(DomainError):
    """The person needs no further sample."""


class FileTooLarge(DomainError):
    """Telegram does not give bots files of this size (bytes)."""

    limit: int
    size: int


class HeardBefore(DomainError):
    """The very same file was with the reviewers already."""


class NothingToAnswer(DomainError):
    """The question behind the button is settled; `state` tells what became of the sample."""

    state: str


async def receive(unit: Unit, person: Person, upload: Upload) -> None:
    """Take an upload as a sample: it is answered at once and checked soon.

    Raises `Forwarded`, `AlreadyApproved`, `SampleUnderWay`, `HeardBefore`, `AttemptsUsedUp` and
    `FileTooLarge`; nothing of these counts as an attempt. Whoever is not through onboarding is led on.
    """
    await onboarding.begin(unit, person)
    if await onboarding.open_question(unit, person):
        await outbox.send(unit, person.telegram_id, Hint("sample_too_early"))
        await onboarding.ask_next(unit, person)
        return
    await _may_send(unit, person, upload)
    alone = person.speaks[0] if len(person.speaks) == 1 else None
    sample = Sample(
        person_id=person.id,
        state=SampleState.RECEIVED.value,
        file_id=upload.file_id,
        file_unique_id=upload.file_unique_id,
        media=upload.media,
        claimed_seconds=upload.claimed_seconds,
        claimed_bytes=upload.claimed_bytes,
        language=alone,
        created_at=unit.now,
    )
    try:
        await unit.tx.add(sample)
    except ConflictError:
        raise SampleUnderWay(SampleState.RECEIVED) from None
    await audit.record(unit, f"sample:{sample.id}", "sample.received", actor=person.id, after=sample.state)
    await add_job(unit, "check_sample", f"sample:{sample.id}", sample_id=sample.id)
    languages = () if alone else tuple(person.speaks)
    await outbox.send(
        unit,
        person.telegram_id,
        SampleReceived(sample.id, languages),
        about=f"sample:{sample.id}:received",
        topic=f"sample:{sample.id}",
    )


async def _may_send(unit: Unit, person: Person, upload: Upload) -> None:
    if upload.forwarded:
        raise Forwarded
    if person.approved_at is not None:
        raise AlreadyApproved
    live = await live_sample(unit, person)
    if live is not None:
        raise SampleUnderWay(live.state)
    heard = select(Sample.id).where(
        Sample.person_id == person.id,
        Sample.file_unique_id == upload.file_unique_id,
        col(Sample.state).in_(HEARD_SAMPLES),
    )
    if await unit.tx.first(heard):
        raise HeardBefore
    left = await attempts_of(unit, person)
    if not left.allowed:
        raise AttemptsUsedUp(next_at=left.next_at)
    if upload.claimed_bytes is not None and upload.claimed_bytes > FETCH_LIMIT:
        raise FileTooLarge(limit=FETCH_LIMIT, size=upload.claimed_bytes)


_OWN = select(Sample).where(Sample.person_id == bindparam("person_id"))
LIVE = Prepared(_OWN.where(col(Sample.state).in_(LIVE_SAMPLES)))
LATEST = Prepared(_OWN.order_by(col(Sample.id).desc()).limit(1))


async def live_sample(unit: Unit, person: Person) -> Sample | None:
    """The sample that the person's next one has to wait for."""
    return await unit.tx.first(LIVE, person_id=person.id)


async def latest_sample(unit: Unit, person: Person) -> Sample | None:
    """The person's newest sample."""
    return await unit.tx.first(LATEST, person_id=person.id)


async def withdraw(unit: Unit, person: Person, sample: Sample, **changes: Any) -> None:
    """It shall not be heard (any more): no reviewer does, and it is thrown away. `changes` are other columns."""
    if await audit.move(unit, sample, SampleState.WITHDRAWN, actor=person.id, counted=False, **changes):
        await reviews.stop(unit, sample)
        await outbox.cancel(unit, f"sample:{sample.id}", [SampleReceived, SamplePassed])
        await erasing.forget(unit, sample)


async def _own(unit: Unit, person: Person, sample_id: int) -> Sample:
    sample = await unit.tx.get(Sample, sample_id)
    if sample is None or sample.person_id != person.id:
        raise NotYours
    if sample.state != SampleState.RECEIVED:
        raise NothingToAnswer(sample.state)
    return sample


async def answer_agreed(unit: Unit, person: Person, sample_id: int, *, agree: bool) -> Message:
    """Did the other voice agree to the review? Without that nobody hears it and it is thrown away.

    Gives the question as it shall look now. Raises `NotYours` and `NothingToAnswer`.
    """
    sample = await _own(unit, person, sample_id)
    if not agree:
        await withdraw(unit, person, sample, agreed=False)
        return SampleNotAgreed()
    await set_columns(unit, sample, agreed=True)
    await audit.record(unit, f"sample:{sample.id}", "sample.agreed", actor=person.id)
    return await _answered(unit, person, sample)


async def answer_language(unit: Unit, person: Person, sample_id: int, language: str) -> Message:
    """Which of the person's languages is it in? Raises `NotYours`, `NothingToAnswer` and `NotOffered`."""
    sample = await _own(unit, person, sample_id)
    if language not in person.speaks:
        raise onboarding.NotOffered
    await set_columns(unit, sample, language=language)
    return await _answered(unit, person, sample)


async def _answered(unit: Unit, person: Person, sample: Sample) -> Message:
    await queue_if_ready(unit, person, sample)
    languages = tuple(person.speaks) if len(person.speaks) > 1 else ()
    return SampleAnswers(sample.id, sample.agreed, sample.language, languages)


async def queue_if_ready(unit: Unit, person: Person, sample: Sample) -> bool:
    """Send it on to the reviewers once it is checked, agreed to, and its language known."""
    if not (sample.checked_at and sample.agreed and sample.language):
        return False
    if not await audit.move(unit, sample, SampleState.QUEUED, queued_at=unit.now):
        return False
    warnings = tuple(f for f in findings_of(sample) if f.severity is Severity.warn)
    await outbox.cancel(unit, f"sample:{sample.id}", [SamplePassed])
    await outbox.send(
        unit,
        person.telegram_id,
        SampleQueued(sample.id, warnings),
        about=f"sample:{sample.id}:queued",
    )
    await reviews.start(unit, sample)
    for kind in ("compare_sample", "rate_sample"):  # nobody waits for these
        await add_job(unit, kind, f"sample:{sample.id}", sample_id=sample.id)
    return True
