"""What is kept of a sample besides its row, and how all of it is forgotten.

Rows let go of it in a transaction, which also queues the jobs that erase the bytes.
"""

from datetime import datetime, timedelta

from sqlalchemy import String, and_, cast
from sqlmodel import col, delete, or_, select

from bot.rules.policy import Span, later
from bot.rules.states import HEARD_SAMPLES, SampleState
from bot.services import audit, outbox
from bot.services.jobs import add_job
from bot.services.messages.reviews import SameRecording
from bot.services.messages.samples import SamplePicture
from bot.services.people import Person
from bot.services.ports import Ports
from bot.services.sampling.columns import set_columns
from bot.services.timers import set_timer
from bot.services.unit import Unit, Units
from storage.tables import Excerpt, Fingerprint, Sample

AT_LEAST = timedelta(hours=1)
"""However short the policy's time is: a picture has to be sent first."""


async def forget_audio(unit: Unit, sample: Sample) -> None:
    """Let the kept audio be erased, once this transaction stands. Its picture stays."""
    if sample.audio_key:
        await add_job(unit, "erase_audio", f"sample:{sample.id}", key=sample.audio_key)
        await set_columns(unit, sample, audio_key=None)


def excerpt_topic(sample_id: int) -> str:
    """What the messages with an excerpt of a sample have in common."""
    return f"sample:{sample_id}:excerpt"


async def forget_excerpt(unit: Unit, sample: Sample) -> None:
    """Let the excerpt be erased, if one was cut; what has not gone out does not go."""
    made = await unit.tx.get(Excerpt, sample.id)
    if made is not None:
        await unit.tx.change(delete(Excerpt).where(col(Excerpt.sample_id) == sample.id))
        about = f"sample:{sample.id}:excerpt:{made.made_at.isoformat()}"
        await add_job(unit, "erase_audio", about, key=made.key)
    await outbox.cancel(unit, excerpt_topic(sample.id))


async def forget(unit: Unit, sample: Sample) -> None:
    """Let everything be erased by which the recording can be heard, seen or found again."""
    await forget_audio(unit, sample)
    await forget_excerpt(unit, sample)
    for language, key in (sample.pictures or {}).items():
        await add_job(unit, "erase_audio", f"sample:{sample.id}:picture:{language}", key=key)
    if sample.pictures is not None or sample.copies is not None:
        await set_columns(unit, sample, pictures=None, copies=None)
    await unit.tx.change(delete(Fingerprint).where(col(Fingerprint.sample_id) == sample.id))
    await outbox.cancel(unit, f"sample:{sample.id}", [SamplePicture])
    await outbox.cancel(unit, copies_topic(sample.id), [SameRecording])


def copies_topic(sample_id: int) -> str:
    """What the notices to coordinators about copies of others have in common."""
    return f"sample:{sample_id}:copies"


async def forget_all(unit: Unit, person: Person) -> None:
    """Nothing that the person ever sent is kept any more."""
    kept = or_(col(Sample.audio_key).is_not(None), col(Sample.pictures).is_not(None))
    for sample in await unit.tx.all(select(Sample).where(Sample.person_id == person.id, kept)):
        await forget(unit, sample)


def _refused_until(now: datetime, span: Span) -> datetime | None:
    return later(now, span if span is None else max(span, AT_LEAST))


async def keep_refused(unit: Unit, sample: Sample) -> None:
    """Of a refused sample only the picture is kept, for as long as rejected audio is."""
    await forget_audio(unit, sample)
    if sample.pictures:
        due_at = _refused_until(unit.now, unit.policy.retention.rejected_audio)
        await set_timer(unit, "forget_refused", f"sample:{sample.id}", due_at, sample_id=sample.id)


async def forget_old(unit: Unit, sample_id: int) -> None:
    """A rejected or refused sample was kept for long enough: erase it, unless it is being heard again."""
    sample = await unit.tx.get(Sample, sample_id)
    if sample is not None and sample.state in (SampleState.REJECTED, SampleState.REFUSED):
        await forget(unit, sample)
        await audit.record(unit, f"sample:{sample_id}", "sample.audio_erased")


async def erase(units: Units, ports: Ports, key: str) -> None:
    """Erase kept audio or a picture, unless another sample still needs the same bytes."""
    async with units.reading() as look:
        heard = col(Sample.state).in_([*HEARD_SAMPLES, SampleState.RECEIVED])
        pictured = cast(Sample.pictures, String).contains(key, autoescape=True)
        needed = or_(and_(col(Sample.audio_key) == key, heard), pictured)
        if await look.tx.first(select(Sample.id).where(needed)):
            return
        if await look.tx.first(select(Excerpt.sample_id).where(Excerpt.key == key)):
            return
    await ports.store.delete(key)
