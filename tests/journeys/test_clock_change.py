"""The two nights in which clocks change, over the real bot: whatever is said of a session is one moment.

A coordinator plans sessions in the hour that does not exist and in the one that comes twice; one of a pair reads
English, the other Chinese. Read back by the studio's clock, all they are shown and sent is the same instant.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlmodel import col, select

from bot.sandbox import Person
from storage.tables import Timer
from tests.stage import Stage

POLICY = """
[booking]
staff = 0
"""
LENGTH = timedelta(hours=3)
OFFSETS = timedelta(hours=24), timedelta(hours=2), timedelta(minutes=30)
"""When the first, the second and the last reminder come before the start, as the policy has it."""

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")

CLOCK = r"(\d\d):(\d\d)(?: UTC([+-]\d+))?"
ENGLISH_DAY = r"\w{3}, (?P<day>\d+) (?P<month>\w{3}) "
CHINESE_DAY = r"(?P<month>\d+)月(?P<day>\d+)日周. ?"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _change(zone: ZoneInfo, forward: bool) -> date:
    """The next day, a week ahead or more, in whose night this zone's clocks go forward, or back."""
    day = (datetime.now(zone) + timedelta(days=7)).date()
    while True:
        before, after = (
            datetime.combine(day + timedelta(days=n), time(), zone).utcoffset() or timedelta() for n in (0, 1)
        )
        if after != before and (after > before) is forward:
            return day
        day += timedelta(days=1)


