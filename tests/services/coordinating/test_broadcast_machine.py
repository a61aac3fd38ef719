"""Anything in any order: whatever is pressed and the network does, each recipient has one end, and a true one."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from bot.delivery.outbox import Outbox
from bot.rules.commands import Broadcast as Wanted
from bot.rules.consent import CONSENT_VERSION
from bot.rules.onboarding import Purpose
from bot.rules.roles import Role
from bot.services import people
from bot.services.coordinating import broadcasts
from bot.services.coordinating.audiences import AUDIENCES
from bot.services.joining import withdrawal
from bot.services.pairing import pairs, pool
from bot.services.people import Person, Visitor
from bot.services.unit import Unit, Units
from storage.tables import Broadcast, OutboxRow
from tests.databases import Databases
from tests.helpers import a_person, a_reviewer, a_studio, an_approved, deliver
from tests.services.coordinating.broadcast_mouth import FATES, KEPT, Air, Quota, Watched
from tests.services.coordinating.broadcast_promises import BroadcastPromises
from tests.services.machines import OWNER, PICK, long, run_machine, short

COR, REV, BEN, SHY = 2, 20, 21, 22
"""Another coordinator, a reviewer, one of the staff, and somebody who has not begun."""
CROWD = range(11, 19)
"""Applicants in two cities and two languages: two approved, one of them waiting, two a pair."""
COORDINATORS = st.sampled_from([OWNER, OWNER, COR])
ACTIONS = (broadcasts.send, broadcasts.pause, broadcasts.resume, broadcasts.stop, broadcasts.test)
MEANWHILE = st.sampled_from(
    [None, None, broadcasts.pause, broadcasts.pause, broadcasts.stop, broadcasts.resume]
)
"""What is pressed while messages are in the air."""
QUOTA = st.sampled_from([1, 4, 9, 500, 500])
"""How many messages go before the program ends: some of a broadcast, or all that may."""
OUTCOMES = st.lists(st.sampled_from([*FATES, *KEPT]), min_size=2, max_size=6)
"""How sendings end, by chat; those that go again, which is the hardest, more often."""
PAUSES: dict[str, Any] = {
    "LOOK_EVERY": 0.02,
    "DOUBT_PAUSE": 0.001,
    "OUTAGE_PAUSES": (0.001, 0.002),
    "DATABASE_PAUSES": (0.001, 0.002),
    "FAIR_EVERY": 10**9,
}
"""Seconds that are long in the world and short here."""


async def build(units: Units) -> None:
    """Two coordinators, those who work, and the crowd."""
    async with units.writing("build") as unit:
        for city in ("beijing", "shanghai"):
            await a_studio(unit, city)
        await people.arrive(unit, Visitor(OWNER, "Olga"))
        await people.grant(unit, await a_person(unit, COR, applying=False, language="zh"), Role.COORDINATOR)
        await a_reviewer(unit, REV, city="beijing")
        await people.grant(unit, await a_person(unit, BEN, applying=False), Role.STAFF, city="beijing")
        await people.arrive(unit, Visitor(SHY, "Shy"))
        crowd = []
        for number in CROWD:
            facts: dict[str, Any] = {"language": "zh" if number % 2 else "en"}
            facts["city"] = "shanghai" if number % 3 == 0 else "beijing"
            facts["approved_at"] = unit.now if number < 15 else None
            crowd.append(await an_approved(unit, number, **facts))
        await pairs.form(unit, crowd[0], crowd[1], "pool")
        await pool.join(unit, crowd[2])
    await deliver(units)


async def lose_chat(chat_id: int, unit: Unit) -> None:
    """Telegram says that a chat is closed to us."""
    await people.lost(unit, chat_id)


async def consent(unit: Unit, person: Person, agree: bool) -> None:
    """The answer to whether one wants to be recorded."""
    await withdrawal.answer_consent(unit, person, Purpose.RECORDING.value, CONSENT_VERSION, agree=agree)


async def writes(_unit: Unit, _person: Person) -> None:
    """Somebody writes something, no matter what."""


class Broadcasts(BroadcastPromises):
    """Two coordinators who press what they like, and a network that does what it likes."""

    build = build

    @initialize(
        audience=st.sampled_from(["all", "all", *AUDIENCES]),
        quota=QUOTA,
        fates=OUTCOMES,
        action=MEANWHILE,
    )
    def on_an_ordinary_day(self, audience: Any, quota: int, fates: list[str], action: Any) -> None:
        """A first broadcast is on its way."""
        self.draft(OWNER, audience, None, None, "")
        self.act(OWNER, broadcasts.send, -1)
        self.deliver(quota, fates, action, -1, 0)

    # --- what coordinators do

    @rule(
        who=COORDINATORS,
        audience=st.sampled_from(AUDIENCES),
        city=st.sampled_from([None, None, "beijing", "shanghai"]),
        lang=st.sampled_from([None, None, "zh"]),
        more=st.sampled_from(["", "x" * 4000]),
    )
    def draft(self, who: int, audience: Any, city: str | None, lang: str | None, more: str) -> None:
        """Write one; where nobody would get it there is none."""
        words = f"words {len(self.every(Broadcast))} {more}"
        self.press(who, broadcasts.draft, Wanted(audience, words, city, lang))

    @rule(who=COORDINATORS, action=st.sampled_from(ACTIONS), pick=PICK)
    def act(self, who: int, action: Any, pick: int) -> None:
        """A button of a card, mostly one that fits; whoever belongs to the audience gets a row."""
        broadcast = self._one_for(action, pick)
        if broadcast is None:
            return
        alone = not self._pressed and action is broadcasts.send and broadcast.state == "draft"
        circle = self.circle(broadcast.audience, broadcast.city, broadcast.language)
        self.press(who, action, broadcast.id)
        if alone and not self._pressed and circle:
            now = next(one for one in self.every(Broadcast) if one.id == broadcast.id)
            assert sorted(row.chat_id for row in self.recipients(now)) == circle, now

    def _one_for(self, action: Any, pick: int) -> Broadcast | None:
        wanted = {
            broadcasts.send: ("draft",),
            broadcasts.test: ("draft",),
            broadcasts.pause: ("sending",),
            broadcasts.resume: ("paused",),
            broadcasts.stop: ("draft", "sending", "paused"),
        }[action]
        found = [one for one in self.every(Broadcast) if one.state in wanted or pick % 7 == 0]
        return found[pick % len(found)] if found else None

    # --- what the network does

    @rule(
        quota=QUOTA,
        fates=OUTCOMES,
        action=MEANWHILE,
        pick=PICK,
        failing=st.sampled_from([0, 0, 0, 1, 2, 99]),
    )
    def deliver(self, quota: int, fates: list[str], action: Any, pick: int, failing: int) -> None:
        """The program runs until so many messages have gone; when all are in the air somebody may press something.

        Then they land, while some of the commits that say so may fail. In the end the program is killed: what did
        not land, or was not written down, is in doubt.
        """
        broadcast = self._one_for(action, pick) if action else None
        if broadcast is not None:
            self.press_meanwhile(OWNER, action, broadcast.id)
        self.run(self._deliver(quota, fates, failing))

    async def _deliver(self, quota: int, fates: list[str], failing: int) -> None:
        units, budget = cast(Watched, self.units), Quota(quota)
        air = Air(fates, self.deliveries, self._begins_to_go, units.commits)
        box = Outbox(units, air, budget)
        units.listener = box.wake
        before = len(self.deliveries)
        await box.start()
        await self._until(lambda: self._at_rest(air, budget, landed=False))
        await self.arriving()
        units.failing = failing
        air.let_land()
        if failing < 99:
            await self._until(lambda: self._at_rest(air, budget, landed=True))
        else:
            await self._until(lambda: not air.waiting)
        await box.stop(grace=0)
        units.failing = 0
        units.listener = lambda: None
        self._note(before)

    def _begins_to_go(self, chat_id: int) -> OutboxRow:
        """The one row of a chat that is on its way."""
        self.look_again()
        (row,) = [row for row in self.every(OutboxRow) if row.chat_id == chat_id and row.state == "sending"]
        self.may_go(row)
        return row

    def _at_rest(self, air: Air, budget: Quota, *, landed: bool) -> bool:
        """Whether nothing more happens by itself: what is in the air stays there, and nothing else may go."""
        self.look_again()
        rows = self.every(OutboxRow)
        in_air = [row.chat_id for row in rows if row.state == "sending"]
        if len(in_air) != air.gone + air.waiting or (landed and air.waiting):
            return False
        unsent = {row.id for row in rows if row.state in ("queued", "sending")}
        due = [
            row
            for row in rows
            if row.state == "queued"
            and row.chat_id not in in_air
            and (row.not_before is None or row.not_before <= self.clock.now)
            and row.edits not in unsent
        ]
        return not due or budget.left == 0

    async def _until(self, holds: Any) -> None:
        condition = cast(Watched, self.units).commits
        async with asyncio.timeout(10), condition:
            await condition.wait_for(holds)

    def _note(self, begun: int) -> None:
        """What of this run was written down: all but what the rows still say to be in the air."""
        self.look_again()
        states = {row.id: row.state for row in self.every(OutboxRow)}
        newest = {one.row_id: one for one in self.deliveries[begun:]}
        for one in self.deliveries[begun:]:
            one.written = one is not newest[one.row_id] or states[one.row_id] != "sending"

    @rule()
    def everything_goes_out(self) -> None:
        """A quiet hour: all that may go out does, and what is being sent is through at last."""
        self.deliver(500, [], None, 0, 0)
        self.pass_time(timedelta(seconds=3))
        self.deliver(500, [], None, 0, 0)
        self.pass_time(timedelta(seconds=3))
        assert "sending" not in {one.state for one in self.every(Broadcast)}

    # --- people, and time

    @rule(
        who=st.sampled_from([*CROWD, REV, BEN, SHY, COR]), what=st.sampled_from(["gone", "back", "yes", "no"])
    )
    def come_and_go(self, who: int, what: str) -> None:
        """Somebody blocks the bot or writes again, takes a consent back or gives it."""
        if what == "gone":
            self.do(partial(lose_chat, who))
        elif what == "back":
            self.press(who, writes)
        elif who in CROWD:
            self.press(who, consent, what == "yes")

    @rule(seconds=st.sampled_from([1, 3, 3, 10]))
    def time_passes(self, seconds: int) -> None:
        """The cards are brought up to date."""
        self.pass_time(timedelta(seconds=seconds))


def test_broadcasts_end_rightly_whatever_happens(databases: Databases) -> None:
    """Short, and the same every time."""
    with patch.multiple("bot.delivery.outbox", **PAUSES):
        run_machine(Broadcasts, databases, short(20, 40))


@pytest.mark.slow
def test_broadcasts_end_rightly_at_length(databases: Databases) -> None:
    """Long, and other runs every time."""
    with patch.multiple("bot.delivery.outbox", **PAUSES):
        run_machine(Broadcasts, databases, long(300, 60))
