"""The order of onboarding's questions and the reading of typed answers."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.errors import (
    DomainError,
    ImpossibleBirthYear,
    NameMissing,
    NameTooLong,
    NotABirthYear,
    UnderAge,
)
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

TODAY = date(2026, 11, 22)
COMPLETE = Profile(
    language="zh",
    consents=dict.fromkeys(REQUIRED_PURPOSES, 2),
    name="Li Wei",
    birth_year=1990,
    city="beijing",
    gender="woman",
    speaks=("zh", "en"),
    dialect="mandarin",
    partner="any",
)


def answer(profile: Profile, question: Question) -> Profile:
    """The profile after a plain answer to the question."""
    if question.purpose is not None:
        return replace(profile, consents={**profile.consents, question.purpose: 2})
    if question is Question.SPEAKS:
        return replace(profile, speaks=("zh",))
    if question is Question.BIRTH_YEAR:
        return replace(profile, birth_year=1990)
    values = {Question.DIALECT: "wu", Question.LANGUAGE: "zh", Question.PARTNER: "any"}
    return replace(profile, **{question.value: values.get(question, "x")})


def asked_in_order(*, cities: bool) -> list[Question]:
    """Every question a newcomer hears, answering each."""
    profile, asked = Profile(), []
    while (question := next_question(profile, cities=cities, consent_version=2)) is not None:
        assert question not in asked
        asked.append(question)
        profile = answer(profile, question)
    return asked


def test_a_newcomer_is_asked_everything_once_in_order() -> None:
    """The order of the enum is the order of onboarding."""
    assert asked_in_order(cities=True) == list(Question)


def test_without_a_studio_there_is_no_city_to_ask_for() -> None:
    """The city is asked once the first studio exists, also of those who came before it."""
    assert asked_in_order(cities=False) == [
        question for question in Question if question is not Question.CITY
    ]
    early = replace(COMPLETE, city=None)
    assert next_question(early, cities=False, consent_version=2) is None
    assert next_question(early, cities=True, consent_version=2) is Question.CITY


@pytest.mark.parametrize("question", sorted(SKIPPABLE))
def test_a_skipped_question_is_not_asked_again(question: Question) -> None:
    """Skipping is an answer to the questions that may stay open."""
    unknown = replace(COMPLETE, **{question.value: None})
    assert next_question(unknown, cities=True, consent_version=2) is question
    skipping = replace(unknown, skipped=frozenset({question}))
    assert next_question(skipping, cities=True, consent_version=2) is None


def test_a_required_question_cannot_be_skipped() -> None:
    """Whatever a forged press claims to skip, the required questions stay."""
    sly = Profile(skipped=frozenset(Question))
    assert next_question(sly, cities=True, consent_version=2) is Question.LANGUAGE
    nameless = replace(COMPLETE, name=None, skipped=frozenset(Question))
    assert next_question(nameless, cities=True, consent_version=2) is Question.NAME


def test_a_new_consent_text_is_asked_again_purpose_by_purpose() -> None:
    """Consent holds for the version it was given to."""
    assert next_question(COMPLETE, cities=True, consent_version=3) is Question.CONSENT_REVIEW
    half = replace(COMPLETE, consents={**COMPLETE.consents, Purpose.REVIEW: 3})
    assert next_question(half, cities=True, consent_version=3) is Question.CONSENT_RECORDING


def test_what_is_optional_is_never_asked_in_onboarding() -> None:
    """Cloning and excerpts are off; every other purpose has its question."""
    asked = {question.purpose for question in Question} - {None}
    assert asked == set(Purpose) - {Purpose.CLONING, Purpose.EXCERPT} == set(REQUIRED_PURPOSES)


@pytest.mark.parametrize(
    ("speaks", "dialect", "question"),
    [
        (("ja",), None, None),
        (("ja", "en"), None, Question.DIALECT),
        (("en",), "mandarin", Question.DIALECT),
        (("zh",), "other", None),
    ],
)
def test_the_dialect_is_asked_where_a_spoken_language_has_some(
    speaks: tuple[str, ...], dialect: str | None, question: Question | None
) -> None:
    """A dialect of a language no longer spoken does not count."""
    profile = replace(COMPLETE, speaks=speaks, dialect=dialect)
    assert next_question(profile, cities=True, consent_version=2) is question


def test_dialects_of_several_languages_are_offered_once_with_other_last() -> None:
    """Both lists end in "other"; it is one button."""
    assert dialects_for(("zh", "fr", "en")) == (*DIALECTS["zh"][:-1], *DIALECTS["en"])
    assert dialects_for(("fr",)) == ()


def test_offered_values_fit_into_callback_data() -> None:
    """Values travel as ``profile:speaks:<value>``: short, and free of the separator."""
    values = {
        *LANGUAGES,
        *GENDERS,
        *PARTNER_WISHES,
        *(value for names in DIALECTS.values() for value in names),
    }
    assert not {
        value for value in values if not value.isidentifier() or len(value) > 12 or value in ("skip", "done")
    }
    assert set(DIALECTS) <= set(LANGUAGES)


@pytest.mark.parametrize("text", ["1990", "  1990\n", "１９９０", "\u30001990"])
def test_a_birth_year_is_read_as_people_type_it(text: str) -> None:
    """Chinese keyboards make full-width digits and spaces."""
    assert check_birth_year(text, TODAY) == 1990


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", NotABirthYear()),
        ("90", NotABirthYear()),
        ("19900", NotABirthYear()),
        ("199o", NotABirthYear()),
        ("+199", NotABirthYear()),
        ("19.9", NotABirthYear()),
        ("1_90", NotABirthYear()),
        ("²⁰⁰¹", NotABirthYear()),
        ("2027", ImpossibleBirthYear(earliest=1906, latest=2026)),
        ("1905", ImpossibleBirthYear(earliest=1906, latest=2026)),
        ("0000", ImpossibleBirthYear(earliest=1906, latest=2026)),
        ("2026", UnderAge(years_needed=18)),
        ("2009", UnderAge(years_needed=18)),
    ],
)
def test_a_wrong_birth_year_says_what_is_wrong(text: str, error: DomainError) -> None:
    """Each mistake is its own error."""
    with pytest.raises(type(error)) as caught:
        check_birth_year(text, TODAY)
    assert caught.value == error


@pytest.mark.parametrize("year", [1906, 2008])
def test_the_oldest_and_the_youngest_birth_year_count(year: int) -> None:
    """Both ends are inside."""
    assert check_birth_year(str(year), TODAY) == year


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("李伟", "李伟"),
        ("  Anna \t  Lena\n", "Anna Lena"),
        ("Eve\u202egnp.exe\u202c", "Evegnp.exe"),
        ("A\x00 \x07 B", "A B"),
        ("\ufeffBo\u200b", "Bo"),
        ("👩‍👧", "👩‍👧"),
        ("half\ud83d", "half"),
        ("x" * 64, "x" * 64),
        (" " * 80 + "x", "x"),
    ],
)
def test_a_name_is_tidied(text: str, name: str) -> None:
    """Trimmed, single spaces, nothing that hides or turns text round; emoji stay whole."""
    assert check_name(text) == name


@pytest.mark.parametrize("text", ["", " \n", "\u202e\u202c", "\u3164", "\u200d", "\u2800 \u2800"])
def test_a_name_nobody_can_see_is_none(text: str) -> None:
    """Blank letters and lone joiners show nothing."""
    with pytest.raises(NameMissing):
        check_name(text)


def test_a_long_name_is_refused_with_its_length() -> None:
    """The limit counts what is left after tidying."""
    with pytest.raises(NameTooLong) as caught:
        check_name("  " + "x" * 65)
    assert caught.value == NameTooLong(limit=64, length=65)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "M", "Z", "C")), max_size=80))
def test_a_tidy_name_stays_as_it_is(text: str) -> None:
    """Tidying twice is tidying once, and the result can be stored and shown."""
    try:
        name = check_name(text)
    except (NameMissing, NameTooLong):
        return
    assert check_name(name) == name
    assert name.encode()
    assert name == name.strip()
    assert 1 <= len(name) <= 64
    assert not set(name) & set("\n\t\u202e\u2066\x00")
