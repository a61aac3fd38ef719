"""The pool solved: Duologue beside networkx (the same optimum) and beside taking the best pair first, in one run.

Each contender works in a process of its own on the same graph; its memory is what it takes at its peak beside that.
`python -m tests.bench.pairing 1000` takes fewer people: networkx needs minutes for thousands.
"""

import asyncio
import ctypes
import gc
import multiprocessing
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import networkx
from rich.console import Console
from rich.table import Table

from bot.rules import pairing_graph
from bot.rules.pairing import BASE, Candidate, affinity, common_hours, weight
from bot.rules.pairing_graph import edges
from bot.rules.policy import PairingPolicy
from bot.services.pairing.matching import THREAD_FRESH, best, matching, solve
from tests.rules.pools import NOW, a_crowd

PEOPLE = 5_000
EDGES = 20
"""Edges of each person, in the mean."""
DENSE = 600
"""People of one city for whom every pair that may be can still be solved within seconds."""
POLICY = PairingPolicy()
CITIES = tuple(f"city {number}" for number in range(10))

Weights = dict[tuple[int, int], int]
Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Result:
    """What came of one contender: seconds, megabytes beside the graph, and the pairs."""

    name: str
    seconds: float
    megabytes: float
    pairs: Pairs


def a_graph(size: int) -> Weights:
    """People with edges to others by chance, worth what the formula says."""
    random, pool = Random(1), a_crowd(size, seed=1)
    weights: Weights = {}
    while len(weights) < size * EDGES // 2:
        i, j = sorted(random.sample(range(size), 2))
        weights[i, j] = weight(pool[i], pool[j], NOW)
    return weights


# --- the contenders


def ours(size: int, weights: Weights) -> Pairs:
    """rustworkx, each part of the graph by itself."""
    return best(size, weights)


def networkx_(size: int, weights: Weights) -> Pairs:
    """networkx: the same algorithm in Python."""
    graph = networkx.Graph()
    graph.add_nodes_from(range(size))
    graph.add_weighted_edges_from((i, j, worth) for (i, j), worth in weights.items())
    return sorted(tuple(sorted(two)) for two in networkx.max_weight_matching(graph, maxcardinality=True))


def greedy(_size: int, weights: Weights) -> Pairs:
    """The best pair first, then the best of those left, and so on."""
    taken: set[int] = set()
    pairs = []
    for two in sorted(weights, key=lambda two: (-weights[two], two)):
        if taken.isdisjoint(two):
            taken.update(two)
            pairs.append(two)
    return pairs


CONTENDERS: dict[str, Callable[[int, Weights], Pairs]] = {
    "Duologue (rustworkx)": ours,
    "networkx": networkx_,
    "best pair first": greedy,
}


def memory(field: str) -> float:
    """Megabytes of this process (Linux): `VmRSS` now, `VmHWM` at the peak."""
    found = re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def memory_now() -> float:
    """Megabytes of this process after what is not needed was given back; its peak begins anew."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def measured(name: str, size: int) -> Result:
    """One contender's run, in the process that this is called in."""
    weights = a_graph(size)
    before, begun = memory_now(), time.perf_counter()
    pairs = CONTENDERS[name](size, weights)
    return Result(name, time.perf_counter() - begun, memory("VmHWM") - before, pairs)


