"""Lead a newcomer from the first word to the first sample, one question at a time.

The open question is never stored: it follows from what is known, so `/start` goes on where it stopped, a
question answered twice is harmless, and a new question or consent text simply becomes the next one.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam
from sqlmodel import col, func, select

from bot.rules.consent import CONSENT_VERSION
from bot.rules.errors import DomainError
from bot.rules.onboarding import (
    DIALECTS,
    GENDERS,
    LANGUAGES,
    PARTNER_WISHES,
    REQUIRED_PURPOSES,
    SKIPPABLE,
    Profile,
    Purpose,
    Question,
    check_birth_year,
    check_name,
    dialects_for,
    next_question,
)
from bot.rules.roles import Role
from bot.services import audit, outbox, people
from bot.services.messages import Message
from bot.services.messages.people import (
    AskBirthYear,
    AskCity,
    AskConsent,
    AskDialect,
    AskGender,
    AskLanguage,
    AskName,
    AskPartnerWish,
    AskSpeaks,
    CityChoice,
    ConsentAnswer,
    ConsentNeeded,
    Privacy,
    SampleGuide,
)
from bot.services.people import Person
from bot.services.sampling.attempts import attempts_of
from bot.services.timers import ring_soon
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import City, Consent, Studio


class NotOffered(DomainError):
    """The answer is none of those that the question offers: an old or a forged button."""


class LanguagesMissing(DomainError):
    """At least one language has to be chosen."""


_NEWEST = (
    select(func.max(Consent.id))
    .where(Consent.person_id == bindparam("person_id"))
    .group_by(col(Consent.purpose))
)
CONSENTS = Prepared(select(Consent).where(col(Consent.id).in_(_NEWEST)))
CITIES = Prepared(
    select(City)
    .where(col(City.code).in_(select(Studio.city).where(col(Studio.closed_at).is_(None))))
    .order_by(City.code)
)


async def consents(unit: Unit, person: Person) -> dict[Purpose, Consent]:
    """The newest answer to each purpose that was ever asked."""
    rows = await unit.tx.all(CONSENTS, person_id=person.id)
    return {Purpose(row.purpose): row for row in rows}


async def in_force(unit: Unit, person: Person) -> dict[Purpose, Consent]:
    """What the person agrees to, in the current text's version."""
    given = await consents(unit, person)
    return {purpose: row for purpose, row in given.items() if row.agreed and row.version == CONSENT_VERSION}


async def agreed(unit: Unit, person: Person) -> bool:
    """Whether every purpose that is needed was agreed to, in the current text's version."""
    return set(REQUIRED_PURPOSES) <= set(await in_force(unit, person))


async def profile_of(unit: Unit, person: Person) -> Profile:
    """What is known of a person, as the rules want it."""
    given = await consents(unit, person)
    return Profile(
        language=person.language,
        consents={purpose: row.version for purpose, row in given.items() if row.agreed},
        name=person.name,
        birth_year=person.birth_year,
        city=person.city,
        gender=person.gender,
        speaks=tuple(person.speaks),
        dialect=person.dialect,
        partner=person.partner_wish,
        skipped=frozenset(Question(name) for name in person.skipped),
    )


async def cities(unit: Unit) -> Sequence[City]:
    """Every city with a studio that is not closed, by code."""
    return await unit.tx.all(CITIES)


async def open_question(unit: Unit, person: Person) -> Question | None:
    """What the person has to answer next; None for whoever is through, or never wanted to record."""
    if person.language is None:
        return Question.LANGUAGE
    if person.applying:
        profile = await profile_of(unit, person)
        return next_question(profile, cities=bool(await cities(unit)), consent_version=CONSENT_VERSION)
    if not person.speaks and Role.REVIEWER in await people.roles_of(unit, person):
        return Question.SPEAKS
    return None


async def ask_hears(unit: Unit, person: Person) -> None:
    """Ask a reviewer which languages they hear samples in."""
    await outbox.send(unit, person.telegram_id, AskSpeaks(chosen=_ticked(person), hears=True))


async def begin(unit: Unit, person: Person) -> None:
    """The person wants to record: from now on an applicant."""
    if not person.applying:
        await people.change(unit, person, applying=True)
        await people.send_menu(unit, person)


async def stop_applying(unit: Unit, person: Person) -> bool:
    """Who holds a role and tried out recording is not led through its questions any more; False if not so.

    The answers are kept, and `/sample` goes on with them. Who has no role is here to record.
    """
    roles = await people.roles_of(unit, person)
    if not person.applying or person.onboarded_at is not None or roles == {Role.APPLICANT}:
        return False
    await people.change(unit, person, applying=False)
    await people.send_menu(unit, person)
    return True


async def ask_next(unit: Unit, person: Person) -> bool:
    """Ask the open question again or for the first time; False if nothing is open.

    In the moment in which the last answer arrives, the person is onboarded and told how to go on.
    """
    question = await open_question(unit, person)
    if question is not Question.SPEAKS:
        typed = question in (Question.NAME, Question.BIRTH_YEAR)
        await people.expect(unit, person, question.value if question and typed else None)
    if question is not None:
        await outbox.send(unit, person.telegram_id, await _asking(unit, person, question))
        return True
    if person.applying and person.onboarded_at is None:
        await people.change(unit, person, onboarded_at=unit.now)
        await audit.record(unit, f"person:{person.id}", "person.onboarded", actor=person.id)
        await outbox.send(unit, person.telegram_id, await guide(unit, person, welcome=True))
        return True
    return False


