"""Who is who: the owner's studio, reviewers and staff by link, and four people who want to record."""

import asyncio

from bot.demo.cast import Actor
from bot.demo.scene import CITY, REVIEWERS, STAFF, Scene, link_in
from bot.demo.theatre import OWNER, ZONE


class Joining(Scene):
    """Everybody comes on stage."""

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
            onboards(self.ann, "1998", "woman", "en"),
            onboards(self.li, "1995", "man", "zh", "en"),
            onboards(self.ben, "1991", "man", "en"),
            onboards(self.mei, "2001", "woman", "zh", "en"),
        )


async def onboards(actor: Actor, year: str, gender: str, *languages: str, city: str = CITY) -> None:
    """Answer every question of onboarding; without a `city` where no studio stands yet."""
    await actor.says("/start")
    await actor.presses(f"lang:{actor.language}")
    for purpose in ("review", "recording", "training"):
        await actor.presses(f"consent:{purpose}:*:yes")
    keep = await actor.sees("profile:name:keep")
    since = await actor.cast.mark()
    await actor.presses(keep)
    await actor.hears(since=since, where=lambda heard: not heard.buttons and not heard.edited)
    await actor.says(year)
    if city:
        await actor.presses(f"city:{city}")
    await actor.presses(f"profile:gender:{gender}")
    await speaks(actor, *languages)
    await actor.presses("profile:dialect:skip")
    last = await actor.sees("profile:partner:any")
    since = await actor.cast.mark()
    await actor.presses(last)
    await actor.hears(since=since, where=lambda heard: not heard.edited)


async def speaks(actor: Actor, *languages: str) -> None:
    """Tick languages and say that these are all."""
    for language in languages:
        await actor.presses(f"profile:speaks:{language}")
    await actor.presses("profile:speaks:done")
