"""Who is on stage: newcomers in every role, led in as real ones are, by the owner's one-time links."""

import asyncio
from collections.abc import Callable

from bot.demo.cast import Actor, Cast
from bot.demo.joining import speaks
from bot.demo.scene import CITY, link_in
from bot.demo.theatre import OWNER, ZONE
from bot.sandbox import Person as SandboxPerson
from bot.sandbox.asking import menu_for
from bot.sandbox.world import Person, World

ROLES = ("applicant", "reviewer", "staff", "coordinator")

NAMES = {
    "en": ("Ann", "Ben", "Clara", "David", "Emma", "Finn", "Grace", "Henry", "Iris", "Jack"),
    "zh": ("李雷", "韩梅梅", "王芳", "张伟", "刘洋", "陈晨", "赵敏", "孙悦", "周杰", "吴琼"),
}

STUDIO = (
    f'/studio add {CITY} "Dazhongsi studio" {ZONE.key} rooms=1 zh="大钟寺录音棚" '
    'address="Beisanhuan Xilu 1, Haidian" city_zh=北京'
)


ROLE_OF = {"newslots": "coordinator", "queue": "reviewer", "today": "staff"}
"""The role that a command in somebody's menu gives away; who has none of them is an applicant."""


def roles_of(world: World, person: Person) -> list[str]:
    """The roles that somebody holds, as the bot shows them in their menu."""
    menu = {
        command["command"] for command in menu_for(world, person.id, person.id, person.language_code or "")
    }
    return [role for command, role in ROLE_OF.items() if command in menu] or ["applicant"]


class Company:
    """The people on stage.

    `on_change` is called whenever somebody is new. What a newcomer needs of the owner happens one at a time.
    """

    def __init__(self, world: World, cast: Cast, on_change: Callable[[], None]) -> None:
        self._world = world
        self._cast = cast
        self._on_change = on_change
        self._one_at_a_time = asyncio.Lock()

    @property
    def people(self) -> tuple[Actor, ...]:
        """Everybody who is on stage."""
        return tuple(self._cast.actors.values())

    def enter_again(self) -> None:
        """Take everybody who is in the sandbox on stage: a kept one was entered again."""
        for person in self._world.people.values():
            known = SandboxPerson(self._cast.client, person.id, person.first_name, self._world.feed.last)
            self._cast.actors[person.id] = Actor(self._cast, known, (person.language_code or "en")[:2])

    def clear(self) -> None:
        """Nobody is on stage any more."""
        self._cast.actors.clear()
        self._cast.lines.clear()

    async def joins(self, role: str, language: str, name: str = "") -> Actor:
        """Somebody comes on stage; all but applicants are led into their role (an applicant presses START)."""
        if role == "coordinator" and OWNER not in self._cast.actors:
            return await self._owner(language, name)
        actor = await self._new(name or self._free_name(language), language)
        if role != "applicant":
            async with self._one_at_a_time:
                await self._led_in(actor, role)
        return actor

    async def _new(self, name: str, language: str, telegram_id: int | None = None) -> Actor:
        actor = await self._cast.joins(name, language, telegram_id=telegram_id)
        self._on_change()
        return actor

    def _free_name(self, language: str) -> str:
        taken = {actor.name for actor in self._cast.actors.values()}
        names = NAMES[language]
        return next((name for name in names if name not in taken), f"{names[0]} {len(taken)}")

    async def _owner(self, language: str = "en", name: str = "") -> Actor:
        if OWNER in self._cast.actors:
            return self._cast.actors[OWNER]
        owner = await self._new(name or ("Olga" if language == "en" else "欧阳"), language, OWNER)
        await owner.says("/start")
        await owner.presses(f"lang:{language}")
        await owner.hears("/newslots")
        return owner

    async def _led_in(self, actor: Actor, role: str) -> None:
        owner = await self._owner()
        if role == "staff":
            await self._studio(owner)
        since = await self._cast.mark()
        await owner.says(f"/invite staff {CITY}" if role == "staff" else f"/invite {role}")
        told = await owner.hears("https://t.me/", since=since)
        await actor.opens(link_in(told))
        await actor.presses(f"lang:{actor.language}")
        if role == "reviewer":
            await speaks(actor, "en", "zh")

    async def _studio(self, owner: Actor) -> None:
        """The staff work in a city; where there is none yet, a studio is opened."""
        since = await self._cast.mark()
        await owner.says("/studio list")
        told = await owner.hears(since=since)
        if "#1" not in told.text:
            since = await self._cast.mark()
            await owner.says(STUDIO)
            await owner.hears("#1", since=since)

    async def group(self, title: str) -> int:
        """A reviewers' group with the owner, every reviewer and the bot, in which reviewing happens; its id."""
        owner = await self._owner()
        people = self._world.people.values()
        reviewers = [
            p.id for p in people if "reviewer" in roles_of(self._world, p) and p.id != owner.person.id
        ]
        group = await self._cast.client.post(
            "groups", title=title, members=[owner.person.id, *reviewers], bot=True, supergroup=True
        )
        await self._cast.client.post(
            f"people/{owner.person.id}/say", text="/reviewers here", chat=group["id"]
        )
        self._on_change()
        return int(group["id"])
