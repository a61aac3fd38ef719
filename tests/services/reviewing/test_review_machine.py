"""Anything in any order: whoever sends, votes, skips or appeals, and however often, a sample is decided rightly."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from bot.rules.policy import ReviewPolicy
from bot.rules.review import Reason
from bot.services.ports import OutageError, Ports
from bot.services.reviewing import appeals, review_groups, review_queue
from bot.services.sampling import checks, copies, erasing, ratings, samples
from bot.services.sampling.samples import Upload
from storage.tables import Job, Person, Reviewer, Sample
from tests.databases import Databases
from tests.services.machines import OWNER, PICK, long, run_machine, short
from tests.services.reviewing import review_cast as cast
from tests.services.reviewing.review_cast import (
    COR,
    GROUP,
    JURY,
    OTHER_GROUP,
    OUTCOMES,
    RIA,
    ROB,
    SENDERS,
    SUE,
    TIM,
    VIC,
    Outside,
)
from tests.services.reviewing.review_promises import ReviewPromises

LANGUAGE = st.sampled_from(["en", "en", "zh"])
REASONS = st.lists(st.sampled_from(list(Reason)[:3]), max_size=3, unique=True)
CHOICES = st.sampled_from(["yes", "yes", "no", "no", "tick", "skip"])
SO_FAR = (
    "no no no",
    "no no",
    "yes no no",
    "yes yes",
    "yes no",
    "no yes skip no",
    "yes",
    "skip skip yes no",
    "tick no no no",
    "yes no yes",
    "",
)
"""What those whose cards wait do, one after the other."""
VOTES = st.sampled_from([tuple(presses.split()) for presses in SO_FAR])


class Reviews(ReviewPromises):
    """Three senders, seven who may hear them, two coordinators, two groups."""

    build = cast.build

    @initialize(
        panel=st.sampled_from([2, 2, 2, 2, 1, 3]),
        cross=st.sampled_from(["disagreement", "any-rejection"]),
        group=st.sampled_from(["", "", "", "at first", "at first", "later"]),
        choices=VOTES,
        away=st.sampled_from([(), (), (SUE,), (COR, RIA, ROB)]),
        paused=st.sampled_from([(), (), (SUE,), (TIM, RIA)]),
    )
    def on_an_ordinary_day(
        self,
        panel: int,
        cross: Any,
        group: str,
        choices: tuple[str, ...],
        away: tuple[int, ...],
        paused: tuple[int, ...],
    ) -> None:
        """Under some policy, in a group or not, with some of the reviewers, one sample is heard already."""
        policy = replace(self.policy, review=ReviewPolicy(panel=panel, cross_review=cross))
        self.units.house = replace(self.units.house, policy=policy)
        if group == "at first":
            self.move_reviewing("here")
        for who in paused:
            self.press(who, review_queue.pause)
        for who in away:
            self.lose(who)
        self.reaches_reviewers(0, 0, "en", choices)
        self.appeal(1)
        if group == "later":
            self.move_reviewing("here")

    # --- who sends

    @rule(who=st.sampled_from(SENDERS), file=st.integers(0, 5))
    def send(self, who: int, file: int) -> None:
        """A sample, or the same file once more."""
        self.press(who, samples.receive, Upload(f"file {file}", f"unique {file}", "voice", None, None))

    @rule(pick=PICK, yes=st.integers(0, 5), language=LANGUAGE)
    def answer(self, pick: int, yes: int, language: str) -> None:
        """The questions to a sample, answered mostly by its sender, mostly with yes."""
        asked = [sample.id for sample in self.every(Sample) if sample.state == "received"]
        sample_id = asked[pick % len(asked)] if asked else self._sample(pick)
        self.press(self._sender(pick, sample_id), samples.answer_agreed, sample_id, agree=yes > 0)
        self.press(self._sender(pick, sample_id), samples.answer_language, sample_id, language)

    @rule(
        pick=PICK,
        outcome=st.sampled_from(OUTCOMES),
        last=st.booleans(),
        noted=st.integers(0, 4),
        meanwhile=st.sampled_from([None, None, None, "disagree", "withdraw"]),
    )
    def work(self, pick: int, outcome: str, last: bool, noted: int, meanwhile: str | None) -> None:
        """A job is done; what was pressed before arrives while a file is being fetched.

        Now and then its end is not noted, because the program dies: then it is done again.
        """
        jobs = [job for job in self.every(Job) if job.state == "queued"]
        if jobs:
            job = jobs[pick % len(jobs)]
            if job.kind == "check_sample" and meanwhile:
                sample_id = job.data["sample_id"]
                who = self._sender(1, sample_id)
                if meanwhile == "disagree":
                    self.press_meanwhile(who, samples.answer_agreed, sample_id, agree=False)
                else:
                    self.press_meanwhile(who, cast.consent, False)
            outside = Outside(outcome, job.id, self.kept, self.arriving)
            self.run(self._work(job, Ports(outside, outside, outside, outside), last=last, noted=noted > 0))

    async def _work(self, job: Job, ports: Ports, *, last: bool, noted: bool) -> None:
        try:
            if job.kind == "check_sample":
                await checks.check(self.units, ports, job.data["sample_id"], last_try=last)
            elif job.kind == "compare_sample":
                await copies.compare(self.units, ports, job.data["sample_id"])
            elif job.kind == "rate_sample":
                await ratings.rate(self.units, ports, job.data["sample_id"])
            else:
                await erasing.erase(self.units, ports, job.data["key"])
        except OutageError:
            return
        if noted:
            await self.job_done(job.id)

    @rule(pick=PICK, file=st.integers(0, 5), language=LANGUAGE, choices=VOTES)
    def reaches_reviewers(self, pick: int, file: int, language: str, choices: tuple[str, ...]) -> None:
        """All of it, so that many samples come this far, and some votes."""
        who = self._could_send(pick)
        self.send(who, file)
        self.answer(-1, 1, language)
        self.work(-1, "good", False, 1, None)
        self.several_vote(choices, [Reason.NOISE])

    @rule(
        who=st.sampled_from(SENDERS),
        files=st.lists(st.integers(0, 9), min_size=1, max_size=4),
        why=st.sampled_from(["short", "no", "disagree", "withdraw"]),
    )
    def in_vain(self, who: int, files: list[int], why: str) -> None:
        """Samples that the checks refuse, which uses up attempts, or that are taken back, after or while they check."""
        for file in files:
            self.send(who, file)
            meanwhile = why if why in ("disagree", "withdraw") else None
            self.work(-1, "short" if why == "short" else "good", False, 1, meanwhile)
            if why == "no":
                self.answer(-1, 0, "en")

    @rule(who=st.sampled_from(SENDERS), agree=st.integers(0, 2))
    def change_mind(self, who: int, agree: int) -> None:
        """Take the consent back, or give it (again)."""
        self.press(who, cast.consent, agree > 0)

    @rule(pick=PICK)
    def appeal(self, pick: int) -> None:
        """Somebody, mostly its sender, wants others to hear a rejected sample."""
        rejected = [sample.id for sample in self.every(Sample) if sample.state == "rejected"]
        if rejected:
            sample_id = rejected[pick % len(rejected)]
            self.press(self._sender(pick, sample_id), appeals.appeal, sample_id)

    # --- who hears

    @rule(pick=PICK, own=st.integers(0, 3), choice=CHOICES, reasons=REASONS)
    def vote(self, pick: int, own: int, choice: str, reasons: list[Reason]) -> None:
        """A press on a card, mostly by whose it is and on one that is open."""
        seats = self.seats_to_vote() if pick % 8 else self.all_seats()
        if seats:
            seat = seats[pick % len(seats)]
            who = self.telegram_id(seat.reviewer_id) if own else JURY[pick % len(JURY)]
            self.press(who, cast.vote_on, seat.id, choice, reasons)

    @rule(choices=VOTES, reasons=REASONS)
    def several_vote(self, choices: tuple[str, ...], reasons: list[Reason]) -> None:
        """Those whose cards wait press one after the other."""
        for choice in choices:
            waiting = [seat for seat in self.seats_to_vote() if seat.state == "open"]
            if waiting:
                who = self.telegram_id(waiting[0].reviewer_id)
                self.press(who, cast.vote_on, waiting[0].id, choice, reasons or [Reason.FLAT])

    @rule(who=st.sampled_from(JURY), pick=PICK, yes=st.booleans(), reasons=REASONS)
    def vote_in_group(self, who: int, pick: int, yes: bool, reasons: list[Reason]) -> None:
        """A press on the group's card of a sample, and on the reasons that are asked for in private then."""
        if pick % 9 and not self.in_group():
            self.move_reviewing("here")
        self.do(
            partial(
                cast.press_in_group, who, OTHER_GROUP if pick % 9 == 0 else GROUP, self._sample(pick), yes
            )
        )
        ticked = [seat.id for seat in self.seats_to_vote() if seat.draft is not None]
        if not yes and ticked:
            self.press(who, cast.vote_on, ticked[-1], "no", reasons or [Reason.FLAT])

    @rule(who=st.sampled_from([OWNER, COR]), pick=PICK, yes=st.booleans(), reasons=REASONS)
    def judge(self, who: int, pick: int, yes: bool, reasons: list[Reason]) -> None:
        """A coordinator presses on an appeal."""
        appealed = [sample.id for sample in self.undecided() if sample.round > 1]
        sample_id = appealed[pick % len(appealed)] if appealed else self._sample(pick)
        self.press(who, cast.decide, sample_id, yes, reasons)

    @rule(pick=PICK, what=st.sampled_from(["pause", "resume", "queue", "gone", "back"]))
    def come_and_go(self, pick: int, what: str) -> None:
        """A reviewer takes a break or ends it, looks what is open, blocks the bot or writes again."""
        paused = {row.person_id for row in self.every(Reviewer) if row.paused_at}
        fitting = [
            person.telegram_id
            for person in self.every(Person)
            if person.telegram_id in JURY
            and (what != "resume" or person.id in paused)
            and (what != "back" or not person.reachable)
        ]
        who = fitting[pick % len(fitting)] if fitting else RIA
        if what == "gone":
            self.lose(who)
        else:
            asks = {"pause": review_queue.pause, "resume": review_queue.resume}
            self.press(who, asks.get(what, review_queue.show))

    @rule()
    def one_more_reviewer(self) -> None:
        """Vic takes up the role."""
        self.press(VIC, cast.become_reviewer)

    @rule(pick=PICK, other=st.sampled_from(JURY))
    def tie(self, pick: int, other: int) -> None:
        """A sender invites a reviewer as a partner: from now on that one hears nothing of theirs any more."""
        who = SENDERS[pick % len(SENDERS)]
        if who != other:
            self.tied(who, other)
            self.run(self._tie(who, other))

    async def _tie(self, who: int, other: int) -> None:
        async with self.units.writing(self.cause()) as unit:
            await cast.invite(unit, who, other)

    # --- where, and when

    @rule(where=st.sampled_from(["here", "here", "elsewhere", "private", "nowhere"]))
    def move_reviewing(self, where: str) -> None:
        """A coordinator moves reviewing into a group, or out of it, or the group is lost."""
        if where == "private":
            self.press(OWNER, review_groups.end, GROUP)
        elif where == "nowhere":
            self.lose(GROUP)
        else:
            self.press(OWNER, review_groups.begin_here, GROUP if where == "here" else OTHER_GROUP, where)

    def lose(self, chat: int) -> None:
        """A chat is closed to us."""
        self.do(partial(cast.lose_chat, chat))

    @rule()
    def mail(self) -> None:
        """What is queued goes out."""
        self.mail_goes_out()

    @rule(minutes=st.sampled_from([5, 60, 4 * 60, 20 * 60, 25 * 60, 8 * 24 * 60]), asleep=st.booleans())
    def time_passes(self, minutes: int, asleep: bool) -> None:
        """The clock runs, or the program was off for so long."""
        self.pass_time(timedelta(minutes=minutes), asleep=asleep)

    @rule(times=st.integers(1, 3))
    def it_rings(self, times: int) -> None:
        """The clock runs until something is due."""
        self.until_it_rings(times)

    def _could_send(self, pick: int) -> int:
        """Somebody who is not approved yet and has no sample on its way, if there is anybody."""
        on_its_way = {one.person_id for one in [*self.undecided(), *self.every(Sample)] if not one.decided_at}
        free = [
            person.telegram_id
            for person in self.every(Person)
            if person.telegram_id in SENDERS and not person.approved_at and person.id not in on_its_way
        ]
        return free[pick % len(free)] if free else SENDERS[pick % len(SENDERS)]

    def _sample(self, pick: int) -> int:
        """A sample that is not decided yet, if there is any; now and then any other."""
        found = [sample.id for sample in self.every(Sample)]
        lively = [sample.id for sample in self.every(Sample) if sample.decided_at is None]
        chosen = lively if pick % 7 and lively else found
        return chosen[pick % len(chosen)] if chosen else pick

    def _sender(self, pick: int, sample_id: int | None = None) -> int:
        """Who sent a sample; now and then somebody else."""
        wanted = sample_id or self._sample(pick)
        sent = [sample.person_id for sample in self.every(Sample) if sample.id == wanted]
        return self.telegram_id(sent[0]) if sent and pick % 9 else SENDERS[pick % len(SENDERS)]


def test_samples_are_decided_rightly_whatever_is_pressed(databases: Databases) -> None:
    """Short, and the same every time."""
    run_machine(Reviews, databases, short(26, 70))


@pytest.mark.slow
def test_samples_are_decided_rightly_at_length(databases: Databases) -> None:
    """Long, and other runs every time."""
    run_machine(Reviews, databases, long(300, 60))
