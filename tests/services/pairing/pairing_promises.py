"""What holds of the pool, of proposals, links and pairs after every step, whoever did what."""

from collections import Counter, defaultdict

from hypothesis.stateful import invariant

from bot.rules.onboarding import REQUIRED_PURPOSES
from bot.rules.states import OPEN_PROPOSALS
from bot.services.messages.partners import LeftPair, PairFormed, ProposalCard, ProposalOver
from bot.services.pairing.proposal_cards import BY_INVITATION, BY_POOL
from bot.services.pairing.proposal_ends import PATIENCE
from storage.tables import (
    Block,
    Consent,
    Invitation,
    Job,
    OutboxRow,
    Pair,
    PairMember,
    Person,
    Proposal,
    ProposalMember,
    Seeker,
)
from tests.services.machines import Machine


class PairingPromises(Machine):
    """A machine's eyes on pairing."""

    def __init__(self) -> None:
        super().__init__()
        self._pairs_seen = self._proposals_seen = 0
        self._apart: set[frozenset[int]] = set()
        """Who were partners, or declined each other, or blocked: as of the last step."""
        self._strangers: set[frozenset[int]] = set()
        """The same without those who declined: friends may ask again."""

    # --- looks

    def open_proposals(self) -> list[Proposal]:
        """The proposals that somebody can still answer."""
        return [one for one in self.every(Proposal) if one.state in OPEN_PROPOSALS]

    def seats(self, proposal_id: int) -> list[ProposalMember]:
        """The two of a proposal, the one asked first coming first."""
        return [seat for seat in self.every(ProposalMember) if seat.proposal_id == proposal_id]

    def two_of(self, pair_id: int) -> frozenset[int]:
        """The two of a pair."""
        return frozenset(one.person_id for one in self.every(PairMember) if one.pair_id == pair_id)

    def paired(self) -> set[int]:
        """Everybody who has a partner now."""
        return {one.person_id for one in self.every(PairMember) if one.active}

    def consenting(self) -> set[int]:
        """Everybody who is approved and agrees to all that is needed."""
        newest = {(row.person_id, row.purpose): row.agreed for row in self.every(Consent)}
        return {
            one.id
            for one in self.every(Person)
            if one.approved_at and all(newest.get((one.id, purpose.value)) for purpose in REQUIRED_PURPOSES)
        }

    def person(self, person_id: int) -> Person:
        """Somebody, by id."""
        return next(one for one in self.every(Person) if one.id == person_id)

    def fit(self, one: int, other: int) -> bool:
        """Whether two may be put together: the same city, a common language, and nothing between them."""
        a, b = self.person(one), self.person(other)
        between = frozenset({one, other}) in self.apart()
        return a.city == b.city and bool(set(a.speaks) & set(b.speaks)) and not between

    def apart(self, *, declined: bool = True) -> set[frozenset[int]]:
        """Who cannot be put together (again): former partners, who blocked whom, and who said no to whom."""
        found = {self.two_of(pair.id) for pair in self.every(Pair)}
        found |= {frozenset({row.person_id, row.blocked_id}) for row in self.every(Block)}
        for proposal in self.every(Proposal) if declined else ():
            if proposal.state == "declined":
                found.add(frozenset(seat.person_id for seat in self.seats(proposal.id)))
        return found

    def in_pool(self) -> set[int]:
        """Everybody who looks for a partner."""
        return {one.person_id for one in self.every(Seeker)}

    def free_in_pool(self) -> set[int]:
        """Those of them who have no proposal open."""
        return self.in_pool() - {seat.person_id for seat in self.every(ProposalMember) if seat.open}

    # --- what always holds

    @invariant()
    def a_person_has_one_partner(self) -> None:
        """Nobody is in two active pairs, each pair has two people, and a dissolved one none that count."""
        active = Counter(one.person_id for one in self.every(PairMember) if one.active)
        assert not active or max(active.values()) == 1, active
        for pair in self.every(Pair):
            flags = [one.active for one in self.every(PairMember) if one.pair_id == pair.id]
            assert flags == [pair.state == "active"] * 2, pair
            assert (pair.dissolved_at is None) == (pair.state == "active"), pair

    @invariant()
    def a_person_has_one_proposal(self) -> None:
        """Nobody has two open but for friends' invitations, and what has ended keeps nobody from others."""
        engaged = Counter(seat.person_id for seat in self.every(ProposalMember) if seat.open)
        assert not engaged or max(engaged.values()) == 1, engaged
        for proposal in self.every(Proposal):
            waits = proposal.state in OPEN_PROPOSALS
            flags = [seat.open for seat in self.seats(proposal.id)]
            assert flags == [waits and proposal.kind != BY_INVITATION] * 2, (proposal, flags)
            assert (proposal.closed_at is None) == waits, proposal

    @invariant()
    def both_said_yes(self) -> None:
        """A proposal stands where its answers put it, and each that ended well made one pair."""
        made = Counter[frozenset[int]]()
        for proposal in self.every(Proposal):
            answers = [seat.answer for seat in self.seats(proposal.id)]
            if proposal.state == "paired":
                assert answers == [True, True], (proposal, answers)
                made[frozenset(seat.person_id for seat in self.seats(proposal.id))] += 1
            elif proposal.state in ("declined", "offered"):
                assert (False in answers) == (proposal.state == "declined"), (proposal, answers)
                assert proposal.state == "declined" or answers == [None, None], (proposal, answers)
            elif proposal.state == "accepted":
                assert sorted(answers, key=str) == [None, True], (proposal, answers)
        assert made == Counter(self.two_of(pair.id) for pair in self.every(Pair))

    @invariant()
    def who_has_a_partner_looks_for_none(self) -> None:
        """A pair's two are out of the pool, with nothing open, no link that works and none that waits."""
        taken = self.paired()
        assert not taken & self.in_pool()
        for proposal in self.open_proposals():
            assert not taken & {seat.person_id for seat in self.seats(proposal.id)}, proposal
        for link in self.every(Invitation):
            out = link.used_by is None and link.revoked_at is None
            assert not (out and link.created_by in taken), link
        makers = {link.id: link.created_by for link in self.every(Invitation)}
        for person in self.every(Person):
            if person.came_by is not None:
                assert not {person.id, makers[person.came_by]} & taken, person

    @invariant()
    def who_takes_no_part_is_in_nothing(self) -> None:
        """Without approval and consent nobody is in the pool, in a pair or asked."""
        there = self.consenting()
        assert self.in_pool() | self.paired() <= there
        for proposal in self.open_proposals():
            assert {seat.person_id for seat in self.seats(proposal.id)} <= there, proposal

    @invariant()
    def the_musts_are_kept(self) -> None:
        """Whoever was put together since the last step share city and language, and nothing was between them."""
        for pair in self.every(Pair)[self._pairs_seen :]:
            self._suit(self.two_of(pair.id), self._strangers)
        for proposal in self.every(Proposal)[self._proposals_seen :]:
            two = frozenset(seat.person_id for seat in self.seats(proposal.id))
            self._suit(two, self._apart if proposal.kind == BY_POOL else self._strangers)
        self._pairs_seen, self._proposals_seen = len(self.every(Pair)), len(self.every(Proposal))
        self._apart, self._strangers = self.apart(), self.apart(declined=False)

    def _suit(self, two: frozenset[int], apart: set[frozenset[int]]) -> None:
        one, other = (self.person(person_id) for person_id in two)
        assert one.city == other.city, two
        assert set(one.speaks) & set(other.speaks), two
        assert two not in apart, two

    @invariant()
    def whoever_waits_is_thought_of(self) -> None:
        """While two wait free in the pool, a round is planned or under way; never two."""
        planned = self.pending("pool:")
        working = [job for job in self.every(Job) if job.kind == "solve_pool" and job.state == "queued"]
        assert len(planned) <= 1, planned
        assert planned or working or len(self.free_in_pool()) < 2

    @invariant()
    def a_proposal_ends_in_time(self) -> None:
        """An open one has its end before it and at most one reminder, one that ended has neither."""
        for proposal in self.every(Proposal):
            timers = self.pending(f"proposal:{proposal.id}")
            timers = [timer for timer in timers if timer.subject == f"proposal:{proposal.id}"]
            kinds = Counter(timer.kind for timer in timers)
            if proposal.state not in OPEN_PROPOSALS:
                assert not kinds, (proposal, kinds)
                continue
            assert kinds.pop("proposal_expires") == 1, proposal
            assert kinds in ({}, {"proposal_reminds": 1}), (proposal, kinds)
            assert proposal.expires_at is not None, proposal
            assert all(timer.due_at <= proposal.expires_at for timer in timers), timers

    @invariant()
    def what_people_see_is_true(self) -> None:
        """A card that can still be seen, or goes out next, asks if and only if its proposal is open for an answer."""
        proposals = {one.id: one for one in self.every(Proposal)}
        accounts = {person.telegram_id: person.id for person in self.every(Person)}
        for row in self.shown(ProposalCard):
            proposal = proposals[row.data["proposal_id"]]
            answer = next(s.answer for s in self.seats(proposal.id) if s.person_id == accounts[row.chat_id])
            asks = {None: "ask", True: "yes"}.get(answer)
            assert (row.data["state"] == asks) == (proposal.state in OPEN_PROPOSALS), (row, proposal)

    @invariant()
    def everybody_is_told_once(self) -> None:
        """Both of each pair that they are one, the one who was left that it is over, nobody an end twice."""
        told: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for row in self.every(OutboxRow):
            told[row.kind].append((row.chat_id, row.about))
        accounts = {person.id: person.telegram_id for person in self.every(Person)}
        formed = [
            (accounts[one], f"pair:{pair.id}:formed")
            for pair in self.every(Pair)
            for one in self.two_of(pair.id)
        ]
        assert sorted(told[PairFormed.kind]) == sorted(formed)
        left = [
            (accounts[one], f"pair:{pair.id}:dissolved")
            for pair in self.every(Pair)
            for one in self.two_of(pair.id)
            if pair.dissolved_by not in (None, one)
        ]
        assert sorted(told[LeftPair.kind]) == sorted(left)
        ends = Counter(told[ProposalOver.kind])
        assert not ends or max(ends.values()) == 1, ends

    @invariant()
    def a_link_works_once_for_somebody_else(self) -> None:
        """One link a person is out, and who opened it is another, and the one who waits by it."""
        out = Counter(
            link.created_by
            for link in self.every(Invitation)
            if link.used_by is None and link.revoked_at is None
        )
        assert not out or max(out.values()) == 1, out
        used = {link.id: link.used_by for link in self.every(Invitation)}
        for link in self.every(Invitation):
            assert link.used_by != link.created_by, link
            if link.used_at is not None:
                assert link.revoked_at is None, link
                assert link.expires_at is None or link.used_at < link.expires_at, link
        for person in self.every(Person):
            assert person.came_by is None or used[person.came_by] == person.id, person

    @invariant()
    def who_keeps_silent_leaves_the_pool(self) -> None:
        """Nobody who has left so many proposals in a row unanswered, since they joined, is in the pool."""
        for seeker in self.every(Seeker):
            silent = 0
            for proposal in self.every(Proposal):
                if (
                    proposal.kind != BY_POOL
                    or proposal.created_at < seeker.since
                    or proposal.closed_at is None
                ):
                    continue
                for seat in self.seats(proposal.id):
                    if seat.person_id == seeker.person_id:
                        ran_out = proposal.expires_at and proposal.closed_at >= proposal.expires_at
                        silent = (
                            silent + 1
                            if seat.answer is None and ran_out
                            else 0
                            if seat.answer is not None
                            else silent
                        )
            assert silent < PATIENCE, seeker
