"""What holds of samples, seats and votes after every step, whoever did what."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from hypothesis.stateful import invariant

from bot.rules.policy import ReviewPolicy
from bot.rules.roles import Role
from bot.rules.states import UNDECIDED_SAMPLES
from bot.services.messages.reviews import GroupCard, ReviewCard, ReviewClosed, SampleApproved, SampleRejected
from storage.tables import (
    Assignment,
    Audit,
    Consent,
    Decision,
    Fingerprint,
    Invitation,
    Job,
    OutboxRow,
    Person,
    Reviewer,
    ReviewGroup,
    RoleGrant,
    Sample,
)
from tests.services.machines import Machine

HELD = ("open", "voted")


class ReviewPromises(Machine):
    """A machine's eyes on reviewing; `kept` is the audio that is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: set[str] = set()
        self._ties: dict[frozenset[int], int] = {}
        """When two became tied: the newest seat at that time."""

    @property
    def review(self) -> ReviewPolicy:
        """What the operator wants."""
        return self.units.house.policy.review

    # --- looks

    def telegram_id(self, person_id: int) -> int:
        """The account of a person."""
        return next(person.telegram_id for person in self.every(Person) if person.id == person_id)

    def all_seats(self) -> list[Assignment]:
        """Every seat that was ever given."""
        return self.every(Assignment)

    def seats_to_vote(self) -> list[Assignment]:
        """The seats that count in samples that are undecided, those without a vote first."""
        seats = [seat for sample in self.undecided() for seat in self._held(sample)]
        return sorted(seats, key=lambda seat: (seat.state, seat.id))

    def in_group(self) -> bool:
        """Whether reviewing happens in a group now."""
        return any(group.active for group in self.every(ReviewGroup))

    def undecided(self) -> list[Sample]:
        """The samples that wait for reviewers or for their votes."""
        return [sample for sample in self.every(Sample) if sample.state in UNDECIDED_SAMPLES]

    def _held(self, sample: Sample) -> list[Assignment]:
        return self._voters(sample.id, sample.round, HELD)

    def _voters(self, sample_id: int, round_: int, states: Sequence[str]) -> list[Assignment]:
        return [
            seat
            for seat in self.every(Assignment)
            if (seat.sample_id, seat.round) == (sample_id, round_) and seat.state in states
        ]

    def tied(self, one: int, other: int) -> None:
        """Two accounts are about to be tied: no seat that is given from now on joins them."""
        ids = self.ids()
        newest = max((seat.id for seat in self.every(Assignment)), default=0)
        self._ties.setdefault(frozenset({ids[one], ids[other]}), newest)

    def _are_tied(self, applicant: int, reviewer: int, seat: int | None = None) -> bool:
        """Whether two were tied when a seat was given (None: whether they are now)."""
        two = frozenset({applicant, reviewer})
        if two not in self._ties and any(
            {link.created_by, link.used_by} == set(two) for link in self.every(Invitation)
        ):
            self._ties[two] = 0
        return len(two) == 1 or (two in self._ties and (seat is None or seat > self._ties[two]))

    # --- what always holds

    @invariant()
    def one_decision_a_round_and_the_sample_says_the_same(self) -> None:
        """A round has no second decision, a sample stands where its newest one put it, and a rejection has reasons."""
        decisions = {(one.sample_id, one.round): one for one in self.every(Decision)}
        assert len(decisions) == len(self.every(Decision))
        for sample in self.every(Sample):
            newest = decisions.get((sample.id, sample.round))
            decided = {"approved": True, "rejected": False}.get(sample.state)
            assert (newest.approved if newest else None) == decided, (sample, newest)
            assert sample.round <= 2, sample
            assert sample.round == 1 or not decisions[sample.id, 1].approved, sample
        for one in decisions.values():
            assert one.approved == (not one.reasons), one

    @invariant()
    def the_decision_is_what_the_votes_say(self) -> None:
        """The panel agreed, or the third heard it because it had to, or a coordinator did, for want of others."""
        for one in self.every(Decision):
            votes = {
                seat.seat: bool(seat.approve) for seat in self._voters(one.sample_id, one.round, ["voted"])
            }
            panel, third = (
                {votes.get(seat) for seat in range(self.review.panel)},
                votes.get(self.review.panel),
            )
            if one.by == "panel":
                assert panel == {one.approved}, (one, votes)
                assert third is None, (one, votes)
                assert one.approved or self.review.cross_review == "disagreement", one
            elif one.by == "cross-review":
                assert third is one.approved, (one, votes)
                assert None not in panel, (one, votes)
                assert self._needs_third(panel), (one, votes)
            else:
                assert one.by == "coordinator", one
                assert one.round == 2, one

    def _needs_third(self, panel: set[bool | None]) -> bool:
        return len(panel) == 2 or (panel == {False} and self.review.cross_review == "any-rejection")

    @invariant()
    def no_decision_is_overdue(self) -> None:
        """An undecided sample lacks a vote, and is heard a third time if and only if it has to be."""
        for sample in self.undecided():
            votes = {seat.seat: bool(seat.approve) for seat in self._held(sample) if seat.state == "voted"}
            panel = {votes.get(seat) for seat in range(self.review.panel)}
            third = None not in panel and self._needs_third(panel)
            assert third or None in panel, (sample, votes)
            if sample.state == "cross_review":  # where a vote was changed, its third hears it all the same
                assert None not in panel, sample
            assert not third or sample.state == "cross_review", (sample, votes)

    @invariant()
    def nobody_sits_where_they_must_not(self) -> None:
        """No more seats than the panel and the third, nobody twice at a sample, and nobody tied to its sender."""
        languages = {person.id: person.speaks for person in self.every(Person)}
        samples = {sample.id: sample for sample in self.every(Sample)}
        given = Counter((seat.sample_id, seat.reviewer_id) for seat in self.every(Assignment))
        assert not given or max(given.values()) == 1, given
        held = Counter(
            (seat.sample_id, seat.round, seat.seat) for seat in self.every(Assignment) if seat.state in HELD
        )
        assert not held or max(held.values()) == 1, held
        for seat in self.every(Assignment):
            sample = samples[seat.sample_id]
            assert 0 <= seat.seat <= self.review.panel, seat
            assert not self._are_tied(sample.person_id, seat.reviewer_id, seat.id), (sample, seat)
            assert sample.language in languages[seat.reviewer_id], (sample, seat)
            assert sample.agreed, sample
            assert sample.checked_at, sample
        for sample in self.undecided():
            crossed = any(seat.seat == self.review.panel for seat in self._held(sample))
            assert not crossed or sample.state == "cross_review", sample

    @invariant()
    def seats_end_with_the_round(self) -> None:
        """Where nothing is being decided nobody's seat is open, and a vote that counts has its reasons."""
        rounds = {sample.id: sample.round for sample in self.undecided()}
        for seat in self.every(Assignment):
            assert seat.state != "open" or rounds.get(seat.sample_id) == seat.round, seat
            if seat.state == "voted":
                assert bool(seat.reasons) == (seat.approve is False), seat

    @invariant()
    def whoever_could_hear_it_is_asked(self) -> None:
        """In private: a seat stays free only if nobody is left who may have it."""
        if self.in_group():
            return
        for sample in self.undecided():
            votes = {seat.seat: seat.approve for seat in self._held(sample) if seat.state == "voted"}
            panel = range(self.review.panel)
            wanted = [*panel] if any(seat not in votes for seat in panel) else [self.review.panel]
            free = set(wanted) - {seat.seat for seat in self._held(sample)}
            assert not (free and self._could_hear(sample)), (sample, free, self._could_hear(sample))

    def _could_hear(self, sample: Sample) -> list[int]:
        """The people who may be given a seat, as the house rules have it."""
        hold_it = {grant.person_id for grant in self.every(RoleGrant) if grant.role == Role.REVIEWER}
        paused = {reviewer.person_id for reviewer in self.every(Reviewer) if reviewer.paused_at}
        seated = {seat.reviewer_id for seat in self.every(Assignment) if seat.sample_id == sample.id}
        return [
            person.id
            for person in self.every(Person)
            if person.id in hold_it - paused - seated
            and person.reachable
            and sample.language in person.speaks
            and not self._are_tied(sample.person_id, person.id)
        ]

    @invariant()
    def a_seat_is_its_holders(self) -> None:
        """Nobody else votes on it or gives it up."""
        holders = {f"assignment:{seat.id}": seat.reviewer_id for seat in self.every(Assignment)}
        for row in self.every(Audit):
            if row.event in ("assignment.vote", "assignment.voted", "assignment.skipped"):
                assert row.actor_id == holders[row.subject], row

    @invariant()
    def votes_are_blind(self) -> None:
        """Nobody is shown another's vote before the decision, in private or in the group."""
        seats = {seat.id: seat for seat in self.every(Assignment)}
        decided = {one.sample_id for one in self.every(Decision)}
        for row in self.every(OutboxRow):
            if row.kind == GroupCard.kind:
                assert {"approve", "reasons", "ticking"}.isdisjoint(row.data), row
            elif row.kind == ReviewClosed.kind and row.data["how"] == "decided":
                assert row.data["playback"]["sample_id"] in decided, row
            elif row.kind == ReviewCard.kind and row.data["key"].startswith("a"):
                seat = seats[int(row.data["key"][1:])]
                assert row.chat_id == self.telegram_id(seat.reviewer_id), row
            elif row.kind == ReviewCard.kind:
                assert (row.data["approve"], row.data["reasons"]) == (None, []), row

    @invariant()
    def nothing_rings_about_what_is_over(self) -> None:
        """Timers are about open seats, undecided samples, and what is kept of the rejected and the refused."""
        seats = {seat.id: seat for seat in self.every(Assignment)}
        rounds = {sample.id: sample.round for sample in self.undecided()}
        for timer in self.pending("assignment:"):
            assert seats[int(timer.subject.partition(":")[2])].state == "open", timer
        for timer in self.pending("sample:"):
            sample = next(one for one in self.every(Sample) if timer.subject.split(":")[1] == str(one.id))
            over = {"forget_rejected": "rejected", "forget_refused": "refused"}.get(timer.kind)
            assert sample.state == over if over else sample.id in rounds, timer

    @invariant()
    def what_people_see_is_true(self) -> None:
        """A card that can be seen shows its holder's vote as it is, or that there is nothing to vote on any more."""
        seats = {seat.id: seat for seat in self.every(Assignment)}
        rounds = {sample.id: sample.round for sample in self.undecided()}
        for row in [*self.shown(ReviewCard), *self.shown(GroupCard)]:
            asks = row.kind != ReviewClosed.kind
            assert not asks or row.data["playback"]["sample_id"] in rounds, row
            seat = seats[int(row.topic.partition(":")[2])] if row.topic.startswith("assignment:") else None
            if seat is not None and asks:
                assert seat.state in HELD, (row, seat)
                assert rounds[seat.sample_id] == seat.round, (row, seat)
                assert (row.data["approve"], row.data["reasons"]) == (seat.approve, seat.reasons), (row, seat)

    @invariant()
    def every_verdict_is_told_once(self) -> None:
        """As many verdicts as decisions, to whom they are about."""
        told: Counter[tuple[int, int]] = Counter()
        for row in self.every(OutboxRow):
            if row.kind in (SampleApproved.kind, SampleRejected.kind) and row.edits is None:
                told[row.chat_id, row.data["sample_id"]] += 1
        senders = {sample.id: self.telegram_id(sample.person_id) for sample in self.every(Sample)}
        made = Counter((senders[one.sample_id], one.sample_id) for one in self.every(Decision))
        assert told == made

    @invariant()
    def who_was_approved_is(self) -> None:
        """One approved sample makes one approved person, and nothing else does."""
        approved = {sample.person_id for sample in self.every(Sample) if sample.state == "approved"}
        assert approved == {person.id for person in self.every(Person) if person.approved_at}

    @invariant()
    def nobody_has_more_attempts_than_they_may(self) -> None:
        """One sample of a person is on its way, and no more were counted within the window."""
        policy = self.units.house.policy.sample
        begun = self.clock.now - (policy.attempt_window or self.clock.now - self.clock.now)
        used: dict[int, list[Sample]] = defaultdict(list)
        for sample in self.every(Sample):
            used[sample.person_id].append(sample)
        for samples in used.values():
            live = [one for one in samples if one.state == "received" or one.state in UNDECIDED_SAMPLES]
            assert len(live) <= 1, live
            assert len([one for one in samples if one.counted and one.created_at > begun]) <= policy.attempts

    @invariant()
    def audio_is_kept_for_what_may_be_heard_only(self) -> None:
        """Without consent nothing is heard; once nothing is left to erase, nothing else is stored."""
        newest = {(row.person_id, row.purpose): row.agreed for row in self.every(Consent)}
        needed = {sample.audio_key for sample in self.every(Sample) if sample.audio_key}
        for sample in self.every(Sample):
            heard = sample.state == "received" or sample.state in UNDECIDED_SAMPLES
            assert newest[sample.person_id, "review"] or not (heard or sample.audio_key or sample.pictures), (
                sample
            )
            assert sample.state not in ("withdrawn", "refused") or not sample.audio_key, sample
            assert sample.state != "withdrawn" or not sample.pictures, sample
            needed |= set((sample.pictures or {}).values())
        if not any(job.state == "queued" for job in self.every(Job)):
            assert self.kept == needed

    @invariant()
    def what_a_recording_is_found_by_is_kept_as_long_as_its_audio(self) -> None:
        """And no longer; of what was refused there never is any."""
        kept = {sample.id for sample in self.every(Sample) if sample.audio_key}
        assert {row.sample_id for row in self.every(Fingerprint)} == kept
