"""Excerpts: only with consent, each one's own, cut once, sent once, forgotten with it."""

from typing import Any

import pytest
from sqlmodel import select

from bot.rules.consent import CONSENT_VERSION
from bot.rules.pairing import Reasons
from bot.services import people
from bot.services.joining import withdrawal
from bot.services.messages.partners import ProposalExcerpt
from bot.services.messages.people import AskConsent
from bot.services.pairing import excerpts, matches
from bot.services.pairing.proposals import Seat, offer
from bot.services.ports import Ports
from bot.services.sampling import erasing
from bot.services.unit import Units
from storage.tables import Excerpt, Job, OutboxRow, Proposal, Sample
from tests.helpers import a_sample, an_approved, told
from tests.services.reviewing.review_cast import GOOD

ANN, BO = 11, 12


class Booth:
    """Bytes by key, and pieces of them."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {"a.ogg": b"Ann talks", "b.ogg": b"Bo talks"}
        self.cuts = 0

    async def get(self, key: str) -> bytes:
        """What is kept."""
        if key not in self.kept:
            raise FileNotFoundError(key)
        return self.kept[key]

    async def put(self, data: bytes, suffix: str) -> str:
        """Keep it under its content."""
        key = f"{data.decode()}.{suffix}"
        self.kept[key] = data
        return key

    async def delete(self, key: str) -> None:
        """Forget it."""
        self.kept.pop(key, None)

    async def excerpt(self, data: bytes, start: float, seconds: float) -> bytes:
        """A piece."""
        self.cuts += 1
        return b"piece of " + data


@pytest.fixture
def booth() -> Booth:
    """With the samples of Ann and Bo."""
    return Booth()


def ports(booth: Any) -> Ports:
    """The booth is all there is."""
    return Ports(booth, booth, booth, booth)


async def person(units: Units, who: int) -> people.Person:
    """Somebody by their Telegram id."""
    async with units.reading() as look:
        found = await people.by_telegram_id(look, who)
    assert found is not None
    return found


async def consents(units: Units, who: int, *, agree: bool) -> None:
    """Answer the question."""
    async with units.writing(f"{who} {agree} {await count(units)}") as unit:
        one = await people.by_telegram_id(unit, who)
        assert one is not None
        await withdrawal.answer_consent(unit, one, "excerpt", CONSENT_VERSION, agree=agree)


async def count(units: Units) -> int:
    """How many jobs there ever were: a number that grows."""
    return len(await rows(units, Job))


async def rows(units: Units, table: Any) -> list[Any]:
    """All of a table."""
    async with units.reading() as look:
        return list(await look.tx.all(select(table)))


async def meet(units: Units, kind: str = "pool") -> int:
    """Propose Ann and Bo to each other; gives the proposal's id."""
    async with units.writing(f"meet {len(await rows(units, Proposal))}") as unit:
        ann, bo = await people.by_telegram_id(unit, ANN), await people.by_telegram_id(unit, BO)
        assert ann is not None
        assert bo is not None
        made = await offer(unit, kind, (Seat(ann, Reasons(())), Seat(bo, Reasons(()))), expires_at=None)
        return made.id


async def work(units: Units, booth: Booth) -> None:
    """Do the jobs that wait, as the program would."""
    for job in await rows(units, Job):
        if job.state == "queued" and job.kind == excerpts.CUT:
            await excerpts.cut(units, ports(booth), job.data["sample_id"])
        elif job.state == "queued" and job.kind == "erase_audio":
            await erasing.erase(units, ports(booth), job.data["key"])


async def heard(units: Units, who: int) -> list[ProposalExcerpt]:
    """What somebody was given to hear."""
    return [message for message in await told(units, who) if isinstance(message, ProposalExcerpt)]


@pytest.fixture
async def cast(units: Units) -> None:
    """Ann and Bo, approved with their samples."""
    async with units.writing("cast") as unit:
        for who, name, key in ((ANN, "Ann Smith", "a.ogg"), (BO, "Bo Li", "b.ogg")):
            one = await an_approved(unit, who, name)
            await a_sample(unit, one, state="approved", audio_key=key, facts=GOOD.to_json())


@pytest.mark.usefixtures("cast")
async def test_without_consent_nobody_is_heard(units: Units, booth: Booth) -> None:
    """Nothing is even cut."""
    await meet(units)
    await work(units, booth)
    assert (await heard(units, ANN), await heard(units, BO), booth.cuts) == ([], [], 0)


@pytest.mark.usefixtures("cast")
async def test_each_decides_about_their_own(units: Units, booth: Booth) -> None:
    """Ann agreed and Bo said no: Bo hears Ann, as soon as it is cut, by her first name."""
    await consents(units, ANN, agree=True)
    await consents(units, BO, agree=False)
    await meet(units)
    assert await heard(units, BO) == []
    await work(units, booth)
    assert await heard(units, BO) == [ProposalExcerpt("Ann", "piece of Ann talks.ogg")]
    assert await heard(units, ANN) == []
    await work(units, booth)
    assert len(await heard(units, BO)) == 1


