"""From the first word to "you are all set", by the buttons of the chat."""

import pytest
from sqlmodel import select

from bot.rules.consent import CONSENT_VERSION
from storage.tables import Consent, Person
from tests.helpers import a_studio
from tests.stage import Stage


async def known(stage: Stage, telegram_id: int) -> Person:
    """What the database knows of a person."""
    async with stage.app.units.reading() as look:
        return await look.tx.one(select(Person).where(Person.telegram_id == telegram_id))


async def test_every_answer_is_kept(stage: Stage) -> None:
    """All questions in order; at the end the profile holds exactly what was answered."""
    ann = await stage.newcomer("Ann", "en", gender="woman", speaks="en,zh", partner="man", birth_year=1991)
    person = await known(stage, ann.id)
    assert (person.language, person.name, person.birth_year, person.gender, person.partner_wish) == (
        "en",
        "Ann",
        1991,
        "woman",
        "man",
    )
    assert person.speaks == ["zh", "en"]
    assert person.skipped == ["dialect"]
    assert person.onboarded_at is not None
    async with stage.app.units.reading() as look:
        consents = await look.tx.all(
            select(Consent.purpose, Consent.agreed, Consent.version).order_by(Consent.id)
        )
    assert [tuple(row) for row in consents] == [
        ("review", True, CONSENT_VERSION),
        ("recording", True, CONSENT_VERSION),
        ("training", True, CONSENT_VERSION),
    ]


async def test_in_chinese_every_message_is_chinese(stage: Stage) -> None:
    """Whoever chooses 中文 reads no English sentence from then on."""
    mei = await stage.newcomer("小美", "zh")
    await mei.says("/help")
    await mei.says("/privacy")
    await mei.hears("训练")
    read = [text for text in await mei.reads() if "Which language shall we speak" not in text]
    english = [text for text in read if " the " in text.lower() or " you " in text.lower()]
    assert english == []


async def test_start_again_goes_on_where_it_stopped(stage: Stage) -> None:
    """Leaving in the middle, even across a restart of the bot, loses no answer."""
    ann = await stage.client.person("Ann", language_code="en")
    await ann.says("/start")
    await ann.presses(await ann.sees_button("lang:en"))
    await ann.presses(await ann.sees_button(f"consent:review:{CONSENT_VERSION}:yes"))
    await ann.sees_button(f"consent:recording:{CONSENT_VERSION}:yes")
    await stage.lower_curtain()
    await stage.raise_curtain()
    await ann.heard()
    await ann.says("/start")
    again = await ann.hears("Recording")
    assert [button.data for button in again.buttons] == [
        f"consent:recording:{CONSENT_VERSION}:yes",
        f"consent:recording:{CONSENT_VERSION}:no",
    ]


async def test_a_refused_consent_stops_there_and_can_be_taken_back(stage: Stage) -> None:
    """Saying no is fine, is explained, and the button to agree after all goes on."""
    ann = await stage.client.person("Ann", language_code="en")
    await ann.says("/start")
    await ann.presses(await ann.sees_button("lang:en"))
    await ann.presses(await ann.sees_button(f"consent:review:{CONSENT_VERSION}:no"))
    told = await ann.hears("cannot record together")
    await ann.presses(told.buttons[0])
    await ann.sees_button(f"consent:recording:{CONSENT_VERSION}:yes")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("abc", "four digits"),
        ("98", "four digits"),
        ("1850", "between"),
        ("3000", "between"),
        ("2020", "18 or older"),
    ],
)
async def test_a_wrong_birth_year_is_explained_and_asked_again(stage: Stage, typed: str, answer: str) -> None:
    """Each mistake has its own words, and the next attempt counts."""
    ann = await stage.client.person("Ann", language_code="en")
    await ann.says("/start")
    await ann.presses(await ann.sees_button("lang:en"))
    for purpose in ("review", "recording", "training"):
        await ann.presses(await ann.sees_button(f"consent:{purpose}:{CONSENT_VERSION}:yes"))
    await ann.presses(await ann.sees_button("profile:name:keep"))
    await ann.hears("1998")
    await ann.says(typed)
    await ann.hears(answer)
    await ann.says("1990")
    await ann.sees_button("profile:gender:skip")
    assert (await known(stage, ann.id)).birth_year == 1990


async def test_the_city_is_asked_only_where_there_is_one(stage: Stage) -> None:
    """Without a studio no question; with one, its code is the answer."""
    async with stage.app.units.writing("test") as unit:
        await a_studio(unit, "beijing")
        await a_studio(unit, "shanghai")
    ann = await stage.newcomer("Ann", "en", city="shanghai")
    assert (await known(stage, ann.id)).city == "shanghai"


async def test_languages_are_toggles_and_none_is_no_answer(stage: Stage) -> None:
    """Ticks show in place; "done" without any is refused with a word."""
    ann = await stage.client.person("Ann", language_code="en")
    await ann.says("/start")
    await ann.presses(await ann.sees_button("lang:en"))
    for purpose in ("review", "recording", "training"):
        await ann.presses(await ann.sees_button(f"consent:{purpose}:{CONSENT_VERSION}:yes"))
    await ann.presses(await ann.sees_button("profile:name:keep"))
    await ann.hears("1998")
    await ann.says("1990")
    await ann.presses(await ann.sees_button("profile:gender:skip"))
    refused = await ann.presses(await ann.sees_button("profile:speaks:done"))
    assert (refused.text, refused.alert) == ("Please tick at least one language first.", True)
    button = await ann.sees_button("profile:speaks:fr")
    await ann.presses(button)
    ticked = await ann.hears("Which languages")
    while not ticked.edited:
        ticked = await ann.hears("Which languages")
    assert [b.text for b in ticked.buttons if b.text.startswith("✅")] == ["✅ French"]
    assert ticked.message_id == button.message_id


async def test_the_menu_follows_role_and_language(stage: Stage) -> None:
    """An applicant sees applicants' commands, the owner the coordinators' first, in their own language."""
    owner = await stage.owner()
    mei = await stage.newcomer("小美", "zh")
    assert [entry["command"] for entry in await mei.menu()] == [
        "sample", "status", "partner", "slots", "bookings", "start", "help", "language", "cancel", "privacy",
    ]  # fmt: skip
    assert (await owner.menu())[0]["command"] == "studio"
    await owner.says("/language")
    await owner.presses(await owner.sees_button("lang:zh"))
    await owner.hears("中文")
    assert "录音棚" in (await owner.menu())[0]["description"]


async def test_the_owner_is_never_forced_through_onboarding(stage: Stage) -> None:
    """A coordinator's commands work from the first word, without consent or birth year."""
    owner = await stage.client.person("Olga", id=700_001, language_code="en")
    await owner.says("/start")
    await owner.presses(await owner.sees_button("lang:en"))
    await owner.hears("/studio")
    assert [b.data for b in await owner.buttons() if b.data and b.data.startswith("consent:")] == []


async def test_a_coordinator_who_only_looked_can_stop_applying(stage: Stage) -> None:
    """After /sample and /cancel, /start shows the coordinators' commands again, not the consent question."""
    owner = await stage.owner()
    await owner.says("/sample")
    await owner.sees_button(f"consent:review:{CONSENT_VERSION}:yes")
    await owner.says("/cancel")
    await owner.hears("Stopped")
    await owner.heard()
    await owner.says("/start")
    await owner.hears("/newslots")
    assert [entry["command"] for entry in await owner.menu()][-1] == "privacy"
    assert "sample" not in [entry["command"] for entry in await owner.menu()]
