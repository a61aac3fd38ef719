"""Appeals: once a sample, to people who have not voted on it; where none is left, a coordinator decides."""

from sqlmodel import col, update

from bot.rules import review as rules
from bot.rules.errors import AlreadyAppealed, DomainError, NotYours, ReasonMissing
from bot.rules.review import Reason
from bot.rules.states import SampleState
from bot.services import audit, outbox
from bot.services.messages.reviews import AppealTaken, ReviewCard
from bot.services.people import Person
from bot.services.reviewing import review_cards, reviewers, reviews, verdicts, votes
from bot.services.sampling.samples import AlreadyApproved, SampleUnderWay, live_sample
from bot.services.timers import drop_timers
from bot.services.unit import Unit
from storage.tables import Sample


class RecordingErased(DomainError):
    """There is nothing left to hear."""


async def appeal(unit: Unit, person: Person, sample_id: int) -> None:
    """Let others hear a rejected sample.

    Raises `NotYours`, `NotRejected`, `AlreadyAppealed`, `AlreadyApproved`, `SampleUnderWay` and
    `RecordingErased`.
    """
    sample = await unit.tx.get(Sample, sample_id)
    if sample is None or sample.person_id != person.id:
        raise NotYours
    refusal = rules.may_appeal(SampleState(sample.state), appealed_before=sample.round > 1)
    if refusal is not None:
        raise refusal
    if person.approved_at is not None:
        raise AlreadyApproved
    newer = await live_sample(unit, person)
    if newer is not None:
        raise SampleUnderWay(newer.state)
    if sample.audio_key is None:
        raise RecordingErased
    told = verdicts.verdict_about(sample)
    verdict = await verdicts.rejection(unit, person, sample, appealed=True)
    if not await audit.move(unit, sample, SampleState.APPEALED, actor=person.id, round=sample.round + 1):
        raise AlreadyAppealed
    await drop_timers(unit, f"sample:{sample.id}", ["forget_rejected"])
    await outbox.edit_about(unit, person.telegram_id, told, verdict)
    await outbox.send(unit, person.telegram_id, AppealTaken(sample.id), about=f"sample:{sample.id}:appeal")
    await reviews.advance(unit, sample)


# --- the coordinator's decision


async def case_of(unit: Unit, person: Person, sample_id: int) -> Sample:
    """The appeal behind a coordinator's card. Raises `NotYours` and `votes.ReviewOver`."""
    sample = await reviews.undecided(unit, sample_id)
    known = sample or await unit.tx.get(Sample, sample_id)
    if (
        known is None
        or known.round < 2
        or person.id not in {p.id for p in await reviewers.judges(unit, known)}
    ):
        raise NotYours
    if sample is None:
        raise await votes.what_became(unit, known.id, known.round)
    return sample


async def uphold(unit: Unit, person: Person, sample: Sample) -> None:
    """The appeal is right: the sample is approved."""
    await verdicts.conclude(unit, sample, approve=True, by="coordinator", actor=person.id)


def begin_dismissal(person: Person, sample: Sample) -> ReviewCard:
    """The card that asks for the reasons of a rejection, with those ticked before."""
    return _card(sample, _ticked(person, sample))


async def toggle(unit: Unit, person: Person, sample: Sample, reason: Reason) -> ReviewCard:
    """Tick or untick a reason; gives the card as it shall look now."""
    ticked = _ticked(person, sample) ^ {reason.value}
    drafts = {**sample.drafts, str(person.id): sorted(ticked)}
    await unit.tx.change(update(Sample).where(col(Sample.id) == sample.id).values(drafts=drafts))
    sample.drafts = drafts
    return _card(sample, ticked)


async def dismiss(unit: Unit, person: Person, sample: Sample) -> None:
    """The sample stays rejected, for the reasons that are ticked; raises `ReasonMissing` if none is."""
    reasons = _in_order(_ticked(person, sample))
    if not reasons:
        raise ReasonMissing
    await verdicts.conclude(unit, sample, approve=False, by="coordinator", reasons=reasons, actor=person.id)


def _ticked(person: Person, sample: Sample) -> set[str]:
    return set(sample.drafts.get(str(person.id), ()))


def _in_order(ticked: set[str]) -> tuple[str, ...]:
    return tuple(reason.value for reason in Reason if reason.value in ticked)


def _card(sample: Sample, ticked: set[str]) -> ReviewCard:
    playback = review_cards.playback(sample)
    return ReviewCard(f"j{sample.id}", playback, seat="judge", ticking=_in_order(ticked))
