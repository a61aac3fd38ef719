"""A small world with something of everything in it, strangers to all of that, and a picture of what is kept."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import SQLModel, col, delete, select, update

from bot.audio.store import AudioStore
from bot.rules import templates as template_rules
from bot.rules.closures import WallSpan, read_span
from bot.rules.commands import Broadcast, CloseRooms
from bot.rules.consent import CONSENT_VERSION
from bot.rules.pairing import Reasons
from bot.rules.roles import Role
from bot.rules.slots import parse
from bot.sandbox import Group, Person
from bot.sandbox.heard import Answer
from bot.services import people
from bot.services.booking import holds, waitlist
from bot.services.coordinating import broadcasts
from bot.services.joining.onboarding import answer_consent
from bot.services.pairing import pairs, proposals
from bot.services.pairing.proposals import Seat
from bot.services.people import Visitor
from bot.services.reviewing import reviews
from bot.services.studio import batches, closures, templates
from bot.services.unit import Unit
from storage.tables import Assignment, InboxRow, OutboxRow, Reviewer, RoleGrant, Studio
from storage.tables import Person as PersonRow
from tests.helpers import a_person, a_reviewer, a_sample, a_slot, a_studio, an_approved
from tests.stage import OWNER, Stage

REVIEWERS = ("rita", "rob", "rex", "tied", "lou")
STAFF = {"ben": "beijing", "leo": "beijing", "sam": "shanghai"}
APPLICANTS = ("nell", "rejected", "ann", "fresh")
APPROVED = ("bo", "cy", "dora", "eli", "ex", "zoe", "hal", "ida")
LOST = ("lou", "leo", "max")
"""They were reviewer, staff and coordinator, and are asked or seated still."""

STRANGERS = ("fresh", "rejected", "zoe", "ex", "lou", "leo", "max", "tied", "rex", "sam", "coco", "new")
"""People to whom nothing of this belongs: applicants, an ex-partner, who lost a role, a tied reviewer, one without
a seat, staff of another city, somebody without any role, and somebody who never wrote before."""

UNIMPORTANT = {"people": {"seen_at", "telegram_name", "username", "reachable", "expecting"}}
"""What the mere fact of writing may change, and the question that is being asked."""

NOT_KEPT = {"inbox", "outbox", "workers"}

Picture = dict[tuple[str, str], str]


def surname(key: str) -> str:
    """A name that can be told from every other word."""
    return f"Secret{key}"


@dataclass
class World:
    """Studio 1 in Beijing and 2 in Shanghai. Bo and Cy are a pair with booking 1 (slot 1, confirmed); Hal and Ida with
    booking 2 (slot 2, held) and on the waitlist of slot 1; slots 3 and 4 are open. Dora and Eli have proposal 1.
    Samples: 1 rejected's, 2 Ann's with Rita (a3) and Rob, 3 Nell's, just received, 4 Ida's appeal, which waits for a
    coordinator, 5 Hal's with Lou (a1) and Rob (a2). Batch 1 is a preview, batch 2 asks Ben and Leo (shifts 1 to 4).
    Broadcast 1 is a draft."""

    stage: Stage
    cast: dict[str, Person] = field(default_factory=dict)

    async def build(self) -> "World":
        """Everybody and everything; returns when all that is to be told has been told."""
        await self.stage.client.settings(press_timeout=120)  # hundreds of presses at once take long to answer
        for key in ("olga", *REVIEWERS, *STAFF, "max", "coco", *APPLICANTS, *APPROVED, "new"):
            number = {"id": OWNER} if key == "olga" else {}
            self.cast[key] = await self.stage.client.person(
                key.title(), last_name=surname(key), username=f"user_{key}", started=True, **number
            )
        async with self.stage.app.units.writing("people") as unit:
            await self._people(unit)
        async with self.stage.app.units.writing("samples") as unit:
            await self._samples(unit)
        async with self.stage.app.units.writing("plans") as unit:
            await self._plans(unit)
        async with self.stage.app.units.writing("some lose their roles") as unit:
            lost = [(await self.row(unit, key)).id for key in LOST]
            await unit.tx.change(delete(RoleGrant).where(col(RoleGrant.person_id).in_(lost)))
        await self.settle()
        return self

    async def row(self, unit: Unit, key: str) -> PersonRow:
        """Somebody's row."""
        return await unit.tx.one(select(PersonRow).where(PersonRow.telegram_id == self.cast[key].id))

    async def _people(self, unit: Unit) -> None:
        await people.arrive(unit, Visitor(OWNER, f"Olga {surname('olga')}"))
        await people.change(unit, await self.row(unit, "olga"), language="en")
        await a_studio(unit)
        await a_studio(unit, "shanghai", rooms=1)
        for key in REVIEWERS:
            await a_reviewer(unit, self.cast[key].id, self._name(key))
        for key in (*STAFF, "max", "coco"):
            somebody = await a_person(unit, self.cast[key].id, self._name(key), applying=False)
            if key in STAFF:
                await people.grant(unit, somebody, Role.STAFF, city=STAFF[key])
        await people.grant(unit, await self.row(unit, "max"), Role.COORDINATOR)
        for key in APPLICANTS:
            somebody = await a_person(unit, self.cast[key].id, self._name(key), city="beijing")
            for purpose in ("review", "recording", "training"):
                await answer_consent(unit, somebody, purpose, CONSENT_VERSION, agree=True)
        for key in APPROVED:
            await an_approved(unit, self.cast[key].id, self._name(key), city="beijing")
        for one, other, over in (
            ("ex", "bo", True),
            ("tied", "ann", True),
            ("bo", "cy", False),
            ("hal", "ida", False),
        ):
            pair = await pairs.form(unit, await self.row(unit, one), await self.row(unit, other), "pool")
            if over:
                await pairs.dissolve(unit, pair, by=None)

    def _name(self, key: str) -> str:
        return f"{key.title()} {surname(key)}"

    async def _samples(self, unit: Unit) -> None:
        # Not paused they would be dealt cards, and be no strangers.
        for key in ("rex", "tied", "lou"):
            own = col(Reviewer.person_id) == (await self.row(unit, key)).id
            await unit.tx.change(update(Reviewer).where(own).values(paused_at=unit.now))
        store = AudioStore(self.stage.app.config.settings.audio_place)
        kept = await store.put(
            b"OggS", "ogg"
        )  # the file ids are unknown to Telegram, so that cards bring the bytes
        samples = [
            await a_sample(unit, await self.row(unit, key), audio_key=kept, **columns)
            for key, columns in (
                ("rejected", {"state": "rejected", "reasons": ["noise"]}),
                ("ann", {}),
                ("nell", {"state": "received", "agreed": None, "language": None}),
                ("ida", {"state": "appealed", "round": 2}),
                ("hal", {"state": "in_review"}),
            )
        ]
        for seat_number, key in enumerate(("lou", "rob")):
            who = await self.row(unit, key)
            await unit.tx.add(
                Assignment(
                    sample_id=samples[4].id,
                    reviewer_id=who.id,
                    seat=seat_number,
                    state="open",
                    created_at=unit.now,
                )
            )
        await reviews.start(unit, samples[1])

    async def _plans(self, unit: Unit) -> None:
        first = (unit.now + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
        studio = (await unit.tx.all(select(Studio)))[0]
        for hours, room in ((0, 1), (4, 1), (8, 1), (4, 2)):
            await a_slot(unit, studio, first + timedelta(hours=hours), room=room)
        await holds.book(unit, await self.row(unit, "bo"), 1)
        await holds.agree(unit, await self.row(unit, "cy"), 1)
        await holds.book(unit, await self.row(unit, "hal"), 2)
        await waitlist.join(unit, await self.row(unit, "hal"), 1)
        seats = (
            Seat(await self.row(unit, "dora"), Reasons(())),
            Seat(await self.row(unit, "eli"), Reasons(())),
        )
        await proposals.offer(unit, "pool", seats, expires_at=unit.now + timedelta(hours=12))
        olga = await self.row(unit, "olga")
        await broadcasts.draft(unit, olga, Broadcast("all", "Hello", None, None))
        for days, opened in ((6, False), (8, True)):
            shown = await batches.preview(unit, olga, parse(self._line(unit.now, days)))
            if opened:
                await batches.open_(unit, olga, shown.batch_id)

        repeats = template_rules.read("beijing mo-su 12:00 3h ahead=1d")
        for _ in range(2):
            await templates.preview(unit, olga, repeats)
        await templates.start(unit, olga, 2)
        for day in (20, 22):
            await closures.preview(unit, olga, CloseRooms(studio.id, self._closed(unit.now, day), 1))
        await closures.apply(unit, olga, 2)

    def _closed(self, now: datetime, days: int) -> WallSpan:
        return read_span(str((now + timedelta(days=days)).date()))

    def _line(self, now: datetime, days: int) -> str:
        return f"beijing {(now + timedelta(days=days)).date()} 09:00 3h"

    # --- acting and looking

    async def settle(self) -> None:
        """Wait until everything that came in is done and everything that goes out is sent; nobody keeps it in mind."""
        await self.stage.app.inbox.idle()
        waiting = select(OutboxRow.id).where(
            col(OutboxRow.state).in_(("queued", "sending")), col(OutboxRow.not_before).is_(None)
        )
        async with asyncio.timeout(30):
            while await self._any(waiting):  # noqa: ASYNC110 - rows in a database set no event
                await asyncio.sleep(0.05)
        for person in self.cast.values():
            await person.heard()

    async def _any(self, query: Any) -> bool:
        async with self.stage.app.units.reading() as look:
            return await look.tx.first(query) is not None

    async def forge(
        self, key: str, data: Iterable[str], chat: Group | None = None
    ) -> list[tuple[str, Answer]]:
        """Let somebody press what is on no button, as fast as they can; gives each press with its answer."""
        person, presses = self.cast[key], list(data)
        how: dict[str, Any] = {"message_id": 1, "forged": True} | ({"chat": chat.id} if chat else {})
        path = f"people/{person.id}/press"
        pressed = [await self.stage.client.post(path, data=each, **how) for each in presses]
        answers = await asyncio.gather(*(person.answer(each["press_id"], timeout=60) for each in pressed))
        return list(zip(presses, answers, strict=True))

    async def picture(self) -> Picture:
        """Every row of every table that keeps what happened, by table and key."""
        kept: Picture = {}
        async with self.stage.app.units.reading() as look:
            for table in SQLModel.metadata.sorted_tables:
                if table.name in NOT_KEPT:
                    continue
                for row in (await look.tx.run(select(table))).mappings().all():
                    facts = {
                        name: str(value)
                        for name, value in row.items()
                        if name not in UNIMPORTANT.get(table.name, ())
                    }
                    key = ",".join(str(row[column.name]) for column in table.primary_key.columns)
                    kept[table.name, key] = json.dumps(facts, sort_keys=True)
        return kept

    async def set_aside(self) -> list[str]:
        """What went wrong with updates."""
        async with self.stage.app.units.reading() as look:
            return list(await look.tx.all(select(InboxRow.error).where(InboxRow.state == "failed")))

    def leaks(self, key: str, words: str) -> list[str]:
        """Whose private data is in words that somebody reads who has nothing to do with anybody."""
        others = (other for other in self.cast if other != key)
        return [other for other in others if surname(other) in words or f"user_{other}" in words]


def changed(before: Picture, after: Picture) -> list[str]:
    """What is new, gone or different."""
    return [
        f"{key}: {before.get(key)} -> {after.get(key)}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
