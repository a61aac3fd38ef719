"""Two people whom a coordinator puts together by hand: what speaks against it, and what a human may pass over.

City, hours, another dialect and an earlier pair are matters of judgement: somebody may know that one of the two
comes to the city anyway. A dialogue without a common language is none. Who blocked or declined whom is told
nobody: such a pair is not possible, and nothing more is said of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.rules.pairing import MIN_COMMON_HOURS, Candidate, common_hours, history, weight
from bot.rules.policy import PairingPolicy


class Against(StrEnum):
    """What speaks against two people."""

    CITY = "city"
    LANGUAGE = "language"
    HOURS = "hours"
    REPEAT = "repeat"
    DIALECT = "dialect"


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a coordinator may propose two people to each other, and what speaks against it.

    Nothing is named where one of them blocked or declined the other, whatever else there is.
    """

    possible: bool
    against: tuple[Against, ...] = ()


def judge(a: Candidate, b: Candidate, policy: PairingPolicy) -> Judged:
    """All that speaks against the two, in the order of `Against`. Symmetric."""
    if history(a, b, replace(policy, repeat=True)) is not None:
        return Judged(possible=False)
    common = common_hours(a, b)
    holds = {
        Against.CITY: a.city is not None and b.city is not None and a.city != b.city,
        Against.LANGUAGE: bool(a.languages and b.languages and not a.languages & b.languages),
        Against.HOURS: common is not None and common < MIN_COMMON_HOURS,
        Against.REPEAT: history(a, b, policy) is not None,
        Against.DIALECT: a.dialect is not None and b.dialect is not None and a.dialect != b.dialect,
    }
    return Judged(not holds[Against.LANGUAGE], tuple(one for one in Against if holds[one]))


def ranked(
    own: Candidate, pool: Iterable[Candidate], policy: PairingPolicy, now: datetime
) -> list[tuple[Candidate, Judged]]:
    """The others of the pool: possible ones first, then by how little speaks against them, then by weight."""
    judged = [(other, judge(own, other, policy)) for other in pool if other.person != own.person]
    return sorted(
        judged,
        key=lambda one: (
            not one[1].possible,
            len(one[1].against),
            -weight(own, one[0], now),
            one[0].person,
        ),
    )
