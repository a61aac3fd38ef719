"""The story: two pairs of strangers on their way from "I want to record" to the booked studio.

Each step is played by people alone and judged by what they are told. What people do, they do once; waiting
outlives a bot that is killed and started again in the middle.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.demo.cast import Cast
from bot.demo.joining import Joining
from bot.demo.pairing import Pairing
from bot.demo.recording import Recording
from bot.demo.reviewing import Reviewing
from bot.demo.theatre import Theatre


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the story: a short name, a sentence about it, and what is played."""

    name: str
    title: str
    play: Callable[[], Awaitable[None]]


class Story(Joining, Reviewing, Pairing, Recording):
    """The steps in their order."""

    def __init__(self, cast: Cast, theatre: Theatre) -> None:
        super().__init__(cast, theatre)
        self.steps = (
            Step("coordinator", "Olga, the owner, arrives", self.coordinator),
            Step("studio", "Olga adds a studio in Beijing", self.studio),
            Step("roles", "Reviewers and studio staff join by one-time links", self.roles),
            Step("onboarding", "Ann, 李雷, Ben and 韩梅梅 want to record", self.onboarding),
            Step("refused", "Ann's first sample is refused, with everything that is wrong", self.refused),
            Step("resubmitted", "Ann's second sample passes the checks", self.resubmitted),
            Step("approved", "Two reviewers hear it and approve", self.approved),
            Step("disagreement", "Ben's sample splits the reviewers", self.disagreement),
            Step("cross-review", "A third reviewer decides about it", self.cross_review),
            Step("chinese", "李雷 and 韩梅梅 are heard and approved", self.chinese),
            Step("pool", "Ann and 李雷 find each other in the pool", self.pool),
            Step("invitation", "Ben invites 韩梅梅 to be his partner", self.invitation),
            Step("slots", "Olga plans two sessions, and the staff are asked", self.slots),
            Step("opened", "The staff confirm; the slots open and are announced", self.opened),
            Step("booking", "Ann books, 李雷 says yes, both get a calendar file", self.booking),
            Step("waitlist", "Ben wants the same session and joins its waitlist", self.waitlist),
            Step("reminder", "A day before, both are reminded and say that they come", self.reminder),
            Step("cancellation", "Ann has to cancel for both", self.cancellation),
            Step("freed", "The freed session is offered down the waitlist: to Ben and 韩梅梅", self.freed),
            Step("parting", "Ann moves away; 李雷 looks for another partner", self.parting),
            Step("rescue", "韩梅梅 falls ill: Ben keeps the session, and 李雷 stands in", self.rescue),
            Step("broadcast", "Olga writes to everybody who reads Chinese", self.broadcast),
        )