def alone(work: Callable[..., Any], *given: Any) -> Any:
    """Do something in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        return executor.submit(work, *given).result()


def show_contenders(size: int) -> None:
    """The first table; raises if ours is not the optimum."""
    results = [alone(measured, name, size) for name in CONTENDERS]
    weights = a_graph(size)
    totals = [sum(weights[two] for two in result.pairs) for result in results]
    if totals[0] != totals[1]:
        raise AssertionError(f"not the same optimum: {totals[0]} and {totals[1]}")
    table = Table(
        title=f"{size:,} people, {EDGES} edges each ({len(weights):,} edges); ours and networkx: same optimum"
    )
    for heading in ("", "time", "x ours", "memory", "x ours", "pairs", "points a pair"):
        table.add_column(heading, justify="right" if heading else "left")
    mine = results[0]
    for result, total in zip(results, totals, strict=True):
        count = len(result.pairs)
        table.add_row(
            result.name,
            f"{result.seconds:.2f} s",
            f"{result.seconds / mine.seconds:.2f}",
            f"{result.megabytes:.0f} MB",
            f"{result.megabytes / max(mine.megabytes, 1):.2f}",
            f"{count:,} ({count - len(mine.pairs):+,})",
            f"{(total - count * BASE) / count:.1f}",
        )
    Console().print(table)


# --- from people to pairs


@dataclass(frozen=True)
class Way:
    """From people to matches: seconds for the graph and for solving it, the memory at the peak, and what came of it."""

    edges: int
    building: float
    solving: float
    megabytes: float
    pairs: int
    suited: float
    """Points a pair for how well the two suit each other, without waiting."""


def the_way(pool: list[Candidate], all_of: int) -> Way:
    """Build the graph of a pool and solve it, in the process that this is called in."""
    with mock.patch.object(pairing_graph, "ALL_OF", all_of):
        before, begun = memory_now(), time.perf_counter()
        weights = {(i, j): worth for i, j, worth in edges(pool, POLICY, NOW)}
        built = time.perf_counter()
        pairs = best(len(pool), weights)
        done = time.perf_counter()
    suited = [affinity(pool[i], pool[j], common_hours(pool[i], pool[j])) for i, j in pairs]
    peak = memory("VmHWM") - before
    return Way(len(weights), built - begun, done - built, peak, len(pairs), sum(suited) / len(pairs))


def show_ways(size: int) -> None:
    """The second table: the graph of people as they may be."""
    some, dense, usual = min(size, DENSE), size, pairing_graph.ALL_OF
    ways = {
        f"{some:,} of one city, every edge": alone(the_way, a_crowd(some, seed=2), dense),
        f"{some:,} of one city": alone(the_way, a_crowd(some, seed=2), usual),
        f"{size:,} of one city": alone(the_way, a_crowd(size, seed=2), usual),
        f"{size:,} of ten cities": alone(the_way, a_crowd(size, seed=2, cities=CITIES), usual),
    }
    table = Table(title="From people to pairs")
    for heading in ("", "edges", "graph", "solving", "memory", "pairs", "points a pair for suiting"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, way in ways.items():
        table.add_row(
            name,
            f"{way.edges:,}",
            f"{way.building:.2f} s",
            f"{way.solving:.2f} s",
            f"{way.megabytes:.0f} MB",
            f"{way.pairs:,}",
            f"{way.suited:.1f}",
        )
    Console().print(table)


# --- between whole rounds


async def show_rounds(size: int) -> None:
    """The third table: the same round whole and quick, and how long the program stands still meanwhile.

    Two hours a week are too few for anybody but those who name none: that many are left over by no other pool.
    """
    left = [replace(one, availability=frozenset({9, 10})) for one in a_crowd(size, seed=3, cities=CITIES)]
    came = [
        replace(one, availability=None) for one in a_crowd(THREAD_FRESH, seed=4, first=10**6, cities=CITIES)
    ]
    fresh = frozenset(one.person for one in came)
    table = Table(title=f"{size:,} left over in ten cities, and {THREAD_FRESH} who came")
    for heading in ("", "time", "x quick", "longest stand-still of the program", "pairs"):
        table.add_column(heading, justify="right" if heading else "left")
    found = {name: await _round(left + came, only) for name, only in (("quick", fresh), ("whole", None))}
    if found["quick"][2] != found["whole"][2] or found["quick"][2] != matching(left + came, POLICY, NOW):
        raise AssertionError("the quick round is not the whole one")
    for name, (seconds, still, matches) in found.items():
        ratio = seconds / found["quick"][0]
        table.add_row(name, f"{seconds:.2f} s", f"{ratio:.1f}", f"{still * 1000:.0f} ms", f"{len(matches):,}")
    Console().print(table)


async def _round(pool: list[Candidate], fresh: frozenset[int] | None) -> tuple[float, float, list[Any]]:
    """A round's seconds, the longest of them without a turn of the loop, and its matches."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    ticking = asyncio.create_task(tick())
    begun = time.perf_counter()
    matches = await solve(pool, POLICY, NOW, fresh)
    seconds = time.perf_counter() - begun
    ticking.cancel()
    return seconds, longest, matches


async def main(size: int = PEOPLE) -> None:
    """Measure and print."""
    show_contenders(size)
    show_ways(size)
    await show_rounds(size)


if __name__ == "__main__":
    asyncio.run(main(*(int(number) for number in sys.argv[1:])))
