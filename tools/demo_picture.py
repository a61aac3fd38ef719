"""Draw docs/demo.png: a part of the demo's transcript, as a terminal shows it. Run from the repository's root.

Needs Chromium and the Noto fonts (Debian: chromium, fonts-noto-cjk, fonts-noto-color-emoji).
"""

import asyncio
import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from bot.demo.play import play

PICTURE = Path("docs/demo.png")
WIDTH = 100
FIRST, LAST = "Ann's first sample is refused", "李雷 and 韩梅梅 are heard"
LINES = 52
PAGE = """<meta charset="utf-8"><style>{stylesheet}
body {{ margin: 12px; color: #d8d8d8; background: #16181c; overflow: hidden }}
pre {{ margin: 0; font: 15px/19px "Noto Sans Mono CJK SC", "Noto Color Emoji", monospace }}
</style><pre><code style="font: inherit">{code}</code></pre>"""


async def transcript() -> str:
    """The whole play as a terminal would show it, colours and all."""
    written = io.StringIO()
    console = Console(
        file=written, force_terminal=True, color_system="truecolor", width=WIDTH, highlight=False
    )
    with tempfile.TemporaryDirectory() as folder:
        if not await play(Path(folder), console):
            sys.exit("the play failed: no picture")
    return written.getvalue()


def part(shown: str) -> list[str]:
    """The lines between two steps, without the progress line that a terminal writes over."""
    plain = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
    lines = [line.split("\r")[-1] for line in shown.splitlines()]
    heads = [i for i, line in enumerate(lines) if "───" in line]
    first = next(i for i in heads if FIRST in plain.sub("", lines[i]))
    last = next(i for i in heads if LAST in plain.sub("", lines[i]))
    return [line for line in lines[first:last] if plain.sub("", line).strip() and "━" not in line][:LINES]


def main() -> None:
    """Play, cut, draw."""
    page = Console(record=True, width=WIDTH, file=io.StringIO())
    for line in part(asyncio.run(transcript())):
        page.print(Text.from_ansi(line), soft_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder, "demo.html")
        html.write_text(page.export_html(theme=MONOKAI, code_format=PAGE))
        size = f"--window-size=860,{24 + 19 * LINES}"
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", size]
        subprocess.run([*command, f"--screenshot={PICTURE.absolute()}", html.as_uri()], check=True)


if __name__ == "__main__":
    main()
