"""Studios: adding, asking people for their city, changing, closing, and being led through it."""

import pytest

from bot.rules.commands import AddStudio, ChangeStudio, Invite, parse_studio
from bot.rules.errors import NameMissing
from bot.rules.oneline import BadCityCode, BadRooms, CommandError, UnknownZone
from bot.rules.slots import BadDate, BadLength, BadTime, OverlappingTimes
from bot.services import people
from bot.services.booking import holds
from bot.services.coordinating import inviting
from bot.services.joining.onboarding import NotOffered
from bot.services.messages.bookings import BookingCancelled
from bot.services.messages.people import AskCity, CityChoice
from bot.services.messages.shifts import ShiftsCancelled
from bot.services.messages.slots import AskPlan, BatchPreview
from bot.services.messages.studios import ConfirmClosing, StudioCard, StudioClosed, StudioView
from bot.services.studio import shifts, slot_draft, studio_changes, studio_draft, studios
from bot.services.studio.studio_changes import ZoneInUse
from bot.services.studio.studio_draft import StepOver
from bot.services.studio.studios import StudioExists, StudioIsClosed, UnknownCity, UnknownStudio
from bot.services.unit import Units
from tests.helpers import MovableClock, a_person
from tests.services.planning import ANN, BEN, BO, OWNER, Planning

NORTH = AddStudio("beijing", "North", "Asia/Shanghai", rooms=2, zh="北棚", address="1 <North> Road")
VIEW = StudioView(
    studio_id=1,
    city="beijing",
    city_names={"en": "Beijing"},
    names={"en": "North", "zh": "北棚"},
    zone="Asia/Shanghai",
    rooms=2,
    address="1 <North> Road",
)


@pytest.fixture
async def planning(units: Units, clock: MovableClock) -> Planning:
    """Nobody but Olga, and nothing yet."""
    planning = Planning(units, clock)
    async with units.writing("begin") as unit:
        await people.arrive(unit, people.Visitor(OWNER, "Olga"))
    return planning


async def change(planning: Planning, line: str) -> StudioCard | ConfirmClosing:
    """What Olga is shown for `/studio change …`."""
    wanted = parse_studio(line)
    assert isinstance(wanted, ChangeStudio)
    return await planning.act(OWNER, studio_changes.change, wanted)


# --- adding


async def test_a_studio_is_added_with_its_city_and_rooms(planning: Planning) -> None:
    """The answer tells what stands, and what is missing to run sessions there."""
    added = await planning.act(OWNER, studios.add, NORTH)
    assert (added.studio, added.asked, added.staff, added.staff_needed) == (VIEW, 0, 0, 2)
    async with planning.units.reading() as look:
        assert (await studios.listing(look)).studios == (VIEW,)
        assert [room.number for room in await studios.rooms(look, await studios.get(look, 1))] == [1, 2]


async def test_the_same_name_twice_in_a_city_is_refused(planning: Planning) -> None:
    """In any language; in another city it is fine."""
    await planning.act(OWNER, studios.add, NORTH)
    with pytest.raises(StudioExists) as caught:
        await planning.act(OWNER, studios.add, AddStudio("beijing", "北棚", "Asia/Shanghai"))
    assert caught.value == StudioExists("北棚", 1)
    await planning.act(OWNER, studios.add, AddStudio("berlin", "North", "Europe/Berlin", city_zh="柏林"))


async def test_the_first_studio_of_a_city_asks_who_has_none(planning: Planning) -> None:
    """Each city once: not those still in onboarding, unreachable, or with a city."""
    async with planning.units.writing("people") as unit:
        await a_person(unit, 31)
        await a_person(unit, 32, onboarded_at=None)
        await a_person(unit, 33, reachable=False)
    beijing = CityChoice("beijing", {"en": "Beijing"})
    assert (await planning.act(OWNER, studios.add, NORTH)).asked == 1
    assert await planning.told(31, AskCity) == [AskCity((beijing,))]
    again = AddStudio("beijing", "South", "Asia/Shanghai")
    assert (await planning.act(OWNER, studios.add, again)).asked == 0
    async with planning.units.writing("settled") as unit:
        await a_person(unit, 34, city="beijing")
    other = AddStudio("berlin", "Spree", "Europe/Berlin", city_zh="柏林")
    assert (await planning.act(OWNER, studios.add, other)).asked == 1
    berlin = CityChoice("berlin", {"en": "Berlin", "zh": "柏林"})
    # the first question had not gone out yet, so it is replaced
    assert await planning.told(31, AskCity) == [AskCity((beijing, berlin))]
    assert [await planning.told(who, AskCity) for who in (32, 33, 34)] == [[], [], []]


