"""Who is proposed to whom: the whole pool solved at once as one maximum-weight matching.

The rules say which pairs may be and what each is worth (`bot.rules.pairing`, `bot.rules.pairing_graph`); rustworkx
finds the set of pairs that puts together as many people as possible, and of all such sets the best one.

Afterwards no two of those left over may be paired. So until the next time only such pairs need to be looked at in
which one of the two is fresh: was not left over then, or is not the same since.
"""

import asyncio
import multiprocessing
from collections.abc import Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import rustworkx

from bot.rules.pairing import Candidate, Reasons, reasons
from bot.rules.pairing_graph import edges
from bot.rules.policy import PairingPolicy

THREAD_MOST = 150
"""People up to which a thread does. rustworkx keeps the interpreter's lock while it works, so that nothing else
moves: 20 ms for 150 people of one city, 130 ms for 300, 11 s for 5,000. Larger pools are solved in a process of
their own, which takes half a second to start."""

THREAD_FRESH = 30
"""Fresh people up to which a thread does, however many others there are: only edges of theirs are in the graph (40 ms
with 3,000 others of one city)."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two people to be proposed to each other: their ids in rising order, the weight, and why.

    `why` holds for each of the two, in the order of `people`, what that one may be told.
    """

    people: tuple[int, int]
    weight: int
    why: tuple[Reasons, Reasons]


async def solve(
    pool: Sequence[Candidate], policy: PairingPolicy, now: datetime, fresh: Set[int] | None = None
) -> list[Match]:
    """The best matching of a pool, in order of the first person's id; who is in no match stays in the pool.

    Nobody is in two matches, no must-rule is broken, and no two of those left over may be paired. The same
    people give the same matches in whatever order they come. `fresh` are ids: if given, no two of the others
    may be paired, which gives the same matches in less time. Raises `ValueError` if somebody is in the pool
    twice.
    """
    if len({candidate.person for candidate in pool}) < len(pool):
        raise ValueError("somebody is in the pool twice")
    if len(pool) <= THREAD_MOST or (fresh is not None and len(fresh) <= THREAD_FRESH):
        return await asyncio.to_thread(matching, pool, policy, now, fresh)
    # Spawned, not forked: a copy of a process full of threads and open connections may hang.
    executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, matching, pool, policy, now, fresh)
    finally:
        executor.shutdown(wait=False)


def matching(
    pool: Sequence[Candidate], policy: PairingPolicy, now: datetime, fresh: Set[int] | None = None
) -> list[Match]:
    """`solve` without leaving the present thread."""
    oldest = min((candidate.waiting_since for candidate in pool), default=now)
    # The solver breaks ties by the order of its input.
    left = sorted(pool, key=lambda candidate: candidate.person)
    found: list[Match] = []
    # In a large pool not all pairs that may be are looked at, so that some may be left among those left over.
    while matches := _matches(left, policy, now, fresh, oldest):
        found += matches
        matched = {person for match in matches for person in match.people}
        left = [candidate for candidate in left if candidate.person not in matched]
    return sorted(found, key=lambda match: match.people)


def _matches(
    pool: Sequence[Candidate], policy: PairingPolicy, now: datetime, fresh: Set[int] | None, oldest: datetime
) -> list[Match]:
    """One matching of a pool in order."""
    new = None if fresh is None else {i for i, candidate in enumerate(pool) if candidate.person in fresh}
    weights = {(i, j): worth for i, j, worth in edges(pool, policy, now, new)}
    return [
        Match((a.person, b.person), weights[i, j], (reasons(a, b, oldest), reasons(b, a, oldest)))
        for i, j in best(len(pool), weights)
        for a, b in [(pool[i], pool[j])]
    ]


def best(size: int, weights: dict[tuple[int, int], int]) -> list[tuple[int, int]]:
    """The matching of largest total weight among those with most pairs: indexes, smaller first, in order."""
    graph: rustworkx.PyGraph[int, int] = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(size))
    graph.add_edges_from([(i, j, worth) for (i, j), worth in weights.items()])
    found: list[tuple[int, int]] = []
    # Time grows with the cube of the people: apart, ten cities of 500 take 0.8 s, and all at once 6 s.
    for component in rustworkx.connected_components(graph):
        if len(component) < 2:
            continue
        part = graph.subgraph(sorted(component))
        for a, b in rustworkx.max_weight_matching(part, max_cardinality=True, weight_fn=int):
            i, j = sorted((part[a], part[b]))
            found.append((i, j))
    return sorted(found)
