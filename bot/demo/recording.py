"""Sessions: planned, staffed, announced, booked, waited for, reminded of, cancelled and taken by others."""

from datetime import UTC, datetime, timedelta

import icalendar

from bot.demo.cast import Actor, Missed
from bot.demo.scene import CITY, Scene
from bot.demo.theatre import ZONE
from bot.sandbox.heard import Button


class Recording(Scene):
    """From the plan of a day to the booked studio."""

    async def slots(self) -> None:
        """Nothing opens before it is confirmed: not by Olga, not by the staff."""
        since = await self.cast.mark()
        day = (self.theatre.now.astimezone(ZONE) + timedelta(days=3)).date()
        await self.olga.says(f"/newslots {CITY} {day} 09:00,14:00 3h")
        await self.olga.presses("slots:*:open", since=since)
        for actor in self.staff:
            await self._shifts(actor)

    async def _nothing_is_open(self, actor: Actor) -> None:
        asked = await self.cast.mark()
        await actor.says("/slots")
        await actor.hears(since=asked)
        if actor.buttons("book:*"):
            raise Missed(actor.name, "should not be able to book before all staff confirmed", [])

    async def _shifts(self, actor: Actor) -> list[Button]:
        """The two shifts that somebody of the staff is asked about."""

        def asked() -> list[Button] | None:
            by_shift = {button.data: button for button in actor.buttons("shift:*:yes")}
            return list(by_shift.values()) if len(by_shift) >= 2 else None

        return await self.cast.until(asked, lambda: actor.missed("should have been asked about two shifts"))

    async def opened(self) -> None:
        """With the last yes of the staff the slots are open, not before, and those who can book hear of it."""
        for actor, who_asks in zip(self.staff, (self.ann, self.ben), strict=True):
            await self._nothing_is_open(who_asks)
            since = await self.cast.mark()
            for button in await self._shifts(actor):
                await actor.presses(button)
            await actor.hears(since=since)
        for actor in self.applicants:
            await self._hears_of_slots(actor)

    async def _hears_of_slots(self, actor: Actor) -> None:
        """Nobody has to ask what is open."""
        await actor.sees("book:*")

    async def booking(self) -> None:
        """The slot is held until the partner says yes."""
        since = await self.cast.mark()
        await self.ann.presses("book:*")
        await self.li.presses("hold:*:yes", since=since)
        self.starts_at = await self._booked(since, self.ann, self.li)

    async def _booked(self, since: int, *actors: Actor) -> datetime:
        """Everybody hears that it is confirmed, and gets it as a calendar file; returns when it begins."""
        starts = set()
        for actor in actors:
            await actor.hears("confirmed", since=since)
            file = await actor.hears(since=since, kind="document", where=lambda heard: not heard.edited)
            starts.add(starts_in(await self.cast.client.download(file.file_id or "")))
        at = starts.pop()
        if at is None or starts or at < self.theatre.now:
            raise Missed(actors[0].name, "should have got the session in a calendar file", [str(at)])
        return at

    async def waitlist(self) -> None:
        """Who comes too late can wait for the slot to be freed."""
        since = await self.cast.mark()
        await self.ben.says("/slots")
        button = await self.ben.sees("wait:*", since=since)
        since = await self.cast.mark()
        await self.ben.presses(button)
        await self.ben.hears(since=since)

    async def reminder(self) -> None:
        """The clock jumps to a day before the session."""
        since = await self.cast.mark()
        self.theatre.set_clock(self.starts_at - timedelta(hours=24) + timedelta(minutes=1))
        for actor in (self.ann, self.li):
            await actor.hears("reminder", since=since)
            button = await actor.sees("attend:*:yes", since=since)
            pressed = await self.cast.mark()
            await actor.presses(button)
            await actor.hears(since=pressed)

    async def cancellation(self) -> None:
        """She chooses for both; both are told."""
        since = await self.cast.mark()
        await self.ann.says("/bookings")
        await self.ann.presses("cancel:*", since=since)
        await self.ann.presses("cancel:*:all", since=since)
        for actor in (self.ann, self.li):
            await actor.hears("cancelled", since=since)

    async def freed(self) -> None:
        """The waitlist is offered the slot; the partner says yes as to any booking."""
        offer = await self.ben.sees("offer:*:yes")
        since = await self.cast.mark()
        await self.ben.presses(offer)
        await self.mei.presses("hold:*:yes")
        if await self._booked(since, self.ben, self.mei) != self.starts_at:
            raise Missed("Ben", f"should have got the freed session at {self.starts_at}", [])

    async def parting(self) -> None:
        """He is told, and looks for somebody new."""
        since = await self.cast.mark()
        await self.ann.presses("pair:leave")
        await self.ann.presses("pair:leave:yes:*", since=since)
        find = await self.li.sees("pair:find", since=since)
        since = await self.cast.mark()
        await self.li.presses(find)
        await self.li.hears(since=since)

    async def rescue(self) -> None:
        """She is out for herself alone; who is in the pool and could come is asked, and both say yes."""
        since = await self.cast.mark()
        await self.mei.says("/bookings")
        await self.mei.presses("cancel:*", since=since)
        await self.mei.presses("cancel:*:me", since=since)
        await self.mei.hears(since=since)
        await self.li.presses("match:*:yes", since=since)
        await self.ben.presses("match:*:yes", since=since)
        if await self._booked(since, self.ben, self.li) != self.starts_at:
            raise Missed("Ben", f"should still have the session at {self.starts_at}", [])

    async def broadcast(self) -> None:
        """A preview with the head count first; then it goes to those it is for, and to nobody else."""
        text = "下周开放十二月的场次。"
        since = await self.cast.mark()
        await self.olga.says(f"/broadcast approved lang=zh | {text}")
        await self.olga.presses("cast:*:send", since=since)
        for actor in (self.li, self.mei):
            await actor.hears(text, since=since)
        for actor in (self.ann, self.ben, *self.reviewers, *self.staff):
            if actor.heard_since(since, text):
                raise Missed(actor.name, "should not have got what is for others", [text])


def starts_in(calendar_file: bytes) -> datetime | None:
    """When the session in a calendar file begins, in UTC; None if it holds no session."""
    try:
        (event,) = icalendar.Calendar.from_ical(calendar_file).walk("VEVENT")
        starts = event.decoded("DTSTART")
    except (ValueError, KeyError):
        return None
    return starts.astimezone(UTC) if isinstance(starts, datetime) else None
