"""A stage for journeys: the sandbox, the real bot in this process, and people who act on it."""

import re
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from bot import config
from bot.app import App
from bot.rules.consent import CONSENT_VERSION
from bot.sandbox import Person, Sandbox, SandboxClient
from bot.services import people
from bot.services.joining import invitations
from bot.services.pairing import pairs, partners
from bot.services.people import Visitor
from handlers.telegram.transport import Patience
from tests.helpers import DIALOGUES, an_approved

OWNER = 700_001

NO_BUDGETS = """
[telegram]
per_second = 0
per_chat = 0
per_group = 0
"""


class Stage:
    """`async with Stage(folder) as stage:` – a fresh sandbox, a fresh bot, no sending budgets.

    `patience` is how long the bot waits for Telegram, `environment` what it is told besides. Without a `database_url`
    its state is a file.
    """

    def __init__(
        self,
        folder: Path | None = None,
        database_url: str = "",
        policy: str = "",
        patience: Patience | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder or Path(tempfile.mkdtemp())
        self._environment = {"DUOLOGUE_DATABASE_URL": database_url, **(environment or {})}
        self._patience = patience
        self._policy = NO_BUDGETS + policy
        self._offset = timedelta()

    async def __aenter__(self) -> Self:
        """Start both."""
        (self.folder / "duologue.toml").write_text(self._policy)
        (self.folder / "clock").write_text("0")
        self.sandbox = Sandbox(port=0)
        await self.sandbox.start()
        self.client = SandboxClient(self.sandbox.url)
        await self.raise_curtain()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop both."""
        await self.lower_curtain()
        await self.client.close()
        await self.sandbox.stop()

    @property
    def data(self) -> Path:
        """The bot's data folder."""
        return self.folder / "data"

    def config(self) -> config.Config:
        """What the bot is told from outside."""
        return config.load(
            {
                "DUOLOGUE_TOKEN": self.sandbox.token,
                "DUOLOGUE_API_URL": self.sandbox.url,
                "DUOLOGUE_DATA": str(self.data),
                "DUOLOGUE_OWNERS": str(OWNER),
                "DUOLOGUE_CLOCK": str(self.folder / "clock"),
                **self._environment,
            },
            self.folder,
        )

    async def raise_curtain(self) -> None:
        """Start the bot on the same data."""
        self.app = await App(self.config(), self._patience).__aenter__()

    async def lower_curtain(self) -> None:
        """Stop the bot in order."""
        await self.app.__aexit__(None, None, None)

    async def forward(self, **span: float) -> None:
        """Move the bot's clock (`hours=2`)."""
        self._offset += timedelta(**span)
        (self.folder / "clock").write_text(str(self._offset.total_seconds()))

    async def owner(self) -> Person:
        """The coordinator that the configuration names."""
        owner = await self.client.person("Olga", id=OWNER, language_code="en")
        await owner.says("/start")
        await owner.presses(await owner.sees_button("lang:en"))
        return owner

    async def reviewer(self, name: str, hears: str = "en", language: str = "en") -> Person:
        """Somebody who came by a coordinator's link and said which languages they hear ("en,zh")."""
        async with self.app.units.writing(f"{name} is invited") as unit:
            owner = await people.arrive(unit, Visitor(OWNER, "Olga"))
            token = await invitations.create(unit, owner, "reviewer")
        person = await self.client.person(name, language_code=language)
        await person.starts(token)
        await person.presses(await person.sees_button(f"lang:{language}"))
        for code in hears.split(","):
            await person.presses(await person.sees_button(f"profile:speaks:{code}"))
        await person.presses(await person.sees_button("profile:speaks:done"))
        return person

    async def sample(self, person: Person, dialogue: str = "night-market") -> None:
        """A good sample of somebody onboarded, sent, agreed to, and on its way to the reviewers."""
        await person.sends_voice(self.dialogue(dialogue), duration=170)
        await person.presses(await person.sees_button(re.compile(r"sample:\d+:agreed:yes")))
        await person.hears("on its way to the reviewers", timeout=20)

    async def newcomer(self, name: str, language: str = "en", **answers: Any) -> Person:
        """Somebody led through all of onboarding; `answers` override (`city="beijing"`, `speaks="zh"`)."""
        person = await self.client.person(name, language_code=language)
        await person.says("/start")
        await self.onboard(person, language, **answers)
        return person

    async def onboard(self, person: Person, language: str = "en", **answers: Any) -> None:
        """Answer the questions of onboarding as they come."""

        async def press(wanted: str) -> None:
            await person.presses(await person.sees_button(wanted))

        await press(f"lang:{language}")
        for purpose in ("review", "recording", "training"):
            await press(f"consent:{purpose}:{CONSENT_VERSION}:yes")
        await press("profile:name:keep")
        await person.hears("1998")
        await person.says(str(answers.get("birth_year", 1990)))
        if "city" in answers:
            await press(f"city:{answers['city']}")
        await press(f"profile:gender:{answers.get('gender', 'skip')}")
        speaks = answers.get("speaks", language)
        for code in speaks.split(","):
            await press(f"profile:speaks:{code}")
        await press("profile:speaks:done")
        if set(speaks.split(",")) & {"en", "zh"}:
            await press("profile:dialect:skip")
        await press(f"profile:partner:{answers.get('partner', 'any')}")
        await person.hears("🎙")

    async def approve(self, *persons: Person) -> None:
        """What the reviewers' verdict does for somebody onboarded, without their samples."""
        for person in persons:
            async with self.app.units.writing(f"{person.name} is approved") as unit:
                found = await people.by_telegram_id(unit, person.id)
                assert found is not None
                await people.change(unit, found, approved_at=unit.now)
                await partners.approved(unit, found)

    async def approved(self, name: str, language: str = "en", **columns: Any) -> Person:
        """Somebody approved whose onboarding nobody had to watch; `columns` of their row (`speaks=["zh"]`)."""
        person = await self.client.person(name, language_code=language, started=True)
        async with self.app.units.writing(f"{name} is known") as unit:
            await an_approved(unit, person.id, name, language=language, **columns)
        return person

    async def pair(self, one: Person, other: Person) -> None:
        """Make two approved people a pair."""
        async with self.app.units.writing(f"{one.id} and {other.id} are a pair") as unit:
            first, second = [await people.by_telegram_id(unit, person.id) for person in (one, other)]
            if first is None or second is None:
                raise LookupError("only people whom the bot knows can be a pair")
            await pairs.form(unit, first, second, "pool")

    def dialogue(self, name: str) -> bytes:
        """One of the package's own recordings."""
        return (DIALOGUES / f"{name}.ogg").read_bytes()
