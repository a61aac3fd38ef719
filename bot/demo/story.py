"""The story: two pairs of strangers on their way from "I want to record" to the booked studio.

Each step is played by people alone and judged by what they are told. What people do, they do once; waiting
outlives a bot that is killed and started again in the middle.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar

from bot.demo.cast import Actor, Cast, Missed, says
from bot.demo.theatre import OWNER, ZONE, Theatre
from bot.sandbox.heard import Button, Heard

DIALOGUES = Path(__file__).with_name("dialogues")
REVIEWERS = (("Rosa", "en", "magenta"), ("林岚", "zh", "bright_magenta"), ("Tariq", "en", "medium_purple2"))
STAFF = (("王师傅", "zh", "yellow"), ("Sun", "en", "gold3"))
CITY = "beijing"


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the story: a short name, a sentence about it, and what is played."""

    name: str
    title: str
    play: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One of the package's recordings, as a person sends it."""

    name: str
    seconds: int

    @property
    def data(self) -> bytes:
        """The file."""
        return (DIALOGUES / f"{self.name}.ogg").read_bytes()


WHISPER = Dialogue("whisper", 33)
NIGHT_MARKET = Dialogue("night-market", 159)
HILLS = Dialogue("lost-in-the-hills", 150)
HOTPOT = Dialogue("hotpot", 157)
PRINTER = Dialogue("office-printer", 174)