@pytest.mark.usefixtures("cast")
async def test_it_is_cut_once(units: Units, booth: Booth) -> None:
    """The next proposal has it at once."""
    await consents(units, ANN, agree=True)
    first = await meet(units)
    await work(units, booth)
    async with units.writing("no") as unit:
        bo = await people.by_telegram_id(unit, BO)
        assert bo is not None
        await matches.answer(unit, bo, first, agree=False)
    async with units.writing("done") as unit:
        for job in await unit.tx.all(select(Job)):
            job.state = "done"
    await meet(units)
    assert len(await heard(units, BO)) == 2
    assert booth.cuts == 1


@pytest.mark.usefixtures("cast")
async def test_a_yes_while_a_proposal_is_open(units: Units, booth: Booth) -> None:
    """Who answers the question a little later is heard then."""
    await meet(units)
    await consents(units, ANN, agree=True)
    await work(units, booth)
    assert len(await heard(units, BO)) == 1


@pytest.mark.usefixtures("cast")
async def test_friends_by_a_link_need_none(units: Units, booth: Booth) -> None:
    """They know each other."""
    await consents(units, ANN, agree=True)
    await meet(units, "invitation")
    await work(units, booth)
    assert (await heard(units, BO), booth.cuts) == ([], 0)


@pytest.mark.usefixtures("cast")
async def test_taking_it_back_forgets_it(units: Units, booth: Booth) -> None:
    """The bytes go, what is queued does not go out; a new yes begins anew."""
    await consents(units, ANN, agree=True)
    await meet(units)
    await work(units, booth)
    assert "piece of Ann talks.ogg" in booth.kept
    await consents(units, ANN, agree=False)
    await work(units, booth)
    assert "piece of Ann talks.ogg" not in booth.kept
    assert await rows(units, Excerpt) == []
    states = [row.state for row in await rows(units, OutboxRow) if row.kind == "ProposalExcerpt"]
    assert states == ["cancelled"]
    await consents(units, ANN, agree=True)
    await work(units, booth)
    assert "piece of Ann talks.ogg" in booth.kept


@pytest.mark.usefixtures("cast")
async def test_taken_back_while_it_is_cut(units: Units, booth: Booth) -> None:
    """The piece is erased again and goes to nobody."""
    await consents(units, ANN, agree=True)
    await meet(units)
    (sample_id,) = {row.id for row in await rows(units, Sample) if row.audio_key == "a.ogg"}
    cut, took_back = booth.excerpt, consents

    async def meanwhile(data: bytes, start: float, seconds: float) -> bytes:
        await took_back(units, ANN, agree=False)
        return await cut(data, start, seconds)

    booth.excerpt = meanwhile  # type: ignore[method-assign]
    await excerpts.cut(units, ports(booth), sample_id)
    assert (await heard(units, BO), await rows(units, Excerpt)) == ([], [])
    await work(units, booth)
    assert "piece of Ann talks.ogg" not in booth.kept


@pytest.mark.usefixtures("cast")
async def test_it_goes_with_the_sample(units: Units, booth: Booth) -> None:
    """Whoever takes back the review's consent leaves no excerpt behind either."""
    await consents(units, ANN, agree=True)
    await meet(units)
    await work(units, booth)
    async with units.writing("all back") as unit:
        ann = await people.by_telegram_id(unit, ANN)
        assert ann is not None
        await withdrawal.answer_consent(unit, ann, "review", CONSENT_VERSION, agree=False)
    await work(units, booth)
    assert sorted(booth.kept) == ["b.ogg"]


@pytest.mark.usefixtures("cast")
async def test_a_sample_that_is_gone_is_cut_for_nobody(units: Units, booth: Booth) -> None:
    """Nobody misses it: the card stands by itself."""
    await consents(units, ANN, agree=True)
    await meet(units)
    booth.kept.clear()
    await work(units, booth)
    assert (await heard(units, BO), await rows(units, Excerpt)) == ([], [])


async def test_the_question_comes_once(units: Units) -> None:
    """Whoever answered, or was asked before, is not asked again."""

    async def asked() -> int:
        return len([one for one in await told(units, ANN) if one == AskConsent("excerpt", CONSENT_VERSION)])

    async with units.writing("t") as unit:
        ann = await an_approved(unit, ANN, "Ann")
        await excerpts.ask_once(unit, ann)
        await excerpts.ask_once(unit, ann)
    assert await asked() == 1
    await consents(units, ANN, agree=False)
    async with units.writing("t2") as unit:
        await excerpts.ask_once(unit, ann)
    assert await asked() == 1
