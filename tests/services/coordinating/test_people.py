"""`/people`: who is found by what, and what a story tells."""

from dataclasses import replace

import pytest

from bot.rules.errors import NotYours
from bot.rules.roles import Role
from bot.services import people
from bot.services.booking import cancelling, rescue
from bot.services.coordinating import people_search, people_story
from bot.services.messages.bookings import Strikes
from bot.services.messages.stories import (
    DutyLine,
    Found,
    FoundPeople,
    Head,
    PersonCard,
    PersonSamples,
    PersonSessions,
    PersonShifts,
    PersonStrikes,
    SampleLine,
    SessionLine,
)
from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import Shift
from tests.helpers import NOON, a_person, a_sample
from tests.services.scene import ANN, BO, HOUR, MONDAY, OWNER, Scene

ZONE = "Asia/Shanghai"


async def _search(unit: Unit, _person: Person, words: str) -> FoundPeople:
    return await people_search.search(unit, words)


async def _listed(unit: Unit, _person: Person, view: str) -> FoundPeople:
    return await people_search.listed(unit, view)


async def _rename(unit: Unit, person: Person, **columns: object) -> None:
    await people.change(unit, person, **columns)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("ann", ["Ann"]),
        ("@zoe", ["Zoe"]),
        ("@oe", []),
        ("@", []),
        ("%", []),
        ("_", ["Zoe"]),
        ("16", ["Fay"]),
        ("#16", ["Fay"]),
        ("小美", ["小美"]),
        ("nobody", []),
        ("99999999999999999999", []),
    ],
)
async def test_who_is_found(scene: Scene, words: str, names: list[str]) -> None:
    """A part of a name in any case, a username from its beginning, a number; signs of the database mean nothing."""
    await scene.act(17, _rename, username="Zoe_writes")
    await scene.act(15, _rename, name="小美")
    found = await scene.act(OWNER, _search, words)
    assert [one.name for one in found.people] == names


async def test_many_are_counted(scene: Scene) -> None:
    """The first eight are named, those seen last first; the rest is a number."""
    for number in range(10):
        async with scene.units.writing(f"person {number}") as unit:
            await a_person(unit, 100 + number, f"Same {number}")
    found = await scene.act(OWNER, _search, "same")
    assert [one.name for one in found.people] == [f"Same {number}" for number in range(9, 1, -1)]
    assert (found.more, found.query) == (2, "same")


async def test_the_list_of_those_with_strikes(scene: Scene) -> None:
    """Only who has one that nobody lifted."""
    assert (await scene.act(OWNER, _listed, "strikes")).people == ()
    booking = await scene.booked(1)
    scene.clock.now = MONDAY - HOUR
    await scene.act(ANN, cancelling.cancel, booking)
    ann = await _id(scene, ANN)
    assert await scene.act(OWNER, _listed, "strikes") == FoundPeople("", (Found(ann, "Ann"),), 0, "strikes")


async def _id(scene: Scene, who: int) -> int:
    async with scene.units.reading() as look:
        person = await people.by_telegram_id(look, who)
        assert person is not None
        return person.id


async def _page(scene: Scene, who: int, name: str, number: int = 0) -> object:
    person_id = await _id(scene, who)

    async def look(unit: Unit, _coordinator: Person) -> object:
        return await people_story.page(unit, person_id, name, number)

    return await scene.act(OWNER, look)


async def test_the_whole_story(scene: Scene) -> None:
    """Where they stand, samples with verdicts, sessions, strikes and shifts, each on its page."""
    async with scene.units.writing("a past") as unit:
        ann = await people.by_telegram_id(unit, ANN)
        assert ann is not None
        await a_sample(unit, ann, state="rejected", reasons=["noise"])
        await people.grant(unit, ann, Role.STAFF, city="beijing")
        await unit.tx.add(
            Shift(
                slot_id=2,
                person_id=ann.id,
                state="declined",
                starts_at=MONDAY,
                ends_at=MONDAY + 3 * HOUR,
                asked_at=unit.now,
            )
        )
    late, ahead = await scene.booked(1), await scene.booked(3)
    scene.clock.now = MONDAY - 6 * HOUR
    await scene.act(ANN, rescue.leave, late)
    head = Head(ann.id, ANN, "Ann", None, ZONE)
    card = await _page(scene, ANN, "card")
    assert isinstance(card, PersonCard)
    assert replace(card, city_names={}) == PersonCard(
        head,
        "pair",
        NOON,
        NOON,
        True,
        ("applicant", "staff"),
        "beijing",
        {},
        ("en",),
        None,
        "Bo",
        "rejected",
        1,
        Strikes(1, 2),
    )
    assert await _page(scene, ANN, "samples") == PersonSamples(
        head, (SampleLine(NOON, "rejected", ("noise",)),)
    )
    first, second = await scene.view(1), await scene.view(3)
    assert await _page(scene, ANN, "sessions") == PersonSessions(
        head,
        (
            SessionLine(ahead, second, "confirmed", "Bo"),
            SessionLine(late, first, "rescue", "Bo", left=True),
        ),
    )
    noted = await _page(scene, ANN, "strikes")
    assert isinstance(noted, PersonStrikes)
    assert [(one.kind, one.does) for one in noted.lines] == [("late_cancel", "counts")]
    assert await _page(scene, ANN, "shifts") == PersonShifts(
        head, (DutyLine(await scene.view(2, "open"), "declined"),)
    )


async def test_what_happened_is_read_page_by_page(scene: Scene) -> None:
    """The latest first, nothing twice, nothing left out, until there is no more."""
    booking = await scene.booked(1)
    await scene.act(ANN, cancelling.cancel, booking)
    seen: list[object] = []
    page, more = 0, True
    while more:
        found = await _page(scene, BO, "log", page)
        assert found is not None
        seen += list(found.lines)  # type: ignore[attr-defined]
        page, more = page + 1, found.more  # type: ignore[attr-defined]
    events = [(line.event, line.by) for line in seen]  # type: ignore[attr-defined]
    assert events == [
        ("booking.cancelled", "Ann"),
        ("booking.confirmed", "Bo"),
        ("booking.held", "Ann"),
        ("pair.active", ""),
        *[("consent.given", "Bo")] * 3,
    ]


async def test_no_such_page_and_nobody(scene: Scene) -> None:
    """A forged button leads nowhere."""
    assert await _page(scene, ANN, "diary") is None

    async def look(unit: Unit, _coordinator: Person) -> object:
        return await people_story.page(unit, 999, "card")

    with pytest.raises(NotYours):
        await scene.act(OWNER, look)
