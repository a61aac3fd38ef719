"""Onboarding, and what everybody can ask for."""

from datetime import timedelta

from bot.rules.onboarding import DIALECTS, LANGUAGES, Purpose
from bot.rules.roles import Role, commands_for
from bot.services.messages import Message
from bot.services.messages import people as m
from tests.handlers.examples.common import BOT, CITY, NAME, NOW

MIN, MAX = timedelta(minutes=2), timedelta(minutes=3)
COMMANDS = commands_for(Role)

EXAMPLES: tuple[Message, ...] = (
    m.CommandMenu(COMMANDS),
    m.AskLanguage(),
    *(m.AskConsent(purpose, 1, first=purpose == Purpose.REVIEW) for purpose in Purpose),
    *(m.ConsentNeeded(purpose, 1) for purpose in Purpose),
    m.AskName(NAME),
    m.AskName("<b>&" * 20),
    m.AskBirthYear(),
    m.AskCity((m.CityChoice("beijing", CITY), m.CityChoice("sydney", {}))),
    m.AskGender(),
    m.AskSpeaks(),
    m.AskSpeaks(LANGUAGES, hears=True),
    *(m.AskDialect(options) for options in DIALECTS.values()),
    m.AskPartnerWish(),
    m.SampleGuide(MIN, MAX, welcome=True, attempts_left=3),
    m.SampleGuide(timedelta(seconds=90), MAX, attempts_left=1),
    m.SampleGuide(MIN, None),
    m.SampleGuide(None, MAX),
    m.SampleGuide(None, None),
    m.RoleWelcome("reviewer"),
    m.RoleWelcome("staff", CITY),
    m.RoleWelcome("coordinator"),
    m.Help(COMMANDS),
    m.Privacy(2, ()),
    m.Privacy(
        2,
        (
            m.ConsentAnswer("review", 2, True, NOW),
            m.ConsentAnswer("recording", 1, True, NOW),
            m.ConsentAnswer("training", 2, False, NOW),
        ),
    ),
    m.Cancelled(anything=True),
    m.Cancelled(anything=True, matter="newslots"),
    m.Cancelled(anything=False),
    *(
        m.Hint(about)
        for about in ("sample_too_early", "language_changed", "words", "video", "document", "other")
    ),
    m.SomethingBroke(),
    m.SomethingBroke(unreadable=True),
    m.SlowDown(),
    m.WriteInPrivate(BOT),
)
