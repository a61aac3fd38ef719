"""The demo passes with the real bot, and sees by itself which promise a broken bot breaks."""

import asyncio
import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bot.demo import play as demo
from bot.demo.story import Story
from tests.journeys.broken import BREAKAGES

BROKEN = Path(__file__).with_name("broken.py")
PATIENCE = 30.0
"""Seconds that people wait for what a broken bot never says; a good one hears a sample in some, if others play too."""

AT_ONCE = 3
"""Broken bots on stage at the same time: most of their time is waiting."""

STEPS = [(step.name, step.title) for step in Story(None, None).steps]  # type: ignore[arg-type]

COMPLAINTS = {
    "everybody_speaks_english": ("roles", "林岚: should have been told this in Chinese"),
    "nothing_is_refused": ("refused", "Ann: should have heard “not accepted”"),
    "only_the_first_finding": ("refused", "“balance” and “too quiet” at once"),
    "one_vote_approves": ("approved", "Ann: should not have had a verdict yet"),
    "verdicts_come_twice": ("approved", "Ann: should have got this once, and got it 2 times"),
    "votes_end_it": ("approved", "the bot ended by itself, with status 7"),
    "nobody_is_matched": ("pool", "李雷: should have seen a button match:*:yes"),
    "one_of_the_staff_is_enough": ("opened", "Ben: should not be able to book before all staff confirmed"),
    "calendar_files_are_empty": ("booking", "should have got the session in a calendar file"),
    "reminders_never_ring": ("reminder", "Ann: should have heard “reminder”"),
}
"""What the demo must say about each bot of `broken.py`: the step, and a part of the complaint."""

LESS_LIKELY = {"only_the_first_finding", "one_of_the_staff_is_enough", "calendar_files_are_empty"}
CASES = [pytest.param(name, marks=pytest.mark.slow if name in LESS_LIKELY else ()) for name in COMPLAINTS]


async def perform(folder: Path, breakage: str | None = None) -> tuple[bool, str]:
    """Play the story with the real bot or a broken one: whether it passed, and the transcript."""
    paper = io.StringIO()
    command = [sys.executable, str(BROKEN), breakage, "run"] if breakage else None
    patience = PATIENCE if breakage else 60.0
    passed = await demo.play(folder, Console(file=paper, width=100), command=command, patience=patience)
    return passed, paper.getvalue()


async def test_the_story_is_told(tmp_path: Path) -> None:
    """Every step stands in the transcript, in order, and in the summary with its tick."""
    passed, transcript = await perform(tmp_path / "play")
    assert passed, transcript[-4000:]
    assert "✗" not in transcript
    places = [transcript.index(f"{n}/{len(STEPS)} · {title}") for n, (_, title) in enumerate(STEPS, 1)]
    assert places == sorted(places)
    ticks = [line for line in transcript.splitlines() if " ✓ " in line]
    assert [tick.split()[-3] for tick in ticks] == [name for name, _ in STEPS]
    assert max(map(len, transcript.splitlines())) <= 100


@pytest.fixture(scope="module")
def performances(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[bool, str]]:
    """What became of the play with each of the broken bots that the tests of this run are about."""
    calls = (getattr(item, "callspec", None) for item in request.session.items)
    wanted = sorted({call.params["breakage"] for call in calls if call and "breakage" in call.params})
    folder, stage = tmp_path_factory.mktemp("broken"), asyncio.Semaphore(AT_ONCE)

    async def one(breakage: str) -> tuple[bool, str]:
        async with stage:
            return await perform(folder / breakage, breakage)

    async def everyone() -> list[tuple[bool, str]]:
        return await asyncio.gather(*map(one, wanted))

    return dict(zip(wanted, asyncio.run(everyone()), strict=True))


@pytest.mark.parametrize("breakage", CASES)
def test_a_broken_bot_is_caught(performances: dict[str, tuple[bool, str]], breakage: str) -> None:
    """The step that breaks is named, with what was promised, what came instead, and the bot's log."""
    step, complaint = COMPLAINTS[breakage]
    passed, transcript = performances[breakage]
    assert not passed
    end = transcript[transcript.index("✗") :]
    assert end.startswith(f"✗ {step}: ")
    assert complaint in " ".join(end.split())
    assert "The bot's last words:" in end
    begun = transcript.count(f"/{len(STEPS)} · ")
    assert begun - 1 - [name for name, _ in STEPS].index(step) in (
        0,
        1,
    )  # a second copy may come a moment later


def test_every_break_is_tried() -> None:
    """No broken bot is left out."""
    assert set(BREAKAGES) == set(COMPLAINTS)


@pytest.mark.parametrize("keep", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_interrupted(tmp_path: Path, keep: bool) -> None:
    """With Ctrl-C the demo and its bot end quickly, and the data folder goes unless it is to be kept."""
    demo_process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "demo", "--keep" if keep else "--no-keep"),
        cwd=Path(__file__).parents[2],
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert demo_process.stdout is not None
    while b"Olga adds a studio" not in await demo_process.stdout.readline():
        assert demo_process.returncode is None
    demo_process.send_signal(2)
    out, err = await asyncio.wait_for(demo_process.communicate(), 15)
    assert (demo_process.returncode, err) == (130, b""), out[-2000:] + err[-2000:]
    assert _running_in(tmp_path) == []
    left = _folders_in(tmp_path)
    assert len(left) == keep
    assert all(f"The data is in {folder}".encode() in out for folder in left)


def _folders_in(folder: Path) -> list[str]:
    return [str(found) for found in folder.glob("duologue-demo-*")]


def _running_in(folder: Path) -> list[str]:
    """The processes that were started in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in str((process / "cwd").readlink()):
                found.append((process / "cmdline").read_text())
        except OSError:  # it ended meanwhile, or is none of ours
            continue
    return found
