"""A stage for journeys: the sandbox, the real bot in this process, and people who act on it."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from bot import config
from bot.app import App
from bot.rules.consent import CONSENT_VERSION
from bot.sandbox import Person, Sandbox, SandboxClient
from tests.helpers import DIALOGUES

OWNER = 700_001

NO_BUDGETS = """
[telegram]
per_second = 0
per_chat = 0
per_group = 0
"""


class Stage:
    """`async with Stage(folder) as stage:` – a fresh sandbox, a fresh bot, no sending budgets."""

    def __init__(self, folder: Path | None = None, policy: str = "") -> None:
        self.folder = folder or Path(tempfile.mkdtemp())
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

    def config(self) -> config.Config:
        """What the bot is told from outside."""
        return config.load(
            {
                "DUOLOGUE_TOKEN": self.sandbox.token,
                "DUOLOGUE_API_URL": self.sandbox.url,
                "DUOLOGUE_DATA": str(self.folder / "data"),
                "DUOLOGUE_OWNERS": str(OWNER),
                "DUOLOGUE_CLOCK": str(self.folder / "clock"),
            },
            self.folder,
        )

    async def raise_curtain(self) -> None:
        """Start the bot on the same data."""
        self.app = await App(self.config()).__aenter__()

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

    def dialogue(self, name: str) -> bytes:
        """One of the package's own recordings."""
        return (DIALOGUES / f"{name}.ogg").read_bytes()