async def ask_again(unit: Unit, person: Person, question: Question) -> None:
    """Ask a settled question once more, for a change of mind: the languages, ticked as they are, or the city."""
    if question is Question.SPEAKS:
        await people.expect(unit, person, question.value, chosen=list(person.speaks))
    await outbox.send(unit, person.telegram_id, await _asking(unit, person, question))


async def guide(unit: Unit, person: Person, *, welcome: bool = False) -> SampleGuide:
    """How to send a sample, with the attempts that are left."""
    sample = unit.policy.sample
    left = (await attempts_of(unit, person)).left
    return SampleGuide(shortest=sample.min, longest=sample.max, welcome=welcome, attempts_left=left)


async def _asking(unit: Unit, person: Person, question: Question) -> Message:
    if question.purpose is not None:
        first = question is Question.CONSENT_REVIEW
        return AskConsent(purpose=question.purpose.value, version=CONSENT_VERSION, first=first)
    if question is Question.CITY:
        choices = tuple(CityChoice(city.code, city.names) for city in await cities(unit))
        return AskCity(cities=choices)
    if question is Question.DIALECT:
        return AskDialect(options=dialects_for(person.speaks))
    if question is Question.NAME:
        return AskName(suggestion=person.telegram_name)
    if question is Question.SPEAKS:
        return AskSpeaks(chosen=_ticked(person), hears=not person.applying)
    plain = {
        Question.LANGUAGE: AskLanguage,
        Question.BIRTH_YEAR: AskBirthYear,
        Question.GENDER: AskGender,
        Question.PARTNER: AskPartnerWish,
    }
    return plain[question]()


async def answer_consent(unit: Unit, person: Person, purpose: str, version: int, *, agree: bool) -> None:
    """Keep an answer to one purpose; the newest answer counts and none is ever edited.

    Raises `NotOffered` for a purpose or a version of the text that is not being asked any more.
    """
    if purpose not in set(Purpose) or version != CONSENT_VERSION:
        raise NotOffered
    await unit.tx.add(
        Consent(
            person_id=person.id,
            purpose=purpose,
            version=version,
            agreed=agree,
            language=person.language or "en",
            at=unit.now,
        )
    )
    await audit.record(
        unit,
        f"person:{person.id}",
        "consent.given" if agree else "consent.refused",
        actor=person.id,
        after=purpose,
        version=version,
    )
    if not agree and Purpose(purpose) in REQUIRED_PURPOSES:
        await people.expect(unit, person, None)
        await outbox.send(unit, person.telegram_id, ConsentNeeded(purpose=purpose, version=version))


async def answer_name(unit: Unit, person: Person, text: str) -> None:
    """Take a typed name, or the one that Telegram shows; raises `NameMissing` or `NameTooLong`."""
    await people.change(unit, person, name=check_name(text))


async def answer_birth_year(unit: Unit, person: Person, text: str) -> None:
    """Take a typed birth year; raises `NotABirthYear`, `ImpossibleBirthYear` or `UnderAge`."""
    await people.change(unit, person, birth_year=check_birth_year(text, unit.now.date()))


async def answer_city(unit: Unit, person: Person, code: str) -> None:
    """Take a city by its code; raises `NotOffered` if no studio stands there."""
    if code not in {city.code for city in await cities(unit)}:
        raise NotOffered
    await people.change(unit, person, city=code)


_CHOICES = {
    Question.GENDER: ("gender", GENDERS),
    Question.PARTNER: ("partner_wish", PARTNER_WISHES),
    Question.DIALECT: ("dialect", tuple({name for names in DIALECTS.values() for name in names})),
}


async def answer_choice(unit: Unit, person: Person, question: Question, value: str) -> None:
    """Take gender, dialect or wished partner, or "skip"; raises `NotOffered`."""
    column, offered = _CHOICES[question]
    skipped = [name for name in person.skipped if name != question.value]
    if value == "skip" and question in SKIPPABLE:
        await people.change(unit, person, **{column: None, "skipped": [*skipped, question.value]})
    elif value in offered:
        await people.change(unit, person, **{column: value, "skipped": skipped})
    else:
        raise NotOffered


async def toggle_speaks(unit: Unit, person: Person, language: str) -> AskSpeaks:
    """Tick or untick a language; gives the question with the ticks as they are now.

    The ticks are kept beside the open question until `answer_speaks` takes them. Raises `NotOffered`.
    """
    if language not in LANGUAGES:
        raise NotOffered
    now = set(_ticked(person)) ^ {language}
    chosen = tuple(code for code in LANGUAGES if code in now)
    await people.expect(unit, person, Question.SPEAKS.value, chosen=list(chosen))
    return AskSpeaks(chosen=chosen, hears=not person.applying)


def _ticked(person: Person) -> tuple[str, ...]:
    expecting = person.expecting or {}
    return tuple(expecting.get("chosen", ())) if expecting.get("what") == Question.SPEAKS.value else ()


async def answer_speaks(unit: Unit, person: Person) -> None:
    """Take the languages that are ticked; raises `LanguagesMissing` if none is."""
    chosen = _ticked(person)
    if not chosen:
        raise LanguagesMissing
    await people.change(unit, person, speaks=list(chosen), expecting=None)
    if Role.REVIEWER in await people.roles_of(unit, person):
        await ring_soon(unit, "fill_seats", "reviews")  # they may hear more samples now


async def privacy(unit: Unit, person: Person) -> Privacy:
    """What the person agreed to, when, and in which version."""
    given = await consents(unit, person)
    answers = (
        ConsentAnswer(purpose.value, row.version, row.agreed, row.at)
        for purpose, row in sorted(given.items(), key=lambda item: list(Purpose).index(item[0]))
    )
    return Privacy(version=CONSENT_VERSION, answers=tuple(answers))
