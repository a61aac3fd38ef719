"""The transcript: who does and sees what, line by line, and the numbers at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.demo.cast import Line
from bot.demo.reviewing import judges
from bot.demo.words import says

WIDTH = 100
"""Columns: wider lines are harder to read, not easier."""

LINES_SHOWN = 3
"""How much of a message is shown; the rest is an ellipsis."""

NAME_WIDTH = 7
_INDENT = 7 + 2 + NAME_WIDTH + 1


@dataclass(frozen=True, slots=True)
class Played:
    """A step that was played, and how long it took in seconds."""

    name: str
    title: str
    seconds: float
    passed: bool


class Transcript:
    """Prints the play. Colours and a progress line on a terminal, plain text elsewhere."""

    def __init__(self, console: Console, steps: int) -> None:
        self._console = console
        self._width = console.width
        self._began: float | None = None
        self.progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self.progress.add_task("", total=steps)
        self._steps = steps

    def began(self, mono: float) -> None:
        """Set the moment that times are counted from, in monotonic seconds."""
        self._began = mono

    def opens(self, number: int, title: str) -> None:
        """A step begins."""
        self.progress.update(self._task, completed=number - 1, description=title)
        self._print(Text())
        self._print(Rule(Text(f"{number}/{self._steps} · {title}", "bold"), align="left", style="dim"))

    def clock(self, shown: str) -> None:
        """The bot's clock was moved."""
        self._print(Text(f"{' ' * 9}⏩ the clock shows {shown}", "bold dim"))

    def line(self, line: Line) -> None:
        """Something was done or told."""
        match line.kind:
            case "said":
                self._speech(line, "▸", [line.text])
            case "pressed":
                self._speech(line, "▸", [f"[{line.text}]"])
            case "message" | "edited" if line.heard is not None:
                self._speech(line, "◂", _shown(line), [b.text for b in line.heard.buttons])
            case "answer" if line.text:
                self._speech(line, "◂", [f"({line.text})"])

    def _speech(self, line: Line, arrow: str, words: Sequence[str], buttons: Sequence[str] = ()) -> None:
        began = line.mono if self._began is None else self._began
        minutes, seconds = divmod(max(0.0, line.mono - began), 60)
        head = Text(f"{int(minutes):d}:{seconds:04.1f}".rjust(7), "dim")
        head.append("  ").append(_fit(line.actor.name), line.actor.colour).append(" ")
        style = line.actor.colour if arrow == "▸" else ""
        body = [Text(f"{arrow if not i else ' '} {word}", style) for i, word in enumerate(words)]
        if buttons:
            body.append(
                Text("  " + " ".join(f"[{label.replace(' ', chr(0xA0))}]" for label in buttons), "dim")
            )
        rows: list[Text] = []
        for part in body:
            for i, row in enumerate(part.wrap(self._console, self._width - _INDENT - 2)):
                row.rstrip()
                rows.append(Text("  ") + row if i else row)
        for i, row in enumerate(rows):
            self._print((head if i == 0 else Text(" " * _INDENT)) + Text.assemble(_spaced(row)))

    def _print(self, what: Text | Rule | Table) -> None:
        self._console.print(what)

    def failed(self, step: str, reason: str, got: Sequence[str], log: Sequence[str]) -> None:
        """The play ended here: what was promised, what came instead, and what the bot printed last."""
        self.progress.stop()
        self._print(Text())
        self._print(Text(f"✗ {step}: {reason}", "bold red"))
        if got:
            self._print(Text("What they got last:"))
            for text in got:
                self._print(Text(f"  ◂ {text}"))
        self._print(Text("The bot's last words:"))
        for text in log:
            self._print(Text(f"  {text}", "dim"))

    def summary(self, played: Sequence[Played], lines: Sequence[Line]) -> None:
        """Every step with its time, then counts and timings."""
        self.progress.stop()
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(justify="right")
        table.add_column()
        table.add_column(justify="right")
        for number, step in enumerate(played, 1):
            sign = Text("✓", "green") if step.passed else Text("✗", "bold red")
            title = Text.assemble(sign, " ", step.title, ("  " + step.name, "dim"))
            table.add_row(str(number), title, f"{step.seconds:.1f} s")
        self._print(Text())
        self._print(table)
        self._print(Text())
        for name, value in numbers(lines, sum(step.seconds for step in played)):
            self._print(Text.assemble((name.rjust(24), "dim"), "  ", value))


