"""What a newcomer is asked, in which order, and which answers count.

Nothing is asked twice, nothing that cannot matter is asked, and no sample comes before every answer.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from bot.rules.errors import ImpossibleBirthYear, NameMissing, NameTooLong, NotABirthYear, UnderAge

LANGUAGES = ("zh", "en", "yue", "ja", "ko", "es", "fr", "de", "ru")
"""Codes of the languages a person can say they speak, in the order offered."""

DIALECTS: Mapping[str, tuple[str, ...]] = {
    "zh": ("mandarin", "northeastern", "sichuan", "wu", "min", "hakka", "other"),
    "en": ("american", "british", "australian", "indian", "other"),
}
"""The dialects offered for a language; the others have none to choose from."""

GENDERS = ("woman", "man", "nonbinary")
PARTNER_WISHES = ("any", "woman", "man")

ADULT_AT = 18
OLDEST = 120
NAME_LIMIT = 64


class Purpose(StrEnum):
    """What a voice may be used for; consent is asked for each by itself."""

    REVIEW = "review"
    RECORDING = "recording"
    TRAINING = "training"
    CLONING = "cloning"
    EXCERPT = "excerpt"


REQUIRED_PURPOSES = (Purpose.REVIEW, Purpose.RECORDING, Purpose.TRAINING)
"""Without these nobody can take part. The others are optional, off, and never asked in onboarding: cloning nowhere, the
excerpt for a partner when somebody first looks for one."""


class Question(StrEnum):
    """The questions of onboarding, in the order they are asked."""

    LANGUAGE = "language"
    CONSENT_REVIEW = "consent_review"
    CONSENT_RECORDING = "consent_recording"
    CONSENT_TRAINING = "consent_training"
    NAME = "name"
    BIRTH_YEAR = "birth_year"
    CITY = "city"
    GENDER = "gender"
    SPEAKS = "speaks"
    DIALECT = "dialect"
    PARTNER = "partner"

    @property
    def purpose(self) -> Purpose | None:
        """The purpose a consent question asks about; ``None`` for every other question."""
        return _CONSENTS.get(self)


_CONSENTS: Mapping[Question, Purpose] = {
    Question.CONSENT_REVIEW: Purpose.REVIEW,
    Question.CONSENT_RECORDING: Purpose.RECORDING,
    Question.CONSENT_TRAINING: Purpose.TRAINING,
}

SKIPPABLE = frozenset({Question.GENDER, Question.DIALECT, Question.PARTNER})
"""Questions a person may leave open; what is not known is neutral."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a person. `consents` holds the text's version agreed to, by purpose."""

    language: str | None = None
    consents: Mapping[Purpose, int] = field(default_factory=dict)
    name: str | None = None
    birth_year: int | None = None
    city: str | None = None
    gender: str | None = None
    speaks: tuple[str, ...] = ()
    dialect: str | None = None
    partner: str | None = None
    skipped: frozenset[Question] = frozenset()


def dialects_for(speaks: Iterable[str]) -> tuple[str, ...]:
    """The dialects to offer somebody who speaks these languages, each once, ``other`` last."""
    offered = dict.fromkeys(dialect for code in speaks for dialect in DIALECTS.get(code, ()))
    return tuple(sorted(offered, key=lambda dialect: dialect == "other"))


def next_question(profile: Profile, *, cities: bool, consent_version: int) -> Question | None:
    """What to ask next; ``None`` once everything is answered.

    The city is asked only where there is one to choose (`cities`), the dialect only where a spoken language
    has some. A consent to another version than `consent_version` is none, so a new text is asked again.
    """
    for question in Question:
        if question in SKIPPABLE and question in profile.skipped:
            continue
        if _is_open(question, profile, cities=cities, consent_version=consent_version):
            return question
    return None


def _is_open(question: Question, profile: Profile, *, cities: bool, consent_version: int) -> bool:
    purpose = question.purpose
    if purpose is not None:
        return profile.consents.get(purpose) != consent_version
    if question is Question.CITY:
        return cities and profile.city is None
    if question is Question.DIALECT:
        offered = dialects_for(profile.speaks)
        # Whoever changes their languages may be left with a dialect of one they no longer speak.
        return bool(offered) and profile.dialect not in offered
    if question is Question.SPEAKS:
        return not profile.speaks
    return getattr(profile, question.value) is None


def check_birth_year(text: str, today: date) -> int:
    """Read a typed birth year: four digits of any script, with spaces around them.

    Only the year is asked, so age is the difference of the years.

    Raises `NotABirthYear`, `ImpossibleBirthYear` (ahead of `today`, or over 120 years back) and `UnderAge`.
    """
    digits = text.strip()
    if len(digits) != 4 or not digits.isdecimal():
        raise NotABirthYear
    year = int(digits)
    age = today.year - year
    if not 0 <= age <= OLDEST:
        raise ImpossibleBirthYear(earliest=today.year - OLDEST, latest=today.year)
    if age < ADULT_AT:
        raise UnderAge(years_needed=ADULT_AT)
    return year


_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ZERO_WIDTH = "\u00ad\u200b\u2060\ufeff"
# Letters and symbols by category that nevertheless show nothing.
_BLANKS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def check_name(text: str) -> str:
    """Tidy a typed name: trimmed, single spaces, without control and text-direction characters.

    Joiners stay, since some scripts and emoji need them.

    Raises `NameMissing` when nothing visible is left and `NameTooLong` beyond 64 characters.
    """
    kept = "".join(char for char in text if char.isspace() or not _is_unwanted(char))
    name = " ".join(kept.split())
    if not any(_is_visible(char) for char in name):
        raise NameMissing
    if len(name) > NAME_LIMIT:
        raise NameTooLong(limit=NAME_LIMIT, length=len(name))
    return name


def _is_unwanted(char: str) -> bool:
    # Cs: a lone half of a surrogate pair, which no database and no message can carry.
    return char in _BIDI or char in _ZERO_WIDTH or unicodedata.category(char) in ("Cc", "Cs")


def _is_visible(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in _BLANKS
