"""Anything in any order: whoever looks, invites, answers or leaves, and however often, people are paired rightly."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import combinations
from typing import Any, cast

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from bot.rules.consent import CONSENT_VERSION
from bot.rules.onboarding import REQUIRED_PURPOSES
from bot.rules.policy import PairingPolicy
from bot.services import people
from bot.services.joining import invitations, withdrawal
from bot.services.messages.partners import PartnerLink
from bot.services.pairing import matches, partings, partner_links, partners, pool, proposals
from bot.services.pairing.proposal_cards import BY_INVITATION
from bot.services.people import Person, Visitor
from bot.services.unit import House, Unit, Units
from storage.tables import Invitation, Job, OutboxRow, Pair, Proposal, ProposalMember
from tests.databases import Databases
from tests.helpers import a_studio, an_approved
from tests.services.machines import OWNER, PICK, long, run_machine, short
from tests.services.pairing.pairing_promises import PairingPromises

ANN, BO, CY, DI, EVE, FAY, GUS, NEW = 11, 12, 13, 14, 15, 16, 17, 18
PEOPLE = {
    ANN: ("beijing", ["en"]),
    BO: ("beijing", ["en"]),
    CY: ("beijing", ["en", "zh"]),
    DI: ("beijing", ["zh", "en"]),
    EVE: ("shanghai", ["en"]),
    FAY: ("shanghai", ["en"]),
    GUS: ("beijing", ["zh"]),
    NEW: ("beijing", ["en"]),
}
"""Where they are and what they speak. New is not approved yet."""
ANYBODY = st.sampled_from([ANN, ANN, BO, BO, CY, CY, DI, DI, EVE, FAY, GUS, NEW])
LOOKS = (partners.show, partners.why, partners.status, partings.stay)


async def build(units: Units) -> None:
    """Eight people in two cities, all but one of them approved."""
    async with units.writing("build") as unit:
        await a_studio(unit, "beijing")
        await a_studio(unit, "shanghai")
        await people.arrive(unit, Visitor(OWNER, "Olga"))
        for telegram_id, (city, speaks) in PEOPLE.items():
            approved = None if telegram_id == NEW else unit.now
            await an_approved(unit, telegram_id, city=city, speaks=speaks, approved_at=approved)


# --- presses, as the buttons and links put them together


async def open_link(unit: Unit, person: Person, token: str) -> None:
    """Open a partner's link."""
    await partner_links.opened(unit, person, await invitations.find(unit, token))


async def consent(unit: Unit, person: Person, purpose: str, agree: bool) -> None:
    """The answer to one purpose."""
    await withdrawal.answer_consent(unit, person, purpose, CONSENT_VERSION, agree=agree)


async def approve(unit: Unit, person: Person) -> None:
    """What a verdict does for whoever is approved."""
    if person.approved_at is None:
        await people.change(unit, person, approved_at=unit.now)
        await partners.approved(unit, person)


async def lose_chat(chat_id: int, unit: Unit) -> None:
    """Telegram says that a chat is closed to us."""
    await people.lost(unit, chat_id)


class Meanwhile:
    """Units for a job: between its look and what it writes, something else happens."""

    def __init__(self, units: Units, happens: Callable[[], Awaitable[None]]) -> None:
        self._units, self._happens = units, happens

    @property
    def house(self) -> House:
        """The policy."""
        return self._units.house

    def reading(self) -> AbstractAsyncContextManager[Unit]:
        """A look."""
        return self._units.reading()

    @asynccontextmanager
    async def writing(self, cause: str, step: str) -> AsyncIterator[Unit]:
        """A unit, after what happens before it."""
        await self._happens()
        async with self._units.writing(cause, step) as unit:
            yield unit


