"""Partners: two strangers from the pool, and a friend by link."""

from bot.demo.cast import Actor
from bot.demo.scene import Scene, link_in


class Pairing(Scene):
    """Four people become two pairs."""

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
