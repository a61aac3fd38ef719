"""Who sends samples, hears them and decides: the people of the review machine, their presses, and the ports."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from bot.rules.audio import AudioFacts, Heard, Match, Quality, Unreadable
from bot.rules.audio import Reason as Fault
from bot.rules.consent import CONSENT_VERSION
from bot.rules.onboarding import REQUIRED_PURPOSES, SKIPPABLE, Purpose
from bot.rules.review import Reason
from bot.rules.roles import Role
from bot.services import people
from bot.services.joining import invitations, onboarding, withdrawal
from bot.services.people import Person, Visitor
from bot.services.ports import FileGoneError, OutageError
from bot.services.reviewing import appeals, review_groups, votes
from bot.services.unit import Unit, Units
from tests.helpers import a_person, a_reviewer, a_studio
from tests.services.machines import OWNER, present

ANN, BEA, CAL, DEE, UMA = 11, 12, 13, 14, 15
"""Who send samples: Bea in one of two languages, the others in English; Uma is a reviewer too."""
COR, RIA, ROB, SUE, TIM, VIC = 20, 21, 22, 23, 24, 25
"""Cor coordinates and reviews, Sue alone hears Chinese, Tim invited Ann, Vic is no reviewer yet."""
SENDERS = (ANN, BEA, CAL, DEE, UMA)
JURY = (COR, RIA, ROB, SUE, TIM, UMA, VIC)
GROUP, OTHER_GROUP = -5, -6
GOOD = AudioFacts(150.0, "ogg", "opus", 48000, 1, -23.0, -3.0, 2.0, 0.85, 1.2, "")
OUTCOMES = ("good", "good", "good", "same", "short", "unreadable", "gone", "outage")
"""What a check can find; `same` is the same sound as another time."""


async def build(units: Units) -> None:
    """Two coordinators, six reviewers, five who want to be heard, and a studio, whose nights are quiet."""
    async with units.writing("build") as unit:
        await a_studio(unit)
        await people.arrive(unit, Visitor(OWNER, "Olga"))
        # Whose turn it would be first are those who must not: Uma herself, Tim at Ann's, all but Sue at Chinese.
        await sender(unit, UMA, "en")
        await people.grant(unit, await present(unit, UMA), Role.REVIEWER)
        for telegram_id in (TIM, COR, RIA, ROB, SUE):
            speaks = ["en", "zh"] if telegram_id == SUE else ["en"]
            await a_reviewer(unit, telegram_id, city="beijing", speaks=speaks)
        await people.grant(unit, await present(unit, COR), Role.COORDINATOR)
        await a_person(unit, VIC, applying=False, speaks=["en", "zh"])
        for telegram_id in (ANN, CAL, DEE):
            await sender(unit, telegram_id, "en")
        await sender(unit, BEA, "en", "zh")
        await invite(unit, TIM, ANN)


async def sender(unit: Unit, telegram_id: int, *speaks: str) -> None:
    """Somebody who has answered all questions and may send samples."""
    skipped = [question.value for question in SKIPPABLE]
    person = await a_person(unit, telegram_id, city="beijing", speaks=list(speaks), skipped=skipped)
    for purpose in REQUIRED_PURPOSES:
        await onboarding.answer_consent(unit, person, purpose.value, CONSENT_VERSION, agree=True)


async def invite(unit: Unit, inviter: int, invitee: int) -> None:
    """Somebody invited somebody as a partner, and the link was opened."""
    maker, user = await present(unit, inviter), await present(unit, invitee)
    token = await invitations.create(unit, maker, invitations.PARTNER)
    await invitations.use(unit, user, await invitations.find(unit, token))


# --- presses, as the buttons put them together


async def vote_on(unit: Unit, person: Person, assignment_id: int, choice: str, reasons: list[Reason]) -> None:
    """A press on one's own card: `yes`, `no` with reasons, `tick` without Done, `skip`."""
    seated = await votes.seat_of(unit, person, assignment_id)
    if choice == "yes":
        await votes.approve(unit, person, seated)
    elif choice == "skip":
        await votes.skip(unit, person, seated)
    else:
        await votes.begin_rejection(unit, seated)
        for reason in reasons:
            await votes.toggle(unit, seated, reason)
        if choice == "no":
            await votes.reject(unit, person, seated)


