"""People who send recordings, and the ports of what hears them: a recording is a word, so is what it sounds like."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import col, select, update

from bot.app import work
from bot.delivery.jobs import Task
from bot.rules.audio import AudioFacts, Finding, Heard, Match, Quality, Reason, Turn, Unreadable
from bot.rules.consent import CONSENT_VERSION
from bot.rules.states import SampleState
from bot.services import audit, people
from bot.services.joining.withdrawal import answer_consent
from bot.services.messages import Message
from bot.services.ports import Ports
from bot.services.reviewing import verdicts
from bot.services.sampling import samples
from bot.services.sampling.samples import Upload
from bot.services.unit import Units
from storage.tables import Fingerprint, Job, OutboxRow, Sample
from tests.helpers import an_approved, told

OWNER, ANN, BEN, CAT = 1, 11, 12, 13


class Outside:
    """Everything outside, in memory.

    What a person sends is "sound" or "sound as encoding": the sound is what it is found again by. "short …" is too
    short, "quiet …" is warned of, "broken …" cannot be read.
    """

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.quality: Quality | None = None
        self.drawing: Exception | None = None
        self.keeping: Exception | None = None
        self.comparing: Exception | None = None
        self.asked: list[tuple[int, bool]] = []
        """How many fingerprints each question was about, and whether it could wait."""

    @property
    def ports(self) -> Ports:
        """All of it."""
        return Ports(self, self, self, self)

    async def fetch(self, file_id: str) -> bytes:
        """The file is what it is called."""
        return file_id.encode()

    async def measure(self, data: bytes) -> Heard:
        """Two voices who share the talk."""
        words = data.decode().split(" as ")
        if words[0].startswith("broken"):
            raise Unreadable(Reason.corrupt)
        facts = AudioFacts(
            duration=40.0 if words[0].startswith("short") else 150.0,
            container="ogg",
            codec="opus",
            sample_rate=48_000,
            channels=1,
            loudness=-37.0 if words[0].startswith("quiet") else -23.0,
            peak=-3.0,
            clipping=2.0,
            speech_ratio=0.85,
            longest_silence=1.2,
            content_hash=data.decode(),
            voices=2,
            turns=(Turn(0, 0.0, 80.0), Turn(1, 80.0, 150.0)),
            shares=(0.53, 0.47),
            longest_turn=80.0,
        )
        return Heard(facts, words[0].encode())

    async def compare(
        self, fingerprint: bytes, others: Sequence[bytes], *, can_wait: bool = False
    ) -> list[Match | None]:
        """The same sound is the same recording."""
        if self.comparing is not None:
            raise self.comparing
        self.asked.append((len(others), can_wait))
        return [Match(0.1, 149.0, 0.5) if other == fingerprint else None for other in others]

    async def excerpt(self, data: bytes, start: float, seconds: float) -> bytes:
        """Words that say from where to where."""
        return f"{data.decode(errors='replace')[:8]} from {start} for {seconds}".encode()

    async def rate(self, data: bytes) -> Quality | None:
        """What the test says, of what was kept."""
        assert data
        return self.quality

    async def draw(self, sample_id: int, heard: Heard, findings: tuple[Finding, ...]) -> Mapping[str, bytes]:
        """A picture that says which and what."""
        if self.drawing is not None:
            raise self.drawing
        seen = f"{sample_id} {heard.facts.duration} {[finding.code.value for finding in findings]}"
        return {language: f"{seen} {language}".encode() for language in ("en", "zh")}

    async def put(self, data: bytes, suffix: str) -> str:
        """Keep it under its content."""
        if suffix == "png" and self.keeping is not None:
            raise self.keeping
        key = f"{data.decode()}.{suffix}"
        self.kept[key] = data
        return key

    async def get(self, key: str) -> bytes:
        """What is kept."""
        try:
            return self.kept[key]
        except KeyError:
            raise FileNotFoundError(key) from None

    async def delete(self, key: str) -> None:
        """Forget it."""
        self.kept.pop(key, None)


class Booth:
    """Applicants on a real database, and the jobs that their samples cause."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.outside = Outside()

    async def open(self) -> "Booth":
        """An owner who coordinates, and three people who may send samples; Ben reads Chinese."""
        async with self.units.writing("open") as unit:
            await people.arrive(unit, people.Visitor(OWNER, "Olga"))
            for telegram_id, name in ((ANN, "Ann"), (BEN, "Ben"), (CAT, "Cat")):
                await an_approved(unit, telegram_id, name, approved_at=None)
        return self

    async def sends(self, who: int, recording: str, *, agreed: bool = True) -> int:
        """Somebody sends a recording, and (by and by) says that the other voice agreed; gives the sample's id."""
        async with self.units.writing(f"{who} sends {recording}") as unit:
            person = await people.by_telegram_id(unit, who)
            assert person is not None
            upload = Upload(recording, f"unique {who} {recording}", "voice", None, None)
            await samples.receive(unit, person, upload)
            sample = await samples.live_sample(unit, person)
            assert sample is not None
            if agreed:
                await samples.answer_agreed(unit, person, sample.id, agree=True)
            return sample.id

    async def sent(self, who: int, recording: str) -> Sample:
        """The same, and everything that is to be done about it is done."""
        sample_id = await self.sends(who, recording)
        await self.work()
        return await self.sample(sample_id)

    async def work(self, *kinds: str) -> list[str]:
        """Do what is queued (of these kinds only, if any), in order; gives the kinds that were done."""
        done = []
        while job := await self._next(kinds):
            await self.do(job)
            done.append(job.kind)
        return done

    async def do(self, job: Job) -> None:
        """Do a job and note that it is done."""
        await work(self.units, self.outside.ports)[job.kind](Task(job.data, last_try=False))
        async with self.units.writing(f"done {job.id}") as unit:
            await unit.tx.change(update(Job).where(col(Job.id) == job.id).values(state="done"))

    async def _next(self, kinds: tuple[str, ...]) -> Job | None:
        async with self.units.reading() as look:
            queued = select(Job).where(Job.state == "queued").order_by(col(Job.id))
            return await look.tx.first(queued.where(col(Job.kind).in_(kinds)) if kinds else queued)

    async def again(self) -> None:
        """Every job that was done is done once more: the program died before it could note its end."""
        async with self.units.writing("again") as unit:
            await unit.tx.change(update(Job).values(state="queued"))
        await self.work()

    async def withdraws(self, who: int) -> None:
        """Somebody takes back their consent to the review."""
        await self._answers(who, agree=False)

    async def agrees(self, who: int) -> None:
        """Somebody gives it (again)."""
        await self._answers(who, agree=True)

    async def _answers(self, who: int, *, agree: bool) -> None:
        async with self.units.writing(f"{who} agrees: {agree}") as unit:
            person = await people.by_telegram_id(unit, who)
            assert person is not None
            await answer_consent(unit, person, "review", CONSENT_VERSION, agree=agree)

    async def concludes(self, sample_id: int, *, approve: bool) -> None:
        """The reviewers decide."""
        async with self.units.writing(f"{sample_id} is decided") as unit:
            sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
            if sample.state == SampleState.QUEUED:
                await audit.move(unit, sample, SampleState.IN_REVIEW)
            await verdicts.conclude(unit, sample, approve=approve, by="panel")

    # --- what came of it

    async def sample(self, sample_id: int) -> Sample:
        """A sample as it is now."""
        async with self.units.reading() as look:
            return await look.tx.one(select(Sample).where(Sample.id == sample_id))

    async def fingerprints(self) -> list[int]:
        """The samples that can be found again."""
        async with self.units.reading() as look:
            return list(await look.tx.all(select(Fingerprint.sample_id).order_by(Fingerprint.sample_id)))

    async def told(self, who: int, kind: type[Any]) -> list[Any]:
        """What somebody was told of one kind."""
        return [message for message in await told(self.units, who) if isinstance(message, kind)]

    async def kinds(self, who: int) -> list[str]:
        """The kinds of all that somebody was told, in order."""
        return [message.kind for message in await told(self.units, who)]

    async def taken_back(self, kind: type[Message]) -> list[int]:
        """The chats to which messages of a kind do not go out any more."""
        async with self.units.reading() as look:
            rows = select(OutboxRow.chat_id).where(
                OutboxRow.kind == kind.kind, OutboxRow.state == "cancelled"
            )
            return list(await look.tx.all(rows.order_by(col(OutboxRow.id))))
