"""The picture of a recording: who speaks when, how loud, and what is wrong with it, for a phone at arm's length.

It is 800 pixels wide and shown at half of that or less, so letters are large. Voices are told apart by their
side of the line (the first above it, the second below), by letters and by colour, so that no single one is
needed. See `palette` for the colours.
"""

import io
from itertools import accumulate

from PIL import Image, ImageDraw

from bot.audio.lettering import Lettering
from bot.audio.palette import FADED, HUSH, INK, LINE, NOBODY, PAPER, RGB, VOICES, WARNING, palette
from bot.audio.sketch import Sketch, signed

WIDTH, HEIGHT = 800, 640
_EDGE = 30
_LEFT, _RIGHT = 78, WIDTH - _EDGE  # of the waveform
_TOP, _MIDDLE, _BOTTOM = 150, 256, 362  # of the waveform: its highest, its axis, its lowest
_TALL = _MIDDLE - _TOP - 2
_BIG, _TITLE, _TEXT, _SMALL = 46, 36, 28, 26
_NAMES = ("A", "B")
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)  # s between two marks of the axis
_APART = 104  # pixels between two times of the axis at least
_WHOLE = 0.95  # a problem of so much of the recording is told, but not highlighted


class Artist:
    """Draws pictures. Reads its font when it is made; afterwards it opens no file."""

    def __init__(self) -> None:
        self._lettering = Lettering(_BIG, _TITLE, _TEXT, _SMALL)
        self._palette = palette()
        self.draw(Sketch("0", 1.0))  # Pillow loads its parts at first use

    def draw(self, sketch: Sketch) -> bytes:
        """The picture as PNG, `WIDTH` × `HEIGHT`, well under 100 kB; the same sketch gives the same bytes."""
        image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        _Sheet(image, self._lettering, sketch).fill()
        reduced = image.quantize(palette=self._palette, dither=Image.Dither.NONE)
        png = io.BytesIO()
        reduced.save(png, "PNG", optimize=True)
        return png.getvalue()


