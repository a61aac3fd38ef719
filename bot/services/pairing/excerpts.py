"""Ten seconds of somebody's approved sample for whom they are proposed to, if they agree to that.

Everybody decides about their own excerpt. It is cut when it is first needed, and kept until the consent is taken back
or the sample's audio is erased; one that is not cut yet when a proposal goes out follows when it is.
"""

from dataclasses import dataclass

import structlog
from sqlmodel import col, select

from bot.rules.audio import LENGTH, AudioFacts, Unreadable, liveliest
from bot.rules.consent import CONSENT_VERSION
from bot.rules.onboarding import Purpose
from bot.rules.states import OPEN_PROPOSALS, SampleState
from bot.services import outbox, people
from bot.services.jobs import add_job
from bot.services.joining import onboarding
from bot.services.messages.partners import ProposalExcerpt
from bot.services.messages.people import AskConsent
from bot.services.pairing.proposal_cards import BY_INVITATION, open_ones, other_of
from bot.services.people import Person, first_name
from bot.services.ports import Ports
from bot.services.sampling import erasing
from bot.services.unit import Unit, Units
from storage.tables import Excerpt, Proposal, Sample

log = structlog.get_logger()

CUT = "cut_excerpt"
"""The kind of job that makes one."""


@dataclass(frozen=True, slots=True)
class Source:
    """The sample that an excerpt may be cut from, and the consent (its id) that allows it."""

    sample: Sample
    consent_id: int


async def ask_once(unit: Unit, person: Person) -> None:
    """Ask whether others may hear an excerpt; only who was never asked, and nobody waits for the answer."""
    if Purpose.EXCERPT not in await onboarding.consents(unit, person):
        question = AskConsent(Purpose.EXCERPT.value, CONSENT_VERSION)
        await outbox.send(
            unit, person.telegram_id, question, about=f"person:{person.id}:excerpt:{CONSENT_VERSION}"
        )


async def source(unit: Unit, person: Person) -> Source | None:
    """What an excerpt of somebody may be cut from; None without their consent or the audio."""
    consent = (await onboarding.in_force(unit, person)).get(Purpose.EXCERPT)
    if consent is None:
        return None
    sample = await unit.tx.first(
        select(Sample)
        .where(Sample.person_id == person.id, Sample.state == SampleState.APPROVED.value)
        .where(col(Sample.audio_key).is_not(None), col(Sample.facts).is_not(None))
        .order_by(col(Sample.id).desc())
        .limit(1)
    )
    return Source(sample, consent.id) if sample else None


async def share(unit: Unit, proposal: Proposal, of: Person, to: Person) -> None:
    """Let one of a proposal's two hear the other one, now or as soon as it is cut.

    Not by an invitation: friends know each other.
    """
    if proposal.kind == BY_INVITATION or proposal.state not in OPEN_PROPOSALS:
        return
    found = await source(unit, of)
    if found is None:
        return
    sample = found.sample
    made = await unit.tx.get(Excerpt, sample.id)
    if made is None:
        await add_job(unit, CUT, f"sample:{sample.id}:{found.consent_id}", sample_id=sample.id)
        return
    await outbox.send(
        unit,
        to.telegram_id,
        ProposalExcerpt(first_name(of), made.key),
        about=f"proposal:{proposal.id}:excerpt",
        topic=erasing.excerpt_topic(sample.id),
        expires_at=proposal.expires_at,
    )


async def share_all(unit: Unit, person: Person) -> None:
    """Let everybody who looks at a proposal with this person hear them."""
    for proposal in await open_ones(unit, person):
        await share(unit, proposal, person, await other_of(unit, proposal, person))


async def cut(units: Units, ports: Ports, sample_id: int) -> None:
    """Cut the excerpt of a sample, keep it, and send it to whoever waits for it. Done again, it changes nothing."""
    async with units.reading() as look:
        sample = await look.tx.get(Sample, sample_id)
    if sample is None or sample.audio_key is None or not sample.facts:
        return
    facts = AudioFacts.from_json(sample.facts)
    try:
        data = await ports.store.get(sample.audio_key)
        piece = await ports.ears.excerpt(data, liveliest(facts.turns, facts.duration), LENGTH)
    except (FileNotFoundError, Unreadable) as error:
        log.warning("sample.no_excerpt", sample=sample_id, error=repr(error))
        return
    key = await ports.store.put(piece, "ogg")
    async with units.writing(f"excerpt of {sample_id}", "work.excerpt") as unit:
        person = await people.by_id(unit, sample.person_id)
        found = await source(unit, person)
        if found is None or found.sample.id != sample_id:  # taken back, or erased, meanwhile
            await add_job(unit, "erase_audio", f"sample:{sample_id}:excerpt:{unit.now.isoformat()}", key=key)
            return
        await unit.tx.add_new(Excerpt(sample_id=sample_id, key=key, made_at=unit.now))
        await share_all(unit, person)


async def forget(unit: Unit, person: Person) -> None:
    """The consent was taken back: nothing is kept, and what has not gone out does not go."""
    rows = await unit.tx.all(
        select(Sample)
        .join(Excerpt, col(Excerpt.sample_id) == col(Sample.id))
        .where(Sample.person_id == person.id)
    )
    for sample in rows:
        await erasing.forget_excerpt(unit, sample)