# --- changing


async def test_every_field_can_be_changed(planning: Planning) -> None:
    """An empty value takes the old one away; the city's names too."""
    await planning.act(OWNER, studios.add, NORTH)
    line = (
        'change 1 name="North Star" zh= address= map=https://m.example/1 rooms=3 zone=Asia/Tokyo city_zh=北京'
    )
    assert await change(planning, line) == StudioCard(
        StudioView(
            studio_id=1,
            city="beijing",
            city_names={"en": "Beijing", "zh": "北京"},
            names={"en": "North Star"},
            zone="Asia/Tokyo",
            rooms=3,
            map_url="https://m.example/1",
        ),
        changed=True,
    )


async def test_the_zone_stays_while_times_were_planned_in_it(units: Units, clock: MovableClock) -> None:
    """They would all move."""
    planning = await Planning(units, clock).build(staff=0, needed=0)
    await planning.opened()
    with pytest.raises(ZoneInUse) as caught:
        await change(planning, "change 1 zone=Asia/Tokyo")
    assert caught.value == ZoneInUse(4, "Asia/Shanghai")


async def test_fewer_rooms_need_a_yes_when_times_are_planned_there(units: Units, clock: MovableClock) -> None:
    """The question changes nothing; the yes cancels what is in those rooms, and a closed room comes back."""
    planning = await Planning(units, clock).build(staff=0, needed=0, rooms=2)
    await planning.opened("beijing 2026-12-01 09:00 3h")
    shown = await change(planning, "change 1 rooms=1")
    assert isinstance(shown, ConfirmClosing)
    assert (shown.free, shown.booked, shown.rooms, shown.studio.rooms) == (1, (), 1, 2)
    closed = await planning.act(OWNER, studio_changes.close, 1, keep=1)
    assert isinstance(closed, StudioCard)
    assert closed.studio.rooms == 1
    assert await planning.states() == ["open", "cancelled"]
    back = await change(planning, "change 1 rooms=2")
    assert back.studio.rooms == 2


async def test_a_field_by_button_and_typed_words(planning: Planning) -> None:
    """A wrong value is asked for again; a hyphen takes away what may be missing."""
    await planning.act(OWNER, studios.add, NORTH)
    await planning.act(OWNER, studio_changes.ask_field, 1, "rooms")
    with pytest.raises(BadRooms):
        await planning.act(OWNER, studio_changes.answer_field, "many")
    shown = await planning.act(OWNER, studio_changes.answer_field, "4")
    assert shown.studio.rooms == 4
    await planning.act(OWNER, studio_changes.ask_field, 1, "address")
    assert (await planning.act(OWNER, studio_changes.answer_field, "-")).studio.address == ""
    await planning.act(OWNER, studio_changes.ask_field, 1, "name")
    shown = await planning.act(OWNER, studio_changes.answer_field, "South / 南棚")
    assert shown.studio.names == {"en": "South", "zh": "南棚"}
    with pytest.raises(NotOffered):
        await planning.act(OWNER, studio_changes.ask_field, 1, "city")


# --- closing


async def test_closing_tells_first_and_keeps_what_is_booked(units: Units, clock: MovableClock) -> None:
    """Free times are cancelled and their staff told; the booked session takes place."""
    planning = await booked(units, clock)
    shown = await look_at_closing(planning)
    assert (shown.free, [slot.slot_id for slot in shown.booked]) == (3, [1])
    assert await planning.states() == ["taken", "open", "draft", "draft"]
    closed = await planning.act(OWNER, studio_changes.close, 1)
    assert isinstance(closed, StudioClosed)
    assert (closed.cancelled, closed.kept, closed.called_off) == (3, 1, 0)
    assert await planning.states() == ["taken", "cancelled", "cancelled", "cancelled"]
    (lost,) = await planning.told(BEN, ShiftsCancelled)
    assert [slot.slot_id for slot in lost.slots] == [2]
    with pytest.raises(StudioIsClosed):
        await planning.act(OWNER, studio_changes.close, 1)
    with pytest.raises(studios.NoStudioYet):
        await planning.preview()