async def press_in_group(who: int, chat_id: int, sample_id: int, yes: bool, unit: Unit) -> None:
    """A press on the group's card."""
    known = await people.by_telegram_id(unit, who)
    assert known is not None
    person = await people.arrive(unit, Visitor(who, known.telegram_name), private=False)
    seat = await review_groups.sit_down(unit, person, chat_id, sample_id)
    if yes:
        await votes.approve(unit, person, seat.seated)
    else:
        await review_groups.ask_reasons(unit, seat)


async def decide(unit: Unit, person: Person, sample_id: int, yes: bool, reasons: list[Reason]) -> None:
    """A coordinator's word on an appeal."""
    sample = await appeals.case_of(unit, person, sample_id)
    if yes:
        await appeals.uphold(unit, person, sample)
        return
    for reason in reasons:
        await appeals.toggle(unit, person, sample, reason)
    await appeals.dismiss(unit, person, sample)


async def consent(unit: Unit, person: Person, agree: bool) -> None:
    """The answer to whether one's voice may be reviewed."""
    await withdrawal.answer_consent(unit, person, Purpose.REVIEW.value, CONSENT_VERSION, agree=agree)


async def become_reviewer(unit: Unit, person: Person) -> None:
    """Somebody takes up the role."""
    await people.grant(unit, person, Role.REVIEWER)


async def lose_chat(chat_id: int, unit: Unit) -> None:
    """Telegram says that a chat is closed to us."""
    await people.lost(unit, chat_id)


class Outside:
    """The ports of a check: what it finds is chosen, and something may happen while it is at work."""

    def __init__(
        self, outcome: str, sound: int, kept: set[str], happens: Callable[[], Awaitable[None]]
    ) -> None:
        self._outcome, self._sound, self._kept, self._happens = outcome, sound, kept, happens

    async def fetch(self, _file_id: str) -> bytes:
        """The bytes, or why there are none; something happens meanwhile."""
        await self._happens()
        if self._outcome == "gone":
            raise FileGoneError
        if self._outcome == "outage":
            raise OutageError
        return f"sound {0 if self._outcome == 'same' else self._sound}".encode()

    async def measure(self, data: bytes) -> Heard:
        """The facts of the bytes, which are their own fingerprint."""
        if self._outcome == "unreadable":
            raise Unreadable(Fault.corrupt)
        facts = replace(GOOD, content_hash=data.decode())
        return Heard(replace(facts, duration=9.0) if self._outcome == "short" else facts, data)

    async def compare(
        self, fingerprint: bytes, others: Sequence[bytes], *, can_wait: bool = False
    ) -> list[Match | None]:
        """The same sound is the same recording."""
        return [Match(0.0, 150.0, 0.0) if other == fingerprint else None for other in others]

    async def excerpt(self, data: bytes, start: float, seconds: float) -> bytes:
        """Words that say from where to where."""
        return f"{data.decode()} from {start} for {seconds}".encode()

    async def rate(self, _data: bytes) -> Quality:
        """Good."""
        return Quality(4.0, 4.0, 4.0)

    async def draw(self, sample_id: int, _heard: Heard, _findings: object) -> dict[str, bytes]:
        """The pictures, which no two samples have in common."""
        return {language: f"picture {sample_id} {language}".encode() for language in ("en", "zh")}

    async def put(self, data: bytes, _suffix: str) -> str:
        """Keep it, under its content."""
        self._kept.add(data.decode())
        return data.decode()

    async def get(self, key: str) -> bytes:
        """What is kept under a key."""
        if key not in self._kept:
            raise FileNotFoundError
        return key.encode()

    async def delete(self, key: str) -> None:
        """Forget it."""
        self._kept.discard(key)
