"""`make crash`: kill the bot at every commit and every sending, and tell what got lost and what came twice.

`python -m tests.crash [nights] [postgresql]`: into how many nights the moments of one are dealt; the fewer, the closer
the deaths. On a server each death costs the seconds after which it counts as one.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.services.messages import KINDS
from tests.crash.moments import kind_of
from tests.crash.oracle import NEW
from tests.crash.season import Director, Season
from tests.databases import Files, empty_file
from tests.servers import Server, running

NIGHTS = 24

console = Console()


async def main(nights: int, server: Server | None = None) -> int:
    """Play everything and print it; the exit status."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="duologue-crash-"))
    databases = server or Files(folder, await empty_file(folder / "empty.db"))
    director = Director(folder, databases, say=console.print)
    season = await director.every_moment(nights)
    season.controls = await director.controls()
    console.print(boundaries(season))
    console.print(uncertain(season))
    for title, found in (
        ("losses", season.verdict.losses),
        ("repeats of anything not cut off in the air", season.verdict.repeats),
        ("messages out of order", season.verdict.disorder),
        ("reminders of a cancelled booking", season.verdict.reminded),
    ):
        console.print(f"{title}: {len(found)}", style="red" if found else "green")
        for complaint in found[:20]:
            console.print(f"  {complaint}", markup=False)
    for complaint in season.verdict.broken_off:
        console.print(f"broken off, as a message may be missing: {complaint}", markup=False)
    for what, verdict in season.controls:
        noticed = "not noticed" if verdict.good else f"noticed: {verdict.wrong[0][:120]} …"
        console.print(f"control, {what}: {noticed}", style="red" if verdict.good else "green", markup=False)
    console.print(f"{season.nights} nights, {season.kills} kills, {time.monotonic() - began:.0f} s")
    if season.verdict.good:
        shutil.rmtree(folder)
    else:
        console.print(f"the bots' logs and databases are in {folder}")
    return 0 if season.good else 1


def boundaries(season: Season) -> Table:
    """How often each point comes in a calm night, and how often a bot died there."""
    passed = Counter(kind_of(moment) for moment in season.passed)
    tried = Counter(kind_of(moment) for moment in set(season.deaths))
    left = Counter(kind_of(moment) for moment in season.left)
    table = Table("point", title="boundaries")
    for title in ("in a calm night", "tried before", "tried after", "did not come again"):
        table.add_column(title, justify="right")
    for point in dict.fromkeys(kind.split()[1] for kind in [*passed, *tried]):
        before, after = f"before {point}", f"after {point}"
        row = (passed[before], tried[before], tried[after], left[before] + left[after])
        table.add_row(point, *map(str, row))
    total = len(season.passed), len(set(season.deaths)), len(season.left)
    table.caption = f"{total[0]} boundaries in a calm night, {total[1]} tried, {total[2]} did not come again"
    return table


def uncertain(season: Season) -> Table:
    """What became of the messages that were cut off in the air."""
    count = season.verdict.uncertain
    table = Table(title="cut off in the air")
    table.add_column("kind", no_wrap=True, min_width=max([4, *(len(kind) for kind, _ in count)]))
    table.add_column("when in doubt")
    ends = ("came once", "came again", "never came", NEW)
    for end in ends:
        table.add_column(end, justify="right")
    for kind in sorted({kind for kind, _ in count}):
        rule = KINDS[kind].if_uncertain.value.replace("_", " ") if kind in KINDS else "again"
        table.add_row(kind, rule, *(str(count[kind, end] or "") for end in ends))
    return table


if __name__ == "__main__":
    words = sys.argv[1:]
    count = int(words.pop(0)) if words and words[0].isdecimal() else NIGHTS
    if words == ["postgresql"]:
        with running() as its:
            status = asyncio.run(main(count, its))
    else:
        status = asyncio.run(main(count))
    sys.exit(status)
