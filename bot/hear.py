"""`duologue hear FOLDER`: every recording in a folder through the very checks that samples pass, in one table.

Where the terminal is too narrow for the table, each recording has its few lines instead.

With a `labels.json` beside the recordings, `{"name": {"file": "name.ogg", "expect": "accept"}, …}` where what
is expected begins with `accept`, `reject` or `flag`, it also tells how often the checks are right.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.audio.client import AudioWorker, AudioWorkerDown
from bot.config import POLICY_FILE, ConfigError, read_policy_file
from bot.rules.audio import (
    AudioFacts,
    Finding,
    Severity,
    Unreadable,
    judge,
    judge_unreadable,
    refused,
)
from bot.rules.policy import SamplePolicy

DIALOGUES = Path(__file__).parent / "demo" / "dialogues"

SUFFIXES = frozenset({".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4", ".wav", ".flac", ".webm", ".aac"})
"""Names of recordings end so."""

WIDEST = 10_000
"""Columns: more than any table of reports needs."""

VERDICTS = ("accepted", "warned", "refused")


@dataclass(frozen=True, slots=True)
class Report:
    """What was heard in one recording: `facts` are None if it cannot be read.

    `copy_of` names an earlier recording of the same folder that it is a copy of; `expected` is its label.
    """

    name: str
    facts: AudioFacts | None
    findings: tuple[Finding, ...]
    copy_of: str | None = None
    expected: str | None = None

    @property
    def verdict(self) -> str:
        """The gravest that was found: `refused` (as a copy is), `warned` or `accepted`."""
        severities = {finding.severity for finding in self.findings}
        if self.copy_of or Severity.refuse in severities:
            return "refused"
        return "warned" if Severity.warn in severities else "accepted"


def hear(folder: Path = DIALOGUES, /, *, policy: Path | None = None) -> None:
    """Hear every recording in a folder as a sample, and print what was found.

    Parameters
    ----------
    folder
        Where the recordings are; without it the dialogues that ship with Duologue. A labels.json in it says
        what is expected of each.
    policy
        The policy file with the limits; without it duologue.toml, if there is one, else the defaults.
    """
    limits = _limits(policy)
    if not folder.is_dir():
        raise SystemExit(f"duologue: there is no folder {folder}")
    try:
        expected = labels(folder / "labels.json")
        reports = asyncio.run(report(recordings(folder, expected), expected, limits))
    except (AudioWorkerDown, OSError, ValueError) as error:
        raise SystemExit(f"duologue: {error}") from None
    if not reports:
        raise SystemExit(f"duologue: no recordings in {folder} ({', '.join(sorted(SUFFIXES))})")
    console = Console()
    shown = table(reports)
    if console.measure(shown, options=console.options.update(max_width=WIDEST)).maximum <= console.width:
        console.print(shown)
    else:
        console.print(
            "\n\n".join(block(one) for one in reports) + "\n", highlight=False, markup=False, soft_wrap=True
        )
    for line in summary(reports):
        console.print(line)


def _limits(path: Path | None) -> SamplePolicy:
    try:
        if path is not None or Path(POLICY_FILE).exists():
            return read_policy_file(path or Path(POLICY_FILE)).sample
    except (ConfigError, OSError) as error:
        raise SystemExit(f"duologue: {error}") from None
    return SamplePolicy()


def recordings(folder: Path, expected: Mapping[str, str]) -> list[Path]:
    """The recordings in a folder by their names; those to be accepted first, for the others may be copies of them."""
    paths = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return sorted(paths, key=lambda path: (not expected.get(path.name, "").startswith("accept"), path.name))


async def report(
    paths: Iterable[Path], expected: Mapping[str, str], policy: SamplePolicy, *, rate: bool = True
) -> list[Report]:
    """One report for each recording. `expected` are labels by file name; without `rate` no quality is predicted.

    A copy is one of an earlier recording that was not refused, as with samples. Raises AudioWorkerDown and OSError.
    """
    reports: list[Report] = []
    known: dict[str, bytes] = {}
    async with AudioWorker() as worker:
        for path in paths:
            data = await asyncio.to_thread(path.read_bytes)
            facts, findings, fingerprint = await _hear(worker, data, policy, rate=rate)
            matches = await worker.compare(fingerprint, list(known.values())) if fingerprint else []
            copies = (name for name, match in zip(known, matches, strict=False) if match)
            copy_of = next(copies, None)
            if fingerprint and not copy_of and not refused(findings):
                known[path.name] = fingerprint
            reports.append(Report(path.name, facts, findings, copy_of, expected.get(path.name)))
    return reports


def labels(path: Path) -> dict[str, str]:
    """What is expected of each file, none where there is no such file. Raises ValueError for another shape."""
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON ({error})") from None
    if not isinstance(data, dict) or not all(isinstance(label, dict) for label in data.values()):
        raise ValueError(f"{path}: expected an object of objects")
    return {
        str(label["file"]): str(label["expect"])
        for label in data.values()
        if "file" in label and "expect" in label
    }


async def _hear(
    worker: AudioWorker, data: bytes, policy: SamplePolicy, *, rate: bool
) -> tuple[AudioFacts | None, tuple[Finding, ...], bytes]:
    """Facts (None: unreadable), findings and fingerprint of one recording."""
    try:
        heard = await worker.measure(data)
        facts = replace(heard.facts, quality=await worker.rate(data) if rate else None)
    except Unreadable as error:
        return None, judge_unreadable(error), b""
    findings = judge(facts, policy.checks, shortest=policy.min, longest=policy.max)
    return facts, findings, heard.fingerprint


COLUMNS: Mapping[str, str] = {
    "s": "duration",
    "LUFS": "loudness",
    "clip": "clipping",
    "SNR": "snr",
    "kHz": "bandwidth",
    "speech": "speech_ratio",
    "voices": "voices",
    "alike": "likeness",
    "turn": "longest_turn",
    "synth": "synthetic",
}
"""The facts that are shown, by what stands above them; units are those of `AudioFacts` but for kHz."""


def table(reports: Iterable[Report]) -> Table:
    """The reports, a line each."""
    shown = Table(title="What the checks hear")
    for heading in ("file", *COLUMNS, "shares", "sig bak ovr", "found", "expected"):
        shown.add_column(heading, justify="left" if heading in ("file", "found", "expected") else "right")
    for one in reports:
        facts = one.facts
        values = [_value(getattr(facts, name, None), name) for name in COLUMNS.values()]
        shown.add_row(one.name, *values, *_shares(facts).values(), found(one), one.expected or "")
    return shown


def block(one: Report) -> str:
    """A report in a few lines, for a terminal that is too narrow for the table."""
    facts = one.facts
    values = {heading: _value(getattr(facts, name, None), name) for heading, name in COLUMNS.items()}
    figures = "  ".join(f"{heading} {value}" for heading, value in (values | _shares(facts)).items() if value)
    lines = [figures, f"found: {found(one)}", f"expected: {one.expected}" if one.expected else ""]
    return "\n".join([one.name, *(f"  {line}" for line in lines if line)])


def _shares(facts: AudioFacts | None) -> dict[str, str]:
    """What is more than one number, by what stands above it."""
    quality = facts.quality if facts else None
    return {
        "shares": " ".join(f"{share:.0%}" for share in facts.shares) if facts else "",
        "sig bak ovr": f"{quality.signal:.1f} {quality.background:.1f} {quality.overall:.1f}"
        if quality
        else "",
    }


def _value(value: float | None, name: str) -> str:
    if value is None:
        return ""
    if name == "voices":
        return str(value)
    if name == "bandwidth":
        value /= 1000
    digits = 2 if name in ("clipping", "speech_ratio", "likeness", "synthetic") else 1
    return f"{value:.{digits}f}"


def found(one: Report) -> str:
    """What was found in words of this table: `refuse: quiet, noise; note: synthetic`."""
    parts = [
        f"{severity.value}: {', '.join(codes)}"
        for severity in Severity
        if (codes := [finding.code.value for finding in one.findings if finding.severity is severity])
    ]
    return "; ".join([*parts, f"copy of {one.copy_of}"] if one.copy_of else parts) or "nothing"


def summary(reports: Iterable[Report]) -> list[str]:
    """How what was found meets what was expected, a line for each kind of label; nothing without labels."""
    counts: dict[str, Counter[str]] = {}
    for one in reports:
        if one.expected:
            counts.setdefault(one.expected.split()[0].strip(":"), Counter())[one.verdict] += 1
    return [
        f"labelled “{label}”: " + ", ".join(f"{counts[label][verdict]} {verdict}" for verdict in VERDICTS)
        for label in sorted(counts)
    ]