async def test_closing_can_call_off_what_is_booked(units: Units, clock: MovableClock) -> None:
    """Both of the pair and the staff are told."""
    planning = await booked(units, clock)
    closed = await planning.act(OWNER, studio_changes.close, 1, booked_too=True)
    assert isinstance(closed, StudioClosed)
    assert (closed.cancelled, closed.kept, closed.called_off) == (3, 0, 1)
    assert await planning.states() == ["cancelled"] * 4
    for who in (ANN, BO):
        assert len(await planning.told(who, BookingCancelled)) == 1
    told = await planning.told(BEN, ShiftsCancelled)
    assert sorted(slot.slot_id for message in told for slot in message.slots) == [1, 2]


async def booked(units: Units, clock: MovableClock) -> Planning:
    """Slot 1 is booked by Ann and Bo, slot 2 is open, both run by Ben; 3 and 4 wait for staff."""
    planning = await Planning(units, clock).build(staff=1, needed=1)
    await planning.opened()
    for slot_id in (1, 2):
        await planning.act(BEN, shifts.answer, await planning.shift(BEN, slot_id), yes=True)
    await planning.act(ANN, holds.book, 1, None)
    await planning.act(BO, holds.agree, 1)
    return planning


async def look_at_closing(planning: Planning) -> ConfirmClosing:
    """What closing would touch."""
    async with planning.units.reading() as look:
        return await studio_changes.closing(look, 1)


async def test_an_unknown_number_lists_the_known_ones(planning: Planning) -> None:
    """So that the next try works."""
    await planning.act(OWNER, studios.add, NORTH)
    async with planning.units.reading() as look:
        with pytest.raises(UnknownStudio) as caught:
            await studio_changes.closing(look, 7)
    assert caught.value == UnknownStudio(7, (1,))


# --- being led


async def test_a_new_studio_question_by_question(planning: Planning) -> None:
    """Typed and pressed answers, a mistake, a step back, a pause; nothing stands before the last yes."""
    first = await planning.act(OWNER, studio_draft.begin)
    assert (first.step, first.cities) == ("city", ())
    with pytest.raises(BadCityCode):
        await planning.act(OWNER, studio_draft.answer, "北京")
    assert (await planning.act(OWNER, studio_draft.answer, "Beijing")).step == "city_names"
    assert (await planning.act(OWNER, studio_draft.answer, "Beijing / 北京")).step == "name"
    with pytest.raises(NameMissing):
        await planning.act(OWNER, studio_draft.answer, " / ")
    zone = await planning.act(OWNER, studio_draft.answer, "North / 北棚")
    assert (zone.step, zone.zones) == ("zone", ("Asia/Shanghai",))
    with pytest.raises(UnknownZone):
        await planning.act(OWNER, studio_draft.answer, "Beijing time")
    rooms = await planning.act(OWNER, studio_draft.answer, "Asia/Shanghai", step="zone")
    assert rooms.step == "rooms"
    with pytest.raises(StepOver):
        await planning.act(OWNER, studio_draft.answer, "Asia/Tokyo", step="zone")
    with pytest.raises(StepOver):
        await planning.act(OWNER, studio_draft.answer, "skip", step="rooms")
    with pytest.raises(StepOver):
        await planning.act(OWNER, studio_draft.finish)
    assert (await planning.act(OWNER, studio_draft.back, "rooms")).step == "zone"
    await planning.act(OWNER, studio_draft.answer, "Asia/Shanghai", step="zone")
    await planning.act(OWNER, studio_draft.answer, "2", step="rooms")
    assert (await planning.act(OWNER, studio_draft.begin)).step == "address"
    await planning.act(OWNER, studio_draft.answer, "1 <North> Road")
    assert (await planning.act(OWNER, studio_draft.answer, "skip", step="map")).step == "done"
    async with planning.units.reading() as look:
        assert (await studios.listing(look)).studios == ()
    added = await planning.act(OWNER, studio_draft.finish)
    assert added.studio == StudioView(**{**vars(VIEW), "city_names": {"en": "Beijing", "zh": "北京"}})
    with pytest.raises(StepOver):
        await planning.act(OWNER, studio_draft.finish)


