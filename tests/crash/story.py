"""The story of a night: small, and with everything in it that may get lost or come twice.

A refused sample and two good ones, a vote that is taken back, a pair from the pool, a session that is booked,
reminded of and cancelled, another one that comes, a broadcast to somebody who is gone, an update that nobody can
read. After each thing that people do they wait until the bot has nothing left to do, so what it says has one
right order. At the end everybody asks what the bot knows: what took effect twice, or never, shows there.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.demo.cast import Actor, Cast
from bot.demo.reviewing import HILLS, HOTPOT, Dialogue
from bot.demo.theatre import OWNER, ZONE, Theatre
from bot.sandbox.heard import Heard

POLICY = """\
[telegram]
per_second = 0
per_chat = 0
per_group = 0

[pairing]
every = "1s"

[booking]
staff = 0
cancel_until = "12h"
"""

CITY = "beijing"
CANCELLED, HELD = time(9), time(14)
"""When the session begins that is cancelled, and the one that is held, on the same day, by the studio's clock."""

NEWS = "The studio has a new door."
HEADS = 7
"""How many the broadcast is for; one of them is gone."""

WHISPER = Dialogue("whisper", 33)
"""What is refused."""

REMINDERS = ("A reminder", "提醒：")
"""How a reminder begins, in each language."""

TOLD = (
    ("Olga", "The studio is added", 1),
    ("Olga", "All 2 are open", 1),
    ("Olga", "is free again", 1),
    ("Olga", "Broadcast sent", 1),
    ("Olga", NEWS, 2),
    ("Olga", "2  are approved", 1),
    ("Olga", "2  have a session booked", 1),
    ("Olga", "1 message or press could not be handled", 1),
    ("Rosa", "approved", 2),
    ("Rosa", "as the checks heard it", 2),
    ("Rosa", NEWS, 1),
    ("林岚", "审核通过", 2),
    ("林岚", "检查听下来是这样", 2),
    ("林岚", NEWS, 1),
    ("Ann", "is received. The checks", 2),
    ("Ann", "not accepted", 1),
    ("Ann", "Your sample as the checks heard it", 2),
    ("Ann", "on its way to the reviewers", 1),
    ("Ann", "Your sample is approved: you may record", 1),
    ("Ann", "A partner for you", 1),
    ("Ann", "You have a partner", 1),
    ("Ann", "in a form that I cannot read", 1),
    ("Ann", "new studio times are free", 1),
    ("Ann", "Held for you", 2),
    ("Ann", "is confirmed", 2),
    ("Ann", "Open this file to put the session", 2),
    ("Ann", "A reminder", 4),
    ("Ann", "is cancelled", 1),
    ("Ann", NEWS, 1),
    ("李雷", "检查只要几秒钟", 1),
    ("李雷", "正在送往审核员", 1),
    ("李雷", "你的样音审核通过，可以来录了", 1),
    ("李雷", "给你的搭子", 1),
    ("李雷", "你有搭子了", 1),
    ("李雷", "已确认", 3),
    ("李雷", "提醒：", 4),
    ("李雷", "已取消，是Ann取消的", 1),
    ("李雷", NEWS, 1),
    ("Eve", NEWS, 1),
    ("Gone", NEWS, 0),
)
"""Who is told what how often in a night in which nothing happens, by the words of the story's language."""