class Story:
    """The steps in their order, and what one hands on to the next."""

    olga: Actor
    ann: Actor
    li: Actor
    ben: Actor
    mei: Actor
    reviewers: tuple[Actor, ...]
    staff: tuple[Actor, ...]
    sent: int
    """The moment before the last sample was sent."""
    heard_by: tuple[Actor, ...]
    """Who voted on Ben's sample first."""
    starts_at: datetime
    """When the session that Ann books begins."""

    def __init__(self, cast: Cast, theatre: Theatre) -> None:
        self.cast = cast
        self.theatre = theatre
        self.steps = (
            Step("coordinator", "Olga, the owner, arrives", self.coordinator),
            Step("studio", "Olga adds a studio in Beijing", self.studio),
            Step("roles", "Reviewers and studio staff join by one-time links", self.roles),
            Step("onboarding", "Ann, 李雷, Ben and 韩梅梅 want to record", self.onboarding),
            Step("refused", "Ann's first sample is refused, with everything that is wrong", self.refused),
            Step("resubmitted", "Ann's second sample passes the checks", self.resubmitted),
            Step("approved", "Two reviewers hear it and approve", self.approved),
            Step("disagreement", "Ben's sample splits the reviewers", self.disagreement),
            Step("cross-review", "A third reviewer decides about it", self.cross_review),
            Step("chinese", "李雷 and 韩梅梅 are heard and approved", self.chinese),
            Step("pool", "Ann and 李雷 find each other in the pool", self.pool),
            Step("invitation", "Ben invites 韩梅梅 to be his partner", self.invitation),
            Step("slots", "Olga plans two sessions, and the staff are asked", self.slots),
            Step("opened", "The staff confirm; the slots open and are announced", self.opened),
            Step("booking", "Ann books, 李雷 says yes, both get a calendar file", self.booking),
            Step("waitlist", "Ben wants the same session and joins its waitlist", self.waitlist),
            Step("reminder", "A day before, both are reminded and say that they come", self.reminder),
            Step("cancellation", "Ann has to cancel for both", self.cancellation),
            Step("freed", "The freed session goes to Ben and 韩梅梅", self.freed),
            Step("broadcast", "Olga writes to everybody who reads Chinese", self.broadcast),
        )

    @property
    def applicants(self) -> tuple[Actor, ...]:
        """Who wants to record."""
        return self.ann, self.li, self.ben, self.mei

    # --- who is who

    async def coordinator(self) -> None:
        """The owner's role comes from the configuration."""
        self.olga = await self.cast.joins("Olga", "en", telegram_id=OWNER, colour="red")
        await self.olga.says("/start")
        await self.olga.presses("lang:en")
        await self.olga.hears("/newslots")

    async def studio(self) -> None:
        """From now on newcomers are asked for their city."""
        since = await self.cast.mark()
        await self.olga.says(
            f'/studio add {CITY} "Dazhongsi studio" {ZONE.key} rooms=1 zh="大钟寺录音棚" '
            'address="Beisanhuan Xilu 1, Haidian" city_zh=北京'
        )
        await self.olga.hears("Dazhongsi studio", since=since)

    async def roles(self) -> None:
        """Three reviewers and two staff; each link works once."""
        self.reviewers = tuple([await self._invited("reviewer", *who) for who in REVIEWERS])
        self.staff = tuple([await self._invited(f"staff {CITY}", *who) for who in STAFF])

    async def _invited(self, role: str, name: str, language: str, colour: str) -> Actor:
        since = await self.cast.mark()
        await self.olga.says(f"/invite {role}")
        told = await self.olga.hears("https://t.me/", since=since)
        actor = await self.cast.joins(name, language, colour=colour)
        await actor.opens(link_in(told))
        button = await actor.sees(f"lang:{language}")
        since = await self.cast.mark()
        await actor.presses(button)
        if role == "reviewer":
            await speaks(actor, "en", "zh")
        await actor.hears("/queue" if role == "reviewer" else "/today", since=since)
        return actor

    async def onboarding(self) -> None:
        """Four people at once, two of them in Chinese."""
        people = (
            ("Ann", "en", "cyan"),
            ("李雷", "zh", "green"),
            ("Ben", "en", "blue"),
            ("韩梅梅", "zh", "bright_green"),
        )
        self.ann, self.li, self.ben, self.mei = [
            await self.cast.joins(name, language, colour=colour) for name, language, colour in people
        ]
        await asyncio.gather(
            self._onboards(self.ann, "1998", "woman", "en"),
            self._onboards(self.li, "1995", "man", "zh", "en"),
            self._onboards(self.ben, "1991", "man", "en"),
            self._onboards(self.mei, "2001", "woman", "zh", "en"),
        )

    async def _onboards(self, actor: Actor, year: str, gender: str, *languages: str) -> None:
        await actor.says("/start")
        await actor.presses(f"lang:{actor.language}")
        for purpose in ("review", "recording", "training"):
            await actor.presses(f"consent:{purpose}:*:yes")
        keep = await actor.sees("profile:name:keep")
        since = await self.cast.mark()
        await actor.presses(keep)
        await actor.hears(since=since, where=lambda heard: not heard.buttons and not heard.edited)
        await actor.says(year)
        await actor.presses(f"city:{CITY}")
        await actor.presses(f"profile:gender:{gender}")
        await speaks(actor, *languages)
        await actor.presses("profile:dialect:skip")
        last = await actor.sees("profile:partner:any")
        since = await self.cast.mark()
        await actor.presses(last)
        await actor.hears(since=since, where=lambda heard: not heard.edited)

    # --- samples

    async def _sends(self, actor: Actor, dialogue: Dialogue, language: str = "") -> int:
        """Send a dialogue and answer the questions about it; returns the moment before."""
        since = await self.cast.mark()
        await actor.sends_voice(dialogue.data, dialogue.seconds)
        await actor.hears("received", since=since)
        await actor.presses("sample:*:agreed:yes", since=since)
        if language:
            await actor.presses(f"sample:*:lang:{language}", since=since)
        return since

    async def refused(self) -> None:
        """Both findings come together, not one after the other."""
        since = await self._sends(self.ann, WHISPER)
        told = await self.ann.hears(since=since, where=judges)
        if not all(says(told.text, word) for word in ("not accepted", "too short", "too quiet")):
            raise Missed(
                "Ann", "should have heard “not accepted”, “too short” and “too quiet” at once", [told.text]
            )

    async def resubmitted(self) -> None:
        """The same person, with a real dialogue."""
        self.sent = await self._sends(self.ann, NIGHT_MARKET)
        await self._passes(self.ann, self.sent)

    async def _passes(self, actor: Actor, since: int) -> None:
        """The checks have nothing against it."""
        await actor.hears("reviewers", since=since, where=judges)

    async def _panel(self, dialogue: Dialogue, since: int, size: int = 2) -> dict[Actor, Heard]:
        """Wait until so many reviewers got the recording after `since`, with buttons to vote; who got which card."""

        def dealt() -> dict[Actor, Heard] | None:
            cards = {reviewer: _card(reviewer, since) for reviewer in self.reviewers}
            there = {reviewer: card for reviewer, card in cards.items() if card is not None}
            return there if len(there) >= size else None

        missed = f"{size} of them should have got “{dialogue.name}” to vote on"
        panel = await self.cast.until(dealt, lambda: Missed("The reviewers", missed, []))
        for reviewer, card in panel.items():
            if card.file_id is None or await self.cast.client.download(card.file_id) != dialogue.data:
                raise Missed(reviewer.name, f"should be able to hear “{dialogue.name}”", [card.text])
        return panel

    async def _votes(self, reviewer: Actor, card: Heard, vote: str, *reasons: str) -> None:
        """Vote, and see one's own vote on the card."""
        since = await self.cast.mark()
        await reviewer.presses(next(b for b in card.buttons if is_vote(b, vote)))
        if reasons:
            for reason in reasons:
                await reviewer.presses(f"why:*:{reason}", since=since)
            since = await self.cast.mark()
            await reviewer.presses("why:*:done")
        await reviewer.hears(since=since)

    async def _waits(self, actor: Actor, since: int) -> None:
        """The applicant asks where the sample is, and there is no verdict yet."""
        asked = await self.cast.mark()
        await actor.says("/status")
        await actor.hears(since=asked)
        if early := actor.heard_since(since, "approved") + actor.heard_since(since, "rejected"):
            raise Missed(actor.name, "should not have had a verdict yet", [early[0].text])

    async def approved(self) -> None:
        """One yes is not enough, the second one is."""
        since = self.sent
        (first, card), (second, other), *_ = (await self._panel(NIGHT_MARKET, since)).items()
        await self._votes(first, card, "yes")
        await self._waits(self.ann, since)
        await self._votes(second, other, "yes")
        await self.ann.hears("approved", since=since)

    async def disagreement(self) -> None:
        """A yes and a no: nobody is told anything before a third has heard it."""
        self.sent = await self._sends(self.ben, PRINTER)
        await self._passes(self.ben, self.sent)
        (first, card), (second, other), *_ = (await self._panel(PRINTER, self.sent)).items()
        await self._votes(first, card, "yes")
        await self._votes(second, other, "no", "flat")
        await self._waits(self.ben, self.sent)
        self.heard_by = (first, second)

    async def cross_review(self) -> None:
        """The third vote decides."""
        panel = await self._panel(PRINTER, self.sent, size=3)
        third = next(reviewer for reviewer in panel if reviewer not in self.heard_by)
        await self._votes(third, panel[third], "yes")
        await self.ben.hears("approved", since=self.sent)

    async def chinese(self) -> None:
        """The other two, each by whoever the review chooses."""
        for actor, dialogue, language in ((self.li, HOTPOT, "zh"), (self.mei, HILLS, "en")):
            since = await self._sends(actor, dialogue, language)
            await self._passes(actor, since)
            for reviewer, card in (await self._panel(dialogue, since)).items():
                await self._votes(reviewer, card, "yes")
            await actor.hears("approved", since=since)

    # --- pairs

    async def pool(self) -> None:
        """Both ask, both are proposed to each other, both say yes."""
        since = await self.cast.mark()
        for actor in (self.ann, self.li):
            await actor.says("/partner")
            await actor.presses("pair:find", since=since)
        await self.li.sees("match:*:yes", since=since)
        await self.ann.presses("match:*:yes", since=since)
        await self._pairs(self.li, self.ann, await self.cast.mark())

    async def invitation(self) -> None:
        """Inviting is the inviter's yes."""
        since = await self.cast.mark()
        await self.ben.says("/partner")
        await self.ben.presses("pair:invite", since=since)
        told = await self.ben.hears("https://t.me/", since=since)
        await self.mei.opens(link_in(told))
        await self._pairs(self.mei, self.ben, since)

    async def _pairs(self, last: Actor, other: Actor, since: int) -> None:
        """The last yes makes the pair: both hear of it, and both can leave it."""
        await last.presses("match:*:yes")
        for actor in (last, other):
            await actor.hears("partner", since=since)
            asked = await self.cast.mark()
            await actor.says("/partner")
            await actor.sees("pair:leave", since=asked)

    # --- sessions

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

    # --- many

    async def broadcast(self) -> None:
        """A preview with the head count first; then it goes to those it is for, and to nobody else."""
        text = "下周开放十二月的场次。"
        since = await self.cast.mark()
        await self.olga.says(f"/broadcast approved lang=zh | {text}")
        await self.olga.presses("cast:*:send", since=since)
        for actor in (self.li, self.mei):
            await actor.hears(text, since=since)