async def test_a_known_city_is_not_named_again(planning: Planning) -> None:
    """The second studio of a city goes straight to its own name, with the zone of the first."""
    await planning.act(OWNER, studios.add, NORTH)
    await planning.act(OWNER, studio_draft.begin)
    assert (await planning.act(OWNER, studio_draft.answer, "beijing", step="city")).step == "name"
    assert (await planning.act(OWNER, studio_draft.answer, "南棚")).zones == ("Asia/Shanghai",)
    for step, value in (("zone", "Asia/Shanghai"), ("rooms", "1"), ("address", "skip"), ("map", "skip")):
        await planning.act(OWNER, studio_draft.answer, value, step=step)
    added = await planning.act(OWNER, studio_draft.finish)
    assert (added.studio.studio_id, added.studio.names, added.asked) == (2, {"zh": "南棚"}, 0)


async def test_slots_question_by_question(planning: Planning) -> None:
    """With one city the first question is for the days; the last answer gives the preview."""
    with pytest.raises(studios.NoStudioYet):
        await planning.act(OWNER, slot_draft.begin)
    await planning.act(OWNER, studios.add, NORTH)
    days = await planning.act(OWNER, slot_draft.begin)
    assert (days.step, days.options) == ("dates", ("7", "14", "28"))
    errors: list[tuple[str, type[CommandError]]] = [("tomorrow", BadDate)]
    await refused(planning, errors)
    times = await planning.act(OWNER, slot_draft.press, "dates", "0")
    assert isinstance(times, AskPlan)
    assert times.answers["dates"] == "2026-11-21..2026-11-27"
    await refused(planning, [("nine", BadTime)])
    length = await planning.act(OWNER, slot_draft.answer, "9:00 14:00")
    assert isinstance(length, AskPlan)
    assert (length.step, length.answers["times"]) == ("length", "09:00,14:00")
    await refused(planning, [("long", BadLength), ("6h", OverlappingTimes)])
    with pytest.raises(StepOver):
        await planning.act(OWNER, slot_draft.press, "dates", "0")
    with pytest.raises(StepOver):
        await planning.act(OWNER, slot_draft.press, "length", "9")
    assert (await planning.act(OWNER, slot_draft.back, "length")).step == "times"
    await planning.act(OWNER, slot_draft.press, "times", "0")
    shown = await planning.act(OWNER, slot_draft.press, "length", "1")
    assert isinstance(shown, BatchPreview)
    assert shown.count == 7 * 3 * 2
    with pytest.raises(StepOver):
        await planning.act(OWNER, slot_draft.press, "length", "1")


async def refused(planning: Planning, answers: list[tuple[str, type[CommandError]]]) -> None:
    """Each of these typed answers has its own error, and the question stays open."""
    for text, error in answers:
        with pytest.raises(error):
            await planning.act(OWNER, slot_draft.answer, text)


async def test_with_several_cities_slots_begin_with_the_city(planning: Planning) -> None:
    """Pressed or typed; one without a studio is explained."""
    await planning.act(OWNER, studios.add, NORTH)
    await planning.act(OWNER, studios.add, AddStudio("berlin", "Spree", "Europe/Berlin"))
    first = await planning.act(OWNER, slot_draft.begin)
    assert [city.code for city in first.cities] == ["beijing", "berlin"]
    with pytest.raises(UnknownCity) as caught:
        await planning.act(OWNER, slot_draft.answer, "mars")
    assert caught.value == UnknownCity("mars", ("beijing", "berlin"))
    second = await planning.act(OWNER, slot_draft.press, "city", "berlin")
    assert isinstance(second, AskPlan)
    assert second.step == "dates"


# --- inviting


async def test_links_into_roles(planning: Planning) -> None:
    """Staff need a city with a studio; a reviewer does not."""
    link = await planning.act(OWNER, inviting.invite, Invite("reviewer"))
    assert (link.role, link.days, link.city) == ("reviewer", 14, "")
    assert link.link.startswith("https://t.me/duologue_bot?start=")
    with pytest.raises(studios.NoStudioYet):
        await planning.act(OWNER, inviting.invite, Invite("staff", "beijing"))
    await planning.act(OWNER, studios.add, NORTH)
    with pytest.raises(UnknownCity):
        await planning.act(OWNER, inviting.invite, Invite("staff", "mars"))
    staff = await planning.act(OWNER, inviting.invite, Invite("staff", "beijing"))
    assert (staff.city, staff.city_names) == ("beijing", {"en": "Beijing"})