Act = Awaitable[object]


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of the story, and who plays it."""

    name: str
    play: Callable[[], Awaitable[None]]


class Story:
    """The scenes. `quiet` waits until the bot has nothing left to do."""

    olga: Actor
    rosa: Actor
    lan: Actor
    ann: Actor
    li: Actor
    eve: Actor
    gone: Actor

    def __init__(self, cast: Cast, theatre: Theatre, quiet: Callable[[], Awaitable[None]]) -> None:
        self.cast = cast
        self.theatre = theatre
        self.quiet = quiet
        self.marks: list[int] = []
        """After which event of the sandbox each act ended."""
        self.cancelled_in = 0
        """The act in which the first session is cancelled."""
        self.day = (theatre.now.astimezone(ZONE) + timedelta(days=3)).date()

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """In their order."""
        return (
            Scene("the owner arrives and adds a studio", self.studio),
            Scene("two reviewers come by link", self.reviewers),
            Scene("two want to record, two only look in", self.newcomers),
            Scene("a sample is refused, two pass the checks", self.samples),
            Scene("two reviewers judge them, one takes a no back", self.votes),
            Scene("the two become a pair", self.pair),
            Scene("an update that nobody can read", self.unreadable),
            Scene("two sessions open, the first is booked", self.booking),
            Scene("both are reminded, and cancel", self.cancellation),
            Scene("the second is booked, and comes", self.session),
            Scene("a broadcast, one of its readers is gone", self.news),
            Scene("everybody asks what the bot knows", self.questions),
        )

    async def _then(self, *acts: Act) -> None:
        """People act, one right after the other, and then wait."""
        for act in acts:
            await act
        await self.quiet()
        self.marks.append(await self.cast.mark())

    async def _press(self, actor: Actor, *patterns: str) -> None:
        """Press one button after the other."""
        for pattern in patterns:
            await self._then(actor.presses(pattern))

    async def _say(self, actor: Actor, *texts: str) -> None:
        """Write one text after the other."""
        for text in texts:
            await self._then(actor.says(text))

    async def studio(self) -> None:
        """From now on newcomers are asked for their city."""
        self.olga = await self.cast.joins("Olga", "en", telegram_id=OWNER)
        await self._say(self.olga, "/start")
        await self._press(self.olga, "lang:en")
        await self._say(
            self.olga,
            f'/studio add {CITY} "Dazhongsi studio" {ZONE.key} rooms=1 address="Haidian" zh="大钟寺录音棚"',
        )

    async def reviewers(self) -> None:
        """A link works once."""
        self.rosa = await self._invited("Rosa", "en")
        self.lan = await self._invited("林岚", "zh")

    async def _invited(self, name: str, language: str) -> Actor:
        await self._say(self.olga, "/invite reviewer")
        link = re.compile(r"https://t\.me/\S+")
        told = await self.olga.hears("https://t.me/")
        actor = await self.cast.joins(name, language)
        await self._then(actor.opens(link.findall(told.text)[0]))
        await self._press(
            actor, f"lang:{language}", "profile:speaks:en", "profile:speaks:zh", "profile:speaks:done"
        )
        return actor

    async def newcomers(self) -> None:
        """Four at once; Ann and 李雷 answer every question."""
        who = (("Ann", "en"), ("李雷", "zh"), ("Eve", "en"), ("Gone", "en"))
        actors = [await self.cast.joins(*one) for one in who]
        self.ann, self.li, self.eve, self.gone = actors
        await self._then(*(actor.says("/start") for actor in actors))
        await self._then(*(actor.presses(f"lang:{actor.language}") for actor in actors))
        two = (self.ann, self.li)
        for question in ("consent:review:*:yes", "consent:recording:*:yes", "consent:training:*:yes"):
            await self._then(*(actor.presses(question) for actor in two))
        await self._then(*(actor.presses("profile:name:keep") for actor in two))
        await self._then(self.ann.says("1998"), self.li.says("1995"))
        await self._then(*(actor.presses(f"city:{CITY}") for actor in two))
        await self._then(self.ann.presses("profile:gender:woman"), self.li.presses("profile:gender:man"))
        await self._then(self.ann.presses("profile:speaks:en"), self.li.presses("profile:speaks:zh"))
        await self._press(self.li, "profile:speaks:en")
        for question in ("profile:speaks:done", "profile:dialect:skip", "profile:partner:any"):
            await self._then(*(actor.presses(question) for actor in two))

    async def samples(self) -> None:
        """The refused recording is erased; the good ones wait for an answer about the other voice."""
        await self._then(self._sends(self.ann, WHISPER))
        await self._then(self._sends(self.ann, HILLS), self._sends(self.li, HOTPOT))

    async def _sends(self, actor: Actor, dialogue: Dialogue) -> None:
        await actor.sends_voice(dialogue.data, dialogue.seconds)

    async def votes(self) -> None:
        """Ann's sample is heard first, 李雷's after it."""
        await self._press(self.ann, "sample:*:agreed:yes")
        await self._press(
            self.rosa, "vote:*:no", "why:*:flat", "why:*:noise", "why:*:noise", "why:*:done", "vote:*:yes"
        )
        await self._press(self.lan, "vote:*:yes")
        await self._press(self.li, "sample:*:agreed:yes", "sample:*:lang:zh")
        await self._then(self.lan.presses("vote:*:yes"), self.rosa.presses("vote:*:yes"))

    async def pair(self) -> None:
        """Both ask, both are proposed to each other, both say yes."""
        for actor in (self.ann, self.li):
            await self._say(actor, "/partner")
        await self._press(self.ann, "pair:find")
        await self._then(
            self.li.presses("pair:find"), self.ann.sees("match:*:yes"), self.li.sees("match:*:yes")
        )
        await self._press(self.ann, "match:*:yes")
        await self._press(self.li, "match:*:yes")

    async def unreadable(self) -> None:
        """Telegram would have to err; who sent it is told once."""
        sender = {"id": self.ann.person.id, "is_bot": False, "first_name": "Ann"}
        await self._then(
            self.cast.client.inject({"message": {"message_id": "?", "from": sender, "date": "yesterday"}})
        )

    async def booking(self) -> None:
        """What is announced to many may be lost once it was in the air, so people ask."""
        hours = ",".join(f"{at:%H:%M}" for at in (CANCELLED, HELD))
        await self._say(self.olga, f"/newslots {CITY} {self.day} {hours} 3h")
        await self._press(self.olga, "slots:*:open")
        await self._books(1)

    async def _books(self, slot: int) -> None:
        await self._say(self.ann, "/slots")
        await self._press(self.ann, f"book:{slot}")
        await self._press(self.li, "hold:*:yes")

    async def cancellation(self) -> None:
        """A day before; then for both."""
        await self._clock(self.day - timedelta(days=1), CANCELLED)
        await self._press(self.ann, "attend:*:yes")
        await self._say(self.ann, "/bookings")
        await self._press(self.ann, "cancel:*")
        self.cancelled_in = len(self.marks)
        await self._press(self.ann, "cancel:*:all")

    async def session(self) -> None:
        """Every reminder of the cancelled one would be due on the way."""
        await self._books(2)
        await self._clock(self.day - timedelta(days=1), HELD)
        await self._then(self.ann.presses("attend:*:yes"), self.li.presses("attend:*:yes"))
        for hour, minute in ((7, 0), (8, 30), (12, 0), (13, 30)):
            await self._clock(self.day, time(hour, minute))

    async def _clock(self, day: date, at: time) -> None:
        """Let the bot's clock jump to a minute after this time in the studio."""
        self.theatre.set_clock(datetime.combine(day, at, ZONE) + timedelta(minutes=1))
        await self._then()

    async def news(self) -> None:
        """Nobody told the bot that one account is deleted: it learns that from trying."""
        await self.gone.person.changes(deactivated=True)
        await self._say(self.olga, f"/broadcast all | {NEWS}")
        await self._then(self.olga.presses("cast:*:send"), self._is_sent())

    async def _is_sent(self) -> None:
        """The card shows its progress every few seconds, and then how it ended."""

        def card() -> Heard | None:
            return next((one for one in self.olga.screens() if "Broadcast sent" in one.text), None)

        await self.cast.until(card, lambda: self.olga.missed("should have seen that the broadcast is sent"))

    async def questions(self) -> None:
        """The funnel counts every sample, vote, pair and booking."""
        asked = (
            (self.ann, "/status"),
            (self.ann, "/partner"),
            (self.ann, "/bookings"),
            (self.li, "/status"),
            (self.li, "/bookings"),
            (self.rosa, "/queue"),
            (self.lan, "/queue"),
            (self.eve, "/start"),
            (self.olga, "/stats"),
            (self.olga, "/pending"),
            (self.olga, "/openings"),
        )
        for actor, text in asked:
            await self._say(actor, text)