async def speaks(actor: Actor, *languages: str) -> None:
    """Tick languages and say that these are all."""
    for language in languages:
        await actor.presses(f"profile:speaks:{language}")
    await actor.presses("profile:speaks:done")


def _card(reviewer: Actor, since: int) -> Heard | None:
    """The newest card to vote on that came after `since`."""
    told = (line.heard for line in reversed(reviewer.lines) if line.seq > since and line.kind == "message")
    return next((card for card in told if card and any(is_vote(b, "yes") for b in card.buttons)), None)


def judges(heard: Heard) -> bool:
    """Whether a message tells what the checks found, not only that a sample was received."""
    about = says(heard.text, "not accepted") or says(heard.text, "reviewers")
    return about and not heard.edited and not says(heard.text, "received")


def is_vote(button: Button, vote: str) -> bool:
    """Whether a button casts this vote."""
    verb, _, choice = (button.data or "").partition(":")
    return verb == "vote" and choice.endswith(f":{vote}")


def link_in(heard: Heard) -> str:
    """The link to the bot that a message shows."""
    return next(word for word in heard.text.split() if word.startswith("https://t.me/"))


def starts_in(calendar_file: bytes) -> datetime | None:
    """When the session in a calendar file begins, in UTC; None if it holds no session."""
    try:
        (event,) = icalendar.Calendar.from_ical(calendar_file).walk("VEVENT")
        starts = event.decoded("DTSTART")
    except (ValueError, KeyError):
        return None
    return starts.astimezone(UTC) if isinstance(starts, datetime) else None