class Pairing(PairingPromises):
    """Eight people who look for each other."""

    build = build

    @initialize(repeat=st.sampled_from([False, False, False, True]), looking=st.lists(ANYBODY, max_size=6))
    def on_an_ordinary_day(self, repeat: bool, looking: list[int]) -> None:
        """Some look for a partner already."""
        policy = replace(self.policy, pairing=PairingPolicy(every=timedelta(hours=2), repeat=repeat))
        self.units.house = replace(self.units.house, policy=policy)
        self.look_for_partners(looking)
        self.a_round(0, None)

    # --- the pool

    @rule(who=st.lists(ANYBODY, min_size=1, max_size=4))
    def look_for_partners(self, who: list[int]) -> None:
        """Some ask for a partner."""
        for one in who:
            self.press(one, pool.join)

    @rule(pick=PICK, meanwhile=st.sampled_from([None, None, "leave", "withdraw", "friend"]))
    def work(self, pick: int, meanwhile: str | None) -> None:
        """The next round's work is done; what was pressed before arrives between its look and its proposals."""
        for job in [job for job in self.every(Job) if job.kind == "solve_pool" and job.state == "queued"][:1]:
            self._meanwhile(pick, meanwhile)
            undisturbed = not self._pressed
            self.run(self._work(job))
            if undisturbed:
                self.nobody_was_forgotten()

    def _meanwhile(self, pick: int, what: str | None) -> None:
        """Somebody in the pool is suddenly not to be had."""
        free = sorted(self.free_in_pool())
        if not free or what is None:
            return
        who = self.person(free[pick % len(free)]).telegram_id
        if what == "leave":
            self.press_meanwhile(who, partings.begin)
        elif what == "withdraw":
            self.press_meanwhile(who, consent, REQUIRED_PURPOSES[0].value, False)
        else:
            self.bring_a_friend(who, next(one for one in (ANN, BO) if one != who), 1)

    async def _work(self, job: Job) -> None:
        units = cast(Units, Meanwhile(self.units, self.arriving))
        await proposals.solve_pool(units, job.data["round"], whole=job.data["whole"])
        await self.job_done(job.id)

    def nobody_was_forgotten(self) -> None:
        """After a round: of those who still wait no two could be proposed to each other."""
        free = (
            self.free_in_pool() & self.consenting() & {one.id for one in self.every(Person) if one.reachable}
        )
        assert not [two for two in combinations(sorted(free), 2) if self.fit(*two)], free

    @rule(pick=PICK, meanwhile=st.sampled_from([None, None, None, "leave", "withdraw"]))
    def a_round(self, pick: int, meanwhile: str | None) -> None:
        """The moment passes in which whoever asks first is waited for, and the pool is solved."""
        self.pass_time(timedelta(seconds=2))
        self.work(pick, meanwhile)

    # --- proposals

    @rule(pick=PICK, seat=PICK, yes=st.integers(0, 3))
    def answer(self, pick: int, seat: int, yes: int) -> None:
        """An answer to a proposal, mostly by one who was asked and to one that is open."""
        found = self.open_proposals() if pick % 8 else self.every(Proposal)
        if found:
            proposal = found[pick % len(found)]
            seats = self.seats(proposal.id)
            who = self.person(seats[seat % 2].person_id).telegram_id if seat % 9 else ANN
            self.press(who, matches.answer, proposal.id, agree=yes > 0)

    @rule(yes=st.integers(0, 3))
    def everybody_answers(self, yes: int) -> None:
        """Whoever is asked answers, mostly with yes: else hardly any pair would come about."""
        for proposal in self.open_proposals():
            for seat in self.seats(proposal.id):
                who = self.person(seat.person_id).telegram_id
                self.press(who, matches.answer, proposal.id, agree=yes > 0)

    # --- links

    @rule(who=ANYBODY, anew=st.booleans())
    def invite(self, who: int, anew: bool) -> None:
        """Make a link for a friend: whoever does is offered to nobody else."""
        before = self._links_given(who)
        self.press(who, partner_links.invite, anew=anew)
        if self._links_given(who) > before:
            person_id = self.ids()[who]
            assert person_id not in self.in_pool()
            engaged = [
                seat for seat in self.every(ProposalMember) if seat.open and seat.person_id == person_id
            ]
            assert not engaged

    def _links_given(self, who: int) -> int:
        return sum(row.kind == PartnerLink.kind and row.chat_id == who for row in self.every(OutboxRow))

    @rule(who=ANYBODY, pick=PICK)
    def open_link(self, who: int, pick: int) -> None:
        """Open a link, the newest mostly, whoever made it."""
        links = self.every(Invitation)
        if links:
            self.press(who, open_link, links[-1 if pick % 5 else pick % len(links)].token)

    @rule(who=ANYBODY, pick=PICK, yes=st.integers(0, 3))
    def befriend_somebody_asked(self, who: int, pick: int, yes: int) -> None:
        """A friend brings somebody who has a proposal open already."""
        asked = [seat.person_id for one in self.open_proposals() for seat in self.seats(one.id)]
        if asked:
            self.bring_a_friend(who, self.person(asked[pick % len(asked)]).telegram_id, yes)

    @rule(who=ANYBODY, friend=ANYBODY, yes=st.integers(0, 3))
    def bring_a_friend(self, who: int, friend: int, yes: int) -> None:
        """All of it: a link, opened and answered."""
        self.invite(who, True)
        self.open_link(friend, 1)
        asked = [one for one in self.open_proposals() if one.kind == BY_INVITATION]
        if asked:
            self.press(friend, matches.answer, asked[-1].id, agree=yes > 0)

    @rule()
    def new_one_is_approved(self) -> None:
        """What waited for that is asked."""
        self.press(NEW, approve)

    # --- leaving

    @rule(who=ANYBODY)
    def leave(self, who: int) -> None:
        """Leave the pool, or be asked whether to leave the pair."""
        self.press(who, partings.begin)

    @rule(pick=PICK, seat=st.integers(0, 1), never=st.booleans(), known=st.booleans())
    def part(self, pick: int, seat: int, never: bool, known: bool) -> None:
        """Leave a pair, perhaps by the button of another one."""
        found = [pair for pair in self.every(Pair) if pair.state == "active" or pick % 8 == 0]
        if found:
            pair = found[pick % len(found)]
            who = self.person(sorted(self.two_of(pair.id))[seat]).telegram_id
            self.press(who, partings.leave, pair.id if known else None, never=never)

    @rule(pick=PICK, seat=st.integers(0, 1), never=st.booleans())
    def part_and_look_again(self, pick: int, seat: int, never: bool) -> None:
        """A pair parts, and both look for somebody at once."""
        found = [self.two_of(pair.id) for pair in self.every(Pair) if pair.state == "active"]
        if found:
            two = sorted(found[pick % len(found)])
            self.press(self.person(two[seat]).telegram_id, partings.leave, never=never)
            self.look_for_partners([self.person(one).telegram_id for one in two])
            self.a_round(0, None)

    @rule(who=ANYBODY, purpose=st.sampled_from(REQUIRED_PURPOSES), agree=st.integers(0, 2))
    def change_mind(self, who: int, purpose: Any, agree: int) -> None:
        """Take a consent back, or give it (again)."""
        self.press(who, consent, purpose.value, agree > 0)

    # --- all the rest

    @rule(who=ANYBODY, what=st.sampled_from(LOOKS))
    def look_around(self, who: int, what: Any) -> None:
        """See where one stands, and why."""
        self.press(who, what)

    @rule(who=ANYBODY)
    def lose(self, who: int) -> None:
        """Somebody blocks the bot, until they write again."""
        self.do(partial(lose_chat, who))

    @rule()
    def mail(self) -> None:
        """What is queued goes out."""
        self.mail_goes_out()

    @rule(minutes=st.sampled_from([1, 10, 60, 6 * 60, 12 * 60, 15 * 24 * 60]), asleep=st.booleans())
    def time_passes(self, minutes: int, asleep: bool) -> None:
        """The clock runs, or the program was off for so long."""
        self.pass_time(timedelta(minutes=minutes), asleep=asleep or minutes > 24 * 60)

    @rule(times=st.integers(1, 3))
    def it_rings(self, times: int) -> None:
        """The clock runs until something is due."""
        self.until_it_rings(times)


def test_people_are_paired_rightly_whatever_is_pressed(databases: Databases) -> None:
    """Short, and the same every time."""
    run_machine(Pairing, databases, short(24, 60))


@pytest.mark.slow
def test_people_are_paired_rightly_at_length(databases: Databases) -> None:
    """Long, and other runs every time."""
    run_machine(Pairing, databases, long(300, 60))