class _Sheet:
    """One picture in the making."""

    def __init__(self, image: Image.Image, lettering: Lettering, sketch: Sketch) -> None:
        self._pen = ImageDraw.Draw(image)
        self._lettering = lettering
        self._sketch = sketch

    def fill(self) -> None:
        """Draw everything, what lies behind first."""
        self._header()
        self._silences()
        self._highlights()
        self._axis()
        self._wave()
        self._shares()
        self._figures()

    def _write(
        self,
        x: float,
        y: float,
        text: str,
        size: int,
        colour: RGB = INK,
        *,
        width: float = WIDTH,
        at: str = "l",
    ) -> float:
        """Put a line of text with its middle at `y`; `at` is l, m or r for where `x` is. Gives its width."""
        shown = self._lettering.fit(text, size, width)
        self._pen.text((x, y), shown, fill=colour, font=self._lettering.font(size), anchor=f"{at}m")
        return self._lettering.width(shown, size)

    def _x(self, seconds: float) -> int:
        """Where a time lies on the axis."""
        if self._sketch.duration <= 0:
            return _LEFT
        return round(_LEFT + (_RIGHT - _LEFT) * min(1.0, seconds / self._sketch.duration))

    def _header(self) -> None:
        self._write(_EDGE, 46, self._sketch.title, _TITLE, width=_RIGHT - _EDGE)
        if not self._sketch.marks:
            return
        self._pen.rounded_rectangle((_EDGE, 80, _RIGHT, 128), radius=10, fill=WARNING)
        _triangle(self._pen, _EDGE + 14, 104)
        words = " · ".join(self._lettering.readable(mark.label) for mark in self._sketch.marks[:6])
        self._write(_EDGE + 52, 104, words, _TEXT, width=_RIGHT - _EDGE - 66)

    def _silences(self) -> None:
        for start, end in self._sketch.silences[:WIDTH]:
            left, right = self._x(start), self._x(end)
            if right <= left:
                continue
            self._pen.rectangle((left, _TOP, right - 1, _BOTTOM), fill=HUSH)
            for x in range(left - left % 12, right, 12):
                if x >= left:
                    self._pen.line((x, _TOP, x, _BOTTOM), fill=LINE)
            word = self._lettering.readable(self._sketch.silence)
            if self._lettering.width(word, _SMALL) + 16 <= right - left:
                middle = (left + right) / 2
                room = self._lettering.width(word, _SMALL) / 2 + 6
                self._pen.rectangle((middle - room, _TOP + 10, middle + room, _TOP + 50), fill=HUSH)
                self._write(middle, _TOP + 30, word, _SMALL, FADED, at="m")

    def _highlights(self) -> None:
        for mark in self._sketch.marks[:6]:
            if mark.start is None or mark.end is None:
                continue
            if mark.end - mark.start >= _WHOLE * self._sketch.duration:
                continue
            left, right = self._x(mark.start), max(self._x(mark.start) + 6, self._x(mark.end))
            self._pen.rectangle((left, 128, right, _BOTTOM), fill=WARNING)

    def _axis(self) -> None:
        """The line between the voices, and the times beneath."""
        self._pen.line((_LEFT, _BOTTOM + 6, _RIGHT, _BOTTOM + 6), fill=LINE, width=2)
        duration = self._sketch.duration
        step = next((s for s in _STEPS if s * (_RIGHT - _LEFT) >= _APART * duration), None)
        count = int(duration // step) if step else 0
        for i in range(count + 1):
            x = self._x(i * (step or 0))
            self._pen.line((x, _BOTTOM + 6, x, _BOTTOM + 14), fill=NOBODY, width=2)
            self._write(x, _BOTTOM + 34, _clock(i * (step or 0)), _SMALL, FADED, at="m" if i else "l")

    def _wave(self) -> None:
        columns = len(self._sketch.envelope) // 2
        width = _RIGHT - _LEFT
        spoken = [self._speaking(voice) for voice in (0, 1)]
        for x in range(width if columns else 0):
            first = x * columns // width
            last = max(first + 1, (x + 1) * columns // width)
            heights = self._sketch.envelope[2 * first : 2 * last]
            tall = round(max(abs(signed(byte)) for byte in heights) / 128 * _TALL)
            voices = [voice for voice in (0, 1) if spoken[voice][x]]
            for voice in voices or (0, 1):
                colour = VOICES[voice] if voices else NOBODY
                way = -1 if voice == 0 else 1
                ends = sorted((_MIDDLE, _MIDDLE + way * tall))
                self._pen.line((_LEFT + x, ends[0], _LEFT + x, ends[1]), fill=colour)
        self._pen.line((_LEFT, _MIDDLE, _RIGHT, _MIDDLE), fill=NOBODY)
        if self._sketch.turns:
            for name, colour, y in zip(_NAMES, VOICES, (_MIDDLE - 54, _MIDDLE + 54), strict=True):
                self._write((_EDGE + _LEFT) / 2 - 4, y, name, _TITLE, colour, at="m")

    def _speaking(self, voice: int) -> list[int]:
        """How many turns of a voice (or, for the second, of any further one) each column of pixels lies in."""
        changes = [0] * (_RIGHT - _LEFT + 2)
        for turn in self._sketch.turns:
            if min(turn.voice, 1) == voice and turn.end > turn.start:
                start = self._x(turn.start) - _LEFT
                changes[start] += 1
                changes[max(start + 1, self._x(turn.end) - _LEFT)] -= 1
        return list(accumulate(changes))

    def _shares(self) -> None:
        """Who talked how much: a bar in two parts, and over it the names with their shares."""
        shares = self._sketch.shares[:2]
        total = sum(share.share for share in shares)
        if not total:
            return
        split = round(_EDGE + (_RIGHT - _EDGE) * shares[0].share / total)
        self._pen.rounded_rectangle((_EDGE, 462, _RIGHT, 486), radius=12, fill=VOICES[0])
        if split < _RIGHT:
            self._pen.rounded_rectangle((max(_EDGE, split), 462, _RIGHT, 486), radius=12, fill=VOICES[1])
            self._pen.rectangle((split, 462, min(split + 14, _RIGHT - 12), 486), fill=VOICES[1])
            self._pen.rectangle((split - 2, 462, split + 1, 486), fill=PAPER)
        room = (_RIGHT - _EDGE) / len(shares) - 10
        for share, colour, (x, at) in zip(shares, VOICES, ((_EDGE, "l"), (_RIGHT, "r")), strict=False):
            self._write(x, 438, share.label, _TEXT, colour, width=room, at=at)

    def _figures(self) -> None:
        figures = self._sketch.figures[:3]
        column = (_RIGHT - _EDGE) / 3
        for i, figure in enumerate(figures):
            x = _EDGE + i * column
            self._write(x, 545, figure.value, _BIG, width=column - 12)
            self._write(x, 593, figure.label, _SMALL, FADED, width=column - 12)


def _clock(seconds: int) -> str:
    """A time of the axis: 1:30."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def _triangle(pen: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """The sign for "look out": a filled triangle with its exclamation mark cut out."""
    pen.polygon(((x, y + 12), (x + 14, y - 13), (x + 28, y + 12)), fill=INK)
    pen.rectangle((x + 13, y - 5, x + 15, y + 3), fill=WARNING)
    pen.rectangle((x + 13, y + 6, x + 15, y + 8), fill=WARNING)
