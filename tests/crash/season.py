"""Many nights: a calm one, those that together die at every moment of it, and controls that must be noticed."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.delivery.crew import TTL
from bot.demo.theatre import next_noon
from tests.crash.moments import deal, kind_of, mending, moments
from tests.crash.night import Night, Outcome
from tests.crash.oracle import JUST_NOW, Verdict
from tests.databases import Databases

Say = Callable[[str], None]


@dataclass(slots=True)
class Season:
    """What was tried, and what came of it."""

    passed: list[str]
    """The moments of the calm night."""
    nights: int = 0
    kills: int = 0
    deaths: list[str] = field(default_factory=list)
    """Where bots died in nights that were played to their end."""
    verdict: Verdict = field(default_factory=Verdict)
    controls: list[tuple[str, Verdict]] = field(default_factory=list)

    @property
    def left(self) -> list[str]:
        """The moments of the calm night at which no bot died."""
        tried = set(self.deaths)
        return [moment for moment in self.passed if moment not in tried]

    @property
    def kinds_left(self) -> list[str]:
        """The moments of those kinds at which no bot died."""
        tried = {kind_of(death) for death in self.deaths}
        return [moment for moment in self.passed if kind_of(moment) not in tried]

    @property
    def good(self) -> bool:
        """Whether every night was, and every control was noticed."""
        return self.verdict.good and all(not verdict.good for _, verdict in self.controls)

    def take(self, outcome: Outcome) -> None:
        """Add a night."""
        self.nights += 1
        self.kills += len(outcome.deaths)
        self.deaths += [] if outcome.verdict.broken_off else outcome.deaths
        self.verdict.add(outcome.verdict)


class Director:
    """Plays nights in folders of their own, `at_once` at the same time; `say` hears how it goes."""

    def __init__(
        self, folder: Path, databases: Databases, *, at_once: int = 2, say: Say = lambda _: None
    ) -> None:
        self._folder = folder
        self._databases = databases
        self._free = asyncio.Semaphore(at_once)
        self._noon: datetime = next_noon()
        self._say = say

    async def play(
        self, name: str, at: Sequence[str] = (), *, calm: Outcome | None = None, **how: Any
    ) -> Outcome:
        """One night."""
        async with self._free:
            url = await self._databases.create()
            night = Night(self._folder / name.replace(" ", "-"), url, self._noon, at, **how)
            outcome = await night.play(calm)
            if outcome.verdict.good:
                await self._databases.drop(url)
        self._say(f"{name}: {len(outcome.deaths)} deaths, {len(outcome.verdict.wrong)} complaints")
        outcome.verdict.prefix(name)
        return outcome

    async def every_moment(self, nights: int, again: int = 2) -> Season:
        """Die at every moment of a calm night, dealt to so many nights; up to `again` more for what did not come."""
        calm = await self.play("calm night")
        season = Season(moments(calm.journal))
        season.verdict.add(calm.verdict)
        if not calm.verdict.good:
            return season
        hands = [hand + mending(number) for number, hand in enumerate(deal(season.passed, nights))]
        for turn in range(1 + again):
            names = [f"night {season.nights + number}" for number in range(1, 1 + len(hands))]
            ends = await asyncio.gather(
                *(self.play(name, hand, calm=calm) for name, hand in zip(names, hands, strict=True))
            )
            for end in ends:
                season.take(end)
            if turn == again or not season.left or not season.verdict.good:
                break
            hands = deal(season.left, -(-len(season.left) // 12))
        return season

    async def a_sample(self, seed: int, turns: int = 3) -> Season:
        """Die once at each kind of moment, chosen by a seed; in further nights at those kinds that did not come.

        A moment has its number from the calm night, and a night with deaths in it may have fewer of its kind. Two
        nights are played at once, as a death is mostly waiting.
        """
        calm = await self.play("calm night")
        season = Season(moments(calm.journal))
        season.verdict.add(calm.verdict)
        while season.verdict.good and season.nights < 2 * turns and (left := season.kinds_left):
            hands = [hand for hand in deal(a_few(left, seed + season.nights), 2) if hand]
            ends = await asyncio.gather(
                *(
                    self.play(f"night {number}", hand + mending(number)[:2], calm=calm)
                    for number, hand in enumerate(hands, season.nights + 1)
                )
            )
            for end in ends:
                season.take(end)
        return season

    async def controls(self) -> list[tuple[str, Verdict]]:
        """Nights in which a commit is forgotten; who judges them must notice."""
        calm = await self.play("short calm night", scenes=SHORT)
        count = Counter(calm.journal)
        kept, handled, turns = (
            count[f"before {step}"] for step in ("inbox.accept", "inbox.handle", "outbox.turn")
        )
        forgotten = {
            "an update is acknowledged and not kept": [f"forget inbox.accept:{(kept + 1) // 2}"],
            "an update is handled, and that is not kept": [f"forget inbox.handle:{(handled + 1) // 2}"],
            "a message is sent, and that is not kept": [f"forget outbox.turn:{turns}"],
        }
        ends = await asyncio.gather(
            *(
                self.play(
                    f"control {number}", at, calm=calm, scenes=SHORT, late=True, patience=JUST_NOW + TTL + 2
                )
                for number, at in enumerate(forgotten.values(), 1)
            )
        )
        return [(what, end.verdict) for what, end in zip(forgotten, ends, strict=True)]


SHORT = 1
"""How many scenes a control plays. One person acts in it, so that its commits have the same numbers each time."""


def a_few(passed: Iterable[str], seed: int) -> list[str]:
    """One moment of each kind, spread over the night: a job that dies of all of them would be given up."""
    by_kind: dict[str, list[str]] = {}
    for moment in passed:
        by_kind.setdefault(kind_of(moment), []).append(moment)
    chance = random.Random(seed)
    first = chance.randrange(100)
    return [
        of_kind[(first + number) % len(of_kind)] if len(of_kind) < 10 else chance.choice(of_kind)
        for number, of_kind in enumerate(by_kind.values())
    ]
