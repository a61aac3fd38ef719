"""Secret links to calendars: told once, kept as digests, ended by a press, and no more than their person may see."""

import itertools
import re
from datetime import timedelta

import pytest
from sqlmodel import col, delete, select, update

from bot.rules.errors import NotYours
from bot.rules.policy import Policy
from bot.rules.roles import Role
from bot.services import people
from bot.services.calendars import links
from bot.services.messages.calendars import CalendarLink, CalendarLinkEnded, CalendarStands, StudioName
from bot.services.unit import House, Unit
from storage.tables import Audit, CalendarFeed, OutboxRow, RoleGrant, Studio
from tests.helpers import NOON, a_studio
from tests.services.scene import ANN, BO, OWNER, STRANGER, Scene

PAGES = "https://bot.example.org"
ZONE = "Asia/Shanghai"
NUMBERS = itertools.count()


@pytest.fixture
def house() -> House:
    """One whose pages can be reached."""
    return House(Policy(), owners=frozenset({OWNER}), bot_username="duologue_bot", public_url=PAGES)


async def link(scene: Scene, who: int, studio_id: int | None = None) -> str:
    """Let somebody make a link; gives its secret."""
    async with scene.units.writing(f"{who} makes a link {next(NUMBERS)}") as unit:
        person = await people.by_telegram_id(unit, who)
        assert person is not None
        await links.make(unit, person, studio_id)
    told = await scene.last(who, kind=CalendarLink)
    assert isinstance(told, CalendarLink)
    found = re.fullmatch(re.escape(PAGES) + r"/calendar/([\w-]{43})\.ics", told.url)
    assert found
    return found[1]


async def opens(scene: Scene, secret: str) -> bool:
    """Whether a calendar can be read with a secret."""
    async with scene.units.reading() as look:
        return await links.behind(look, secret) is not None


async def staff(scene: Scene, who: int, city: str) -> None:
    """Make somebody one of the staff of a city."""

    async def grant(unit: Unit, person: people.Person) -> None:
        await people.grant(unit, person, Role.STAFF, city=city)

    await scene.act(who, grant)


async def test_a_link_opens_until_it_is_ended(scene: Scene) -> None:
    """And is shown as what it is: since when, whether it is read."""
    assert await scene.act(ANN, links.stands) == CalendarStands(ZONE)
    secret = await link(scene, ANN)
    assert await opens(scene, secret)
    assert await scene.act(ANN, links.stands) == CalendarStands(ZONE, made_at=NOON)
    assert await scene.act(ANN, links.end) == CalendarStands(ZONE)
    assert not await opens(scene, secret)
    assert await scene.act(ANN, links.end) == CalendarStands(ZONE)
    events = await scene.all(
        select(Audit.event).where(col(Audit.event).like("person.calendar%")).order_by(col(Audit.id))
    )
    assert events == ["person.calendar_made", "person.calendar_ended"]


async def test_a_new_link_ends_the_old_one(scene: Scene) -> None:
    """There is one of each sort, and others keep theirs."""
    bos, first = await link(scene, BO), await link(scene, ANN)
    second = await link(scene, ANN)
    assert [await opens(scene, secret) for secret in (bos, first, second)] == [True, False, True]
    assert len({bos, first, second}) == 3
    assert len(await scene.all(select(CalendarFeed))) == 2


async def test_the_secret_leaves_the_chat_with_the_link(scene: Scene) -> None:
    """What was sent is changed; what waits to be sent never goes out."""
    await link(scene, ANN)
    async with scene.units.writing("sent") as unit:
        await unit.tx.change(
            update(OutboxRow).where(col(OutboxRow.kind) == "CalendarLink").values(state="sent", message_id=5)
        )
    await scene.act(ANN, links.end)
    assert await scene.last(ANN) == CalendarLinkEnded()
    await link(scene, ANN)
    await scene.act(ANN, links.end)
    states = select(OutboxRow.state).where(OutboxRow.kind == "CalendarLink").order_by(col(OutboxRow.id))
    assert await scene.all(states) == ["sent", "cancelled"]


async def test_the_table_cannot_open_a_calendar(scene: Scene) -> None:
    """It has digests; and what is not exactly the secret opens nothing."""
    secret = await link(scene, ANN)
    feed = await scene.one(select(CalendarFeed))
    assert re.fullmatch("[0-9a-f]{64}", feed.digest)
    for wrong in ("", feed.digest, secret[:-1], secret + "A", secret.swapcase(), "\ud800", "'--"):
        assert not await opens(scene, wrong)


async def test_a_studios_calendar_is_for_who_works_there(scene: Scene) -> None:
    """A coordinator has every one, staff those of their city, others none; whoever stops working reads no more."""
    async with scene.units.writing("another") as unit:
        await a_studio(unit, "sydney")
    names = {studio.id: studio.names for studio in await scene.all(select(Studio))}
    both = tuple(StudioName(number, names[number]) for number in (1, 2))
    assert (await scene.act(OWNER, links.stands)).studios in (both, both[::-1])
    assert (await scene.act(ANN, links.stands)).studios == ()
    await staff(scene, BO, "beijing")
    assert (await scene.act(BO, links.stands)).studios == both[:1]
    assert await scene.act(BO, links.stands, 1) == CalendarStands(ZONE, both[0])
    for who, studio_id in ((ANN, 1), (BO, 2), (STRANGER, 1), (OWNER, 3)):
        for deed in (links.stands, links.make, links.end):
            with pytest.raises(NotYours):
                await scene.act(who, deed, studio_id)
    secret, own = await link(scene, BO, 1), await link(scene, BO)
    async with scene.units.writing("dismissed") as unit:
        await unit.tx.change(delete(RoleGrant).where(col(RoleGrant.city) == "beijing"))
    assert [await opens(scene, one) for one in (secret, own)] == [False, True]


async def test_a_closed_studio_has_no_calendar(scene: Scene) -> None:
    """Its link shows nothing any more."""
    secret = await link(scene, OWNER, 1)
    async with scene.units.writing("close") as unit:
        await unit.tx.change(update(Studio).values(closed_at=NOON))
    assert not await opens(scene, secret)


async def test_reading_is_noted_now_and_then(scene: Scene) -> None:
    """Once an hour at most: that is enough to see that a link is used."""
    secret = await link(scene, ANN)
    stale = []
    for minutes in (0, 30, 61, 62):
        scene.clock.now = NOON + timedelta(minutes=minutes)
        async with scene.units.writing(f"read {minutes}") as unit:
            feed = await links.behind(unit, secret)
            assert feed is not None
            stale.append(links.is_stale(unit, feed))
            if stale[-1]:
                await links.note_read(unit, feed.id)
    assert stale == [True, False, True, False]
    read_at = NOON + timedelta(minutes=61)
    assert await scene.act(ANN, links.stands) == CalendarStands(ZONE, None, NOON, read_at)


async def test_without_pages_there_are_no_links(scene: Scene) -> None:
    """Nobody is promised what cannot be read."""
    scene.units.house = House(Policy(), owners=frozenset({OWNER}))
    for deed in (links.stands, links.make, links.end):
        with pytest.raises(links.NoPublicPages):
            await scene.act(ANN, deed)