def _instant(day: date, hour: str, minute: str, offset: str | None, zone: ZoneInfo) -> datetime:
    """The one moment that this reading of the studio's clock can be; fails where it could be two, or none."""
    local = datetime.combine(day, time(int(hour), int(minute)))
    found = {
        at
        for at in (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if at.astimezone(zone).replace(tzinfo=None) == local
        and (offset is None or at.astimezone(zone).utcoffset() == timedelta(hours=int(offset)))
    }
    assert len(found) == 1, (local, offset, found)
    return found.pop()


@dataclass
class Night:
    """A studio in a zone, five days before the night, and a pair: Ann reads English, 李雷 Chinese."""

    stage: Stage
    zone: ZoneInfo
    day: date
    olga: Person
    ann: Person
    li: Person

    async def until(self, moment: datetime) -> None:
        """Move the bot's clock to a moment."""
        await self.stage.forward(seconds=(moment - self.stage.app.units.clock()).total_seconds())

    def at(self, reading: str, days: int = 0) -> datetime:
        """The moment at which the studio's clock shows this on the night's day, or days from it."""
        hour, minute, offset = re.fullmatch(CLOCK, reading).groups()  # type: ignore[union-attr]
        return _instant(self.day + timedelta(days=days), hour, minute, offset, self.zone)

    async def plans(self, times: str) -> str:
        """Olga plans these times of the night; gives the preview, which has been answered with yes."""
        await self.olga.says(f"/newslots berlin {self.day} {times} 3h")
        preview = await self.olga.hears("Preview")
        await self.olga.presses(await self.olga.sees_button(re.compile(r"slots:\d+:open")))
        await self.olga.hears(re.compile("are open|is open"))
        return preview.text

    def told(self, text: str) -> list[datetime]:
        """The moments on the night's day, and from which to which, that a text names in either language."""
        found = []
        for pattern in (ENGLISH_DAY, CHINESE_DAY):
            for match in re.finditer(pattern + CLOCK, text):
                groups = match.groups()
                month = match["month"]
                number = int(month) if month.isdigit() else MONTHS.index(month) + 1
                day = date(self.day.year, number, int(match["day"]))
                found.append(_instant(day, groups[2], groups[3], groups[4], self.zone))
        return found

    def stretch(self, text: str) -> tuple[datetime, datetime]:
        """From when to when the session of a text is, by its 🗓 line."""
        line = next(line for line in text.splitlines() if line.startswith("🗓"))
        clocks = re.findall(CLOCK, line)
        assert len(clocks) == 2, line
        begins, ends = (_instant(self.day, *_read(clock), self.zone) for clock in clocks)
        return begins, ends

    async def calendar(self, person: Person) -> tuple[datetime, datetime, list[timedelta]]:
        """From when to when the session of the next calendar file is, and when phones speak up."""
        heard = await person.hears(re.compile("calendar|日历"), kind="document")
        data = await self.stage.client.download(heard.message["document"]["file_id"])
        (event,) = Calendar.from_ical(data).walk("VEVENT")
        alarms = [alarm.decoded("TRIGGER") for alarm in event.walk("VALARM")]
        return event.decoded("DTSTART").astimezone(UTC), event.decoded("DTEND").astimezone(UTC), alarms

    async def rings(self) -> list[datetime]:
        """When reminders of the one booking are due."""
        async with self.stage.app.units.reading() as look:
            kind = select(Timer.due_at).where(Timer.kind == "reminder")
            return list(await look.tx.all(kind.order_by(col(Timer.due_at))))


def _read(clock: tuple[str, str, str]) -> tuple[str, str, str | None]:
    return clock[0], clock[1], clock[2] or None


async def _opened(stage: Stage, zone: ZoneInfo, forward: bool) -> Night:
    """The studio, the owner and the pair, at noon five days before the night."""
    night = Night(stage, zone, _change(zone, forward), *[await stage.owner()] * 3)
    await night.until(datetime.combine(night.day - timedelta(days=5), time(12), zone))
    await night.olga.says(f'/studio add berlin "The studio" {zone} rooms=2')
    await night.olga.hears("The studio is added")
    night.ann = await stage.approved("Ann", city="berlin")
    night.li = await stage.approved("李雷", language="zh", city="berlin")
    await stage.pair(night.ann, night.li)
    return night


async def _lists(night: Night, person: Person) -> dict[datetime, str]:
    """The free times that somebody is shown, each with the button's data; each button names one moment."""
    await person.says("/slots")
    shown = await person.hears(re.compile("Free times|可约的场次"))
    found = {}
    for button in shown.buttons:
        if button.data and re.fullmatch(r"book:\d+", button.data):
            (moment,) = night.told(button.text)
            found[moment] = button.data
    return found


@dataclass(frozen=True)
class Case:
    """A session in the night or on its morning; readings are of the studio's clock, reminders with days before."""

    zone: ZoneInfo
    forward: bool
    planned: str
    listed: tuple[str, ...]
    begins: str
    ends: str
    rings: tuple[tuple[int, str], ...]


BACK, FORWARD = "the hour that comes twice", "the hour that is skipped"
NIGHT = ((-1, "08:00"), (-1, "22:30"), (0, "00:00"))
CASES = {
    f"Berlin, {BACK}": Case(
        BERLIN,
        False,
        "02:30,09:00",
        ("02:30 UTC+2", "09:00"),
        "02:30 UTC+2",
        "04:30",
        ((-1, "08:00"), (0, "00:30"), (0, "02:00 UTC+2")),
    ),
    f"New York, {BACK}": Case(
        NEW_YORK,
        False,
        "01:30,09:00",
        ("01:30 UTC-4", "09:00"),
        "01:30 UTC-4",
        "03:30",
        ((-1, "08:00"), (-1, "23:30"), (0, "01:00 UTC-4")),
    ),
    f"Berlin, {FORWARD}": Case(BERLIN, True, "02:30,09:00", ("00:30", "09:00"), "00:30", "04:30", NIGHT),
    f"New York, {FORWARD}": Case(NEW_YORK, True, "02:30,09:00", ("00:30", "09:00"), "00:30", "04:30", NIGHT),
    "Berlin, the morning after clocks went back": Case(
        BERLIN,
        False,
        "02:30,09:00",
        ("02:30 UTC+2", "09:00"),
        "09:00",
        "12:00",
        ((-1, "10:00"), (0, "07:00"), (0, "08:30")),
    ),
    "New York, the morning after clocks went forward": Case(
        NEW_YORK,
        True,
        "02:30,09:00",
        ("00:30", "09:00"),
        "09:00",
        "12:00",
        ((-1, "08:00"), (0, "07:00"), (0, "08:30")),
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_everything_names_one_moment(tmp_path: Path, database_url: str, name: str) -> None:
    """Preview, free times, both confirmations, both files, both lists and every reminder, in two languages."""
    case = CASES[name]
    async with Stage(tmp_path, database_url, POLICY) as stage:
        night = await _opened(stage, case.zone, case.forward)
        if case.forward:
            assert "⏰" not in await night.plans("00:30")
        odd = f"{night.day} {case.planned.split(',')[0]}"
        preview = await night.plans(case.planned)
        note = f"clocks skip {odd}" if case.forward else f"Clocks show {odd} twice: the first is meant"
        assert note in preview
        start, end = night.at(case.begins), night.at(case.begins) + LENGTH
        assert end == night.at(case.ends)
        listed = [await _lists(night, person) for person in (night.ann, night.li)]
        assert listed[0] == listed[1]
        assert set(listed[0]) == {night.at(reading) for reading in case.listed}
        rings = [night.at(reading, days) for days, reading in case.rings]
        await _books(night, listed[0][start], start, end, rings)
        assert await night.rings() == rings
        for moment in rings:
            await night.until(moment)
            for person in (night.ann, night.li):
                reminder = await person.hears(re.compile("reminder|提醒"))
                assert night.stretch(reminder.text) == (start, end)
                if moment == rings[0]:
                    await person.presses(await person.sees_button(re.compile(r"attend:\d+:yes")))


async def _books(night: Night, button: str, start: datetime, end: datetime, rings: list[datetime]) -> None:
    """Ann presses, 李雷 says yes; what both are told and get is this session."""
    await night.ann.presses(button)
    asked = await night.li.sees_button(re.compile(r"hold:\d+:yes"))
    await night.li.presses(asked)
    for person in (night.ann, night.li):
        confirmed = await person.hears(re.compile("confirmed|已确认"))
        assert night.stretch(confirmed.text) == (start, end)
        begins, ends, alarms = await night.calendar(person)
        assert (begins, ends) == (start, end)
        # What waits for the end of quiet hours in the chat is no alarm at all.
        assert [start + alarm for alarm in alarms] == [ring for ring in rings if start - ring in OFFSETS]
        await person.says("/bookings")
        assert start in night.told((await person.hears(re.compile(r"\A🗓.*\n📍"))).text)
