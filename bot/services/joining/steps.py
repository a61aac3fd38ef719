"""The next useful step of a person, whatever they just did."""

from bot.rules.roles import Role, commands_for
from bot.services import outbox, people
from bot.services.joining import onboarding
from bot.services.messages.people import Help
from bot.services.messages.status import SampleStatus, Status
from bot.services.pairing import partners
from bot.services.people import Person
from bot.services.places import zone_of
from bot.services.reviewing.verdicts import appealable
from bot.services.sampling.columns import findings_of
from bot.services.sampling.samples import latest_sample, live_sample
from bot.services.unit import Unit


async def begin(unit: Unit, person: Person) -> None:
    """Say what comes next: the open question, where an applicant stands, or what a role can do.

    Whoever holds no role wants to record: that is what people come for.
    """
    roles = await people.roles_of(unit, person)
    if roles == {Role.APPLICANT}:
        await onboarding.begin(unit, person)
    await go_on(unit, person)


async def go_on(unit: Unit, person: Person) -> None:
    """Ask the next question, or say where the person stands."""
    if await onboarding.ask_next(unit, person):
        return
    if person.applying:
        await outbox.send(unit, person.telegram_id, await status(unit, person))
    else:
        roles = await people.roles_of(unit, person)
        await outbox.send(unit, person.telegram_id, Help(commands=commands_for(roles)))


async def settled(unit: Unit, person: Person) -> bool:
    """Whether no question is open."""
    return await onboarding.open_question(unit, person) is None


async def status(unit: Unit, person: Person) -> Status:
    """Where an applicant stands."""
    sample = await live_sample(unit, person) or await latest_sample(unit, person)
    shown = None
    if sample is not None:
        shown = SampleStatus(
            sample_id=sample.id,
            state=sample.state,
            waits_for_sender=sample.agreed is None or sample.language is None,
            findings=findings_of(sample),
            reasons=tuple(sample.reasons),
            appealed=sample.round > 1,
            can_appeal=appealable(person, sample),
        )
    question = await onboarding.open_question(unit, person)
    return Status(
        open_question=question.value if question else None,
        sample=shown,
        approved=person.approved_at is not None,
        guide=await onboarding.guide(unit, person),
        zone=await zone_of(unit, person),
        partner=await partners.status(unit, person),
    )
