"""Messages of onboarding and of what everybody can ask for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from bot.services.messages.base import Message


@dataclass(frozen=True)
class CityChoice:
    """A city to choose: its code and its names by language."""

    code: str
    names: dict[str, str]


@dataclass(frozen=True)
class CommandMenu(Message):
    """Not a message but the list of commands behind the menu button."""

    in_chat: ClassVar[bool] = False

    commands: tuple[str, ...]


@dataclass(frozen=True)
class AskLanguage(Message):
    """The first question of all, in every language at once."""


@dataclass(frozen=True)
class AskConsent(Message):
    """May the voice be used for this purpose? `first` introduces the whole matter."""

    purpose: str
    version: int
    first: bool = False


@dataclass(frozen=True)
class ConsentNeeded(Message):
    """Without this purpose nobody can take part; how to change one's mind."""

    purpose: str
    version: int


@dataclass(frozen=True)
class AskName(Message):
    """The name as Telegram gives it, or another."""

    suggestion: str


@dataclass(frozen=True)
class AskBirthYear(Message):
    """Four digits, typed."""


@dataclass(frozen=True)
class AskCity(Message):
    """Where does the person want to record?"""

    cities: tuple[CityChoice, ...]


@dataclass(frozen=True)
class AskGender(Message):
    """Own gender, or skip."""


@dataclass(frozen=True)
class AskSpeaks(Message):
    """Languages as toggles; `hears` asks a reviewer which ones they can judge."""

    chosen: tuple[str, ...] = ()
    hears: bool = False


@dataclass(frozen=True)
class AskDialect(Message):
    """Dialect or accent, or skip."""

    options: tuple[str, ...]


@dataclass(frozen=True)
class AskPartnerWish(Message):
    """Whom would the person rather record with?"""


@dataclass(frozen=True)
class SampleGuide(Message):
    """What a sample is and how to send it. `welcome` right after the last question of onboarding."""

    shortest: timedelta | None
    longest: timedelta | None
    welcome: bool = False
    attempts_left: int | None = None


@dataclass(frozen=True)
class RoleWelcome(Message):
    """A role was given by a link; `city` for staff."""

    role: str
    city_names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Help(Message):
    """What this is and which commands the person has."""

    commands: tuple[str, ...]


@dataclass(frozen=True)
class ConsentAnswer:
    """One purpose as the person last answered it."""

    purpose: str
    version: int
    agreed: bool
    at: datetime


@dataclass(frozen=True)
class Privacy(Message):
    """What was agreed to and the current text."""

    version: int
    answers: tuple[ConsentAnswer, ...]


@dataclass(frozen=True)
class Cancelled(Message):
    """What was under way is left; `anything` tells whether there was something.

    `matter` is what was under way, if it was not onboarding: that alone keeps its answers.
    """

    anything: bool
    matter: str = ""


@dataclass(frozen=True)
class Hint(Message):
    """A word on what the person just did that leads nowhere, before the next useful step."""

    about: str


@dataclass(frozen=True)
class Problem(Message):
    """A domain error in a person's words: its class and its facts. `zone` tells times."""

    error: str
    facts: dict[str, Any] = field(default_factory=dict)
    zone: str = "UTC"


@dataclass(frozen=True)
class SomethingBroke(Message):
    """An update kept failing and was set aside: the person is told once. `unreadable` if nothing understands it."""

    unreadable: bool = False


@dataclass(frozen=True)
class SlowDown(Message):
    """Too much came at once: what came on top was left unread."""


@dataclass(frozen=True)
class WriteInPrivate(Message):
    """In a group: this works in the private chat only."""

    bot_username: str
