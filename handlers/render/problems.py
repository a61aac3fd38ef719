"""What went wrong, why, and what to do: the words of every domain error.

A subject adds its errors with `@words("ErrorClass")`; a test sees that none is missing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.services.messages.people import Problem
from bot.texts import Html, Speech
from handlers.render import names
from handlers.screen import Screen, renders


class Facts:
    """The facts of an error as it was stored: JSON, so times are text."""

    def __init__(self, facts: dict[str, Any], zone: str) -> None:
        self._facts = facts
        self.zone = ZoneInfo(zone)

    def __getitem__(self, name: str) -> Any:
        return self._facts[name]

    def time(self, name: str) -> datetime | None:
        """A time, or None where there is none."""
        value = self._facts.get(name)
        return datetime.fromisoformat(value) if isinstance(value, str) else value

    def moment(self, name: str, say: Speech) -> Html:
        """A time that must be there, in words."""
        when = self.time(name)
        return say.moment(when, self.zone) if when else Html("")


Words = Callable[[Facts, Speech], Html]
WORDS: dict[str, Words] = {}
"""The words of each error by the name of its class."""


def words(error: str) -> Callable[[Words], Words]:
    """Register the words of an error class."""

    def register(make: Words) -> Words:
        WORDS[error] = make
        return make

    return register


def word(problem: Problem, say: Speech) -> Html:
    """A domain error in a person's words."""
    return WORDS[problem.error](Facts(problem.facts, problem.zone), say)


@renders(Problem)
def problem_screen(message: Problem, say: Speech) -> Screen:
    """A domain error as a message."""
    return Screen(word(message, say))


@words("NotYourRole")
def _(f: Facts, say: Speech) -> Html:
    role = names.ROLES[f["role"]]
    return say.say("This is for {role} only. /help lists what you can do.", role=say.say(role))


@words("StaleButton")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This button is too old to do anything. /start shows what comes next.")


@words("PrivateMatter")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Let us do this in our private chat.")


@words("ForwardedCommand")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("I do not follow forwarded commands. Please type it yourself.")


@words("UnknownCommand")
def _(f: Facts, say: Speech) -> Html:
    return say.say("I do not know {command}. /help lists what I can do.", command=f["command"][:40])


@words("NotOffered")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This answer is not on offer any more. /start asks again.")


@words("LanguagesMissing")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Please tick at least one language first.")


@words("NotABirthYear")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("I need the year as four digits, for example 1998. Please type it again.")


@words("ImpossibleBirthYear")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "The year has to be between {earliest} and {latest}. Please type it again.",
        earliest=f["earliest"],
        latest=f["latest"],
    )


@words("UnderAge")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "You have to be {years} or older to record, so we cannot go on. If you mistyped, type the year again.",
        years=f["years_needed"],
    )


@words("NameMissing")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("I see no name in this. Please type it again, with letters.")


@words("NameTooLong")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "This name is too long: {length} characters, and {limit} are allowed. Please type a shorter one.",
        length=f["length"],
        limit=f["limit"],
    )


@words("InvitationUnknown")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This link does not exist. Please check that you copied all of it, or ask for a new one.")


@words("InvitationUsed")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This link was used already; each works once. Please ask for a new one.")


@words("InvitationExpired")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This link is not valid any more. Please ask for a new one.")


@words("OwnInvitation")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This is your own link. Send it to the person whom you want as your partner.")