def _shown(line: Line) -> list[str]:
    """The first lines of a message, with a sign for what it carries."""
    heard = line.heard
    if heard is None:
        return [line.text]
    sign = {"voice": "🎧 ", "audio": "🎧 ", "document": "📎 ", "photo": "🖼 "}.get(heard.kind, "")
    file = heard.message.get(heard.kind, {})
    name = str(file.get("file_name", "")) if isinstance(file, dict) else ""
    words = [part.strip() for part in heard.text.splitlines() if part.strip()]
    if not words or name:
        words.insert(0, name)
    more = len(words) > LINES_SHOWN
    words = words[:LINES_SHOWN]
    words[0] = f"{'✎ ' if heard.edited else ''}{sign}{words[0]}"
    if more:
        words[-1] += " …"
    return words


def _fit(name: str) -> str:
    """A name in its column; a Chinese character is two columns wide."""
    return (
        name + " " * (NAME_WIDTH - cell_len(name))
        if cell_len(name) <= NAME_WIDTH
        else set_cell_size(name, NAME_WIDTH)
    )


def _spaced(row: Text) -> Text:
    """A wrapped row with its hard spaces, which kept buttons whole, made plain."""
    plain = row.copy()
    plain.plain = plain.plain.replace("\xa0", " ")
    return plain


def numbers(lines: Sequence[Line], total: float) -> list[tuple[str, str]]:
    """Counts of what was done and told, and how fast the bot was."""
    kinds = [line.kind for line in lines]
    alerts = sum(line.alert for line in lines)
    refused = sum(line.kind == "message" and says(line.text, "not accepted") for line in lines)
    answers, judged = answer_times(lines), judging_times(lines)
    found = [
        ("people", str(len({line.actor.person.id for line in lines}))),
        ("written · recordings", f"{_texts(lines)} · {kinds.count('said') - _texts(lines)}"),
        ("presses", str(kinds.count("pressed"))),
        ("messages · edits", f"{kinds.count('message')} · {kinds.count('edited')}"),
        ("refusals", f"{refused} sample, {alerts} presses"),
    ]
    if answers:
        found.append(
            (
                "press → answer",
                f"{median(answers) * 1000:.0f} ms (median), {max(answers) * 1000:.0f} ms (slowest)",
            )
        )
    if judged:
        found.append(("sample → findings", f"{median(judged):.1f} s (median), {max(judged):.1f} s (slowest)"))
    return [*found, ("total", f"{total:.1f} s")]


def _texts(lines: Sequence[Line]) -> int:
    return sum(line.kind == "said" and not line.text.startswith("🎤") for line in lines)


def answer_times(lines: Sequence[Line]) -> list[float]:
    """Seconds from each press to its answer."""
    pressed = {line.answers: line.mono for line in lines if line.kind == "pressed"}
    return [
        line.mono - pressed[line.answers]
        for line in lines
        if line.kind == "answer" and line.answers in pressed
    ]


def judging_times(lines: Sequence[Line]) -> list[float]:
    """Seconds from each recording to what the checks found in it."""
    times: list[float] = []
    waiting: dict[int, float] = {}
    for line in lines:
        who = line.actor.person.id
        if line.kind == "said" and line.text.startswith("🎤"):
            waiting[who] = line.mono
        elif who in waiting and line.kind == "message" and line.heard and judges(line.heard):
            times.append(line.mono - waiting.pop(who))
    return times
