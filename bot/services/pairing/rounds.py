"""What a round of the pool leaves behind, so that the next one need not look at everything again.

No two of those whom a round left over may be paired. That stays so as long as nothing changes of what the musts
look at; so of everybody left over it is kept what that was (`bot.rules.pairing_graph.musts_of`). Whoever was not
left over by the last round (new, matched, in a proposal, not to be reached) has none, and is fresh, as is
everybody of whom something changed, for whatever reason: by an answer, a block, a policy, or by time.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam
from sqlmodel import col, select, update

from bot.rules.pairing import Candidate
from bot.rules.pairing_graph import musts_of
from bot.rules.policy import PairingPolicy
from bot.services.pairing.matching import Match
from bot.services.unit import Unit, Units
from storage.database import Prepared
from storage.tables import Seeker

_MARK: Prepared[int] = Prepared(
    update(Seeker).where(col(Seeker.person_id) == bindparam("id")).values(left_over_as=bindparam("musts"))
)


async def fresh_among(unit: Unit, everybody: Sequence[Candidate]) -> frozenset[int]:
    """Whose possible partners must be looked for (ids): no two of the others may be paired."""
    marks = await _marks(unit)
    policy = unit.policy.pairing
    return frozenset(one.person for one in everybody if marks.get(one.person) != musts_of(one, policy))


async def remember(
    units: Units, cause: str, everybody: Sequence[Candidate], matches: Iterable[Match], policy: PairingPolicy
) -> None:
    """Keep whom a round over `everybody` left over, instead of what was kept of the last one.

    All in one commit: whoever has something kept was left over together with all others who have.
    """
    matched = {person for match in matches for person in match.people}
    wanted = {one.person: musts_of(one, policy) for one in everybody if one.person not in matched}
    async with units.writing(cause, "work.pool") as unit:
        for person, musts in (await _marks(unit)).items():
            if musts != wanted.get(person):
                await unit.tx.change(_MARK, id=person, musts=wanted.get(person))


async def _marks(unit: Unit) -> dict[int, str | None]:
    return dict(await unit.tx.all(select(Seeker.person_id, Seeker.left_over_as)))
