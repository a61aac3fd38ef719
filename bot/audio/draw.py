"""The picture of a recording: who speaks when, how loud, and what is wrong with it, for the screen of a phone.

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

WIDTH = 800
"""Pixels, of every picture."""

_EDGE = 30
_RIGHT = WIDTH - _EDGE
_LEFT = 78  # where the waveform begins, right of the voices' letters
_TALL = 108  # of each voice's side of the waveform
_BANNER = 64  # of the line of problems, which is left out where there are none
_BIG, _TITLE, _TEXT, _SMALL = 46, 36, 28, 26  # letters: 12 pixels or more on a phone
_NAMES = ("A", "B")
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)  # s between two times of the axis
_APART = 104  # pixels between two times of the axis at least
_WHOLE = 0.95  # a problem of so much of the recording is told, but not highlighted
_TOLD = 6  # problems at most: more do not fit
_GAIN = 1.2  # of the waveform: what is -3 dBFS or louder fills its side

_SHORTEST = Sketch(title="0", duration=1.0)


class Artist:
    """Draws pictures. Reads its font when it is made; afterwards it opens no file."""

    def __init__(self) -> None:
        self._lettering = Lettering(_BIG, _TITLE, _TEXT, _SMALL)
        self._palette = palette()
        self._hatching = _hatching()
        self.draw(_SHORTEST)  # Pillow loads its parts at first use

    def draw(self, sketch: Sketch) -> bytes:
        """The picture as PNG, `WIDTH` wide and far under 100 kB; the same sketch gives the same bytes."""
        sheet = _Sheet(self._lettering, self._hatching, sketch)
        sheet.fill()
        reduced = sheet.image.quantize(palette=self._palette, dither=Image.Dither.NONE)
        png = io.BytesIO()
        reduced.save(png, "PNG", optimize=True)
        return png.getvalue()


class _Sheet:
    """One picture in the making."""

    def __init__(self, lettering: Lettering, hatching: Image.Image, sketch: Sketch) -> None:
        self._lettering = lettering
        self._hatching = hatching
        self._sketch = sketch
        self._top = 88 + (_BANNER if sketch.marks else 0)  # of the waveform
        self._axis = self._top + _TALL
        self._bottom = self._axis + _TALL
        height = self._bottom + 62 + (88 if sketch.shares else 0) + (134 if sketch.figures else 0)
        self.image = Image.new("RGB", (WIDTH, height), PAPER)
        self._pen = ImageDraw.Draw(self.image)

    def fill(self) -> None:
        """Draw everything, what lies behind first."""
        self._write(_EDGE, 46, self._sketch.title, _TITLE, width=_RIGHT - _EDGE)
        self._problems()
        self._silences()
        self._times()
        self._wave()
        if self._sketch.turns:
            self._letters()
        if self._sketch.shares:
            self._shares(self._bottom + 62)
        self._figures(self.image.height - 98)

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
    ) -> None:
        """Put a line of text with its middle at `y`; `at` is l, m or r for where in it `x` is."""
        shown = self._lettering.fit(text, size, width)
        self._pen.text((x, y), shown, fill=colour, font=self._lettering.font(size), anchor=f"{at}m")

    def _x(self, seconds: float) -> int:
        """Where a time lies on the axis."""
        duration = self._sketch.duration
        return _LEFT + round((_RIGHT - _LEFT) * min(1.0, seconds / duration)) if duration > 0 else _LEFT

    def _problems(self) -> None:
        """The problems in words, and a highlight from there down to where they are."""
        marks = self._sketch.marks[:_TOLD]
        if not marks:
            return
        for mark in marks:
            start, end = mark.start, mark.end
            if start is not None and end is not None and end - start < _WHOLE * self._sketch.duration:
                left = min(self._x(start), _RIGHT - 6)
                self._pen.rectangle((left, 104, max(left + 6, self._x(end)), self._bottom), fill=WARNING)
        self._pen.rounded_rectangle((_EDGE, 80, _RIGHT, 128), radius=12, fill=WARNING)
        _triangle(self._pen, _EDGE + 14, 104)
        room = _RIGHT - _EDGE - 66
        self._write(_EDGE + 54, 104, self._in_short(room), _TEXT, width=room)

    def _in_short(self, room: float) -> str:
        """As many problems as fit in a line, and how many more there are."""
        labels = [mark.label for mark in self._sketch.marks]
        for shown in range(min(len(labels), _TOLD), 0, -1):
            more = f" +{len(labels) - shown}" if shown < len(labels) else ""
            words = self._lettering.readable(" · ".join(labels[:shown]) + more)
            if self._lettering.width(words, _TEXT) <= room:
                return words
        return labels[0]

    def _silences(self) -> None:
        word = self._lettering.fit(self._sketch.silence, _SMALL, WIDTH)
        room = round(self._lettering.width(word, _SMALL) / 2) + 10
        for start, end in self._sketch.silences[:WIDTH]:
            left, right = self._x(start), self._x(end)
            if right <= left:
                continue
            self.image.paste(self._hatching.crop((left, 0, right, 2 * _TALL)), (left, self._top))
            if word and 2 * room + 8 <= right - left:
                middle, y = (left + right) // 2, self._top + 36
                self._pen.rounded_rectangle((middle - room, y - 22, middle + room, y + 22), 10, fill=HUSH)
                self._write(middle, y, word, _SMALL, FADED, at="m")

    def _times(self) -> None:
        """The axis of time with as many times as can be read."""
        y, length = self._bottom + 6, _RIGHT - _LEFT
        self._pen.line((_LEFT, y, _RIGHT, y), fill=LINE, width=2)
        duration = self._sketch.duration
        step = next((step for step in _STEPS if step * length >= _APART * duration), 0)
        for i in range(int(duration // step) + 1 if step else 1):
            x = self._x(i * step)
            self._pen.line((x, y, x, y + 8), fill=NOBODY, width=2)
            at = "l" if x < _LEFT + 30 else "r" if x > _RIGHT - 10 else "m"
            self._write(x, y + 28, _clock(i * step), _SMALL, FADED, at=at)

    def _wave(self) -> None:
        """The loudness, column for column, on the side of whose turn it is; on both where it is nobody's."""
        columns, width = len(self._sketch.envelope) // 2, _RIGHT - _LEFT
        spoken = [self._speaking(voice) for voice in (0, 1)]
        for x in range(width if columns else 0):
            first = x * columns // width
            last = max(first + 1, (x + 1) * columns // width)
            loudest = max(abs(signed(byte)) for byte in self._sketch.envelope[2 * first : 2 * last])
            tall = min(_TALL, round(loudest / 127 * _GAIN * _TALL))
            voices = [voice for voice in (0, 1) if spoken[voice][x]]
            for voice in voices or (0, 1):
                end = self._axis + (tall if voice else -tall)
                colour = VOICES[voice] if voices else NOBODY
                self._pen.line((_LEFT + x, self._axis, _LEFT + x, end), fill=colour)
        self._pen.line((_LEFT, self._axis, _RIGHT, self._axis), fill=NOBODY)

    def _speaking(self, voice: int) -> list[int]:
        """How many turns of a voice (for the second: or of any further one) each column of pixels lies in."""
        changes = [0] * (_RIGHT - _LEFT + 2)
        for turn in self._sketch.turns:
            if min(turn.voice, 1) == voice and turn.end > turn.start:
                start = self._x(turn.start) - _LEFT
                changes[start] += 1
                changes[max(start + 1, self._x(turn.end) - _LEFT)] -= 1
        return list(accumulate(changes))

    def _letters(self) -> None:
        """Whose side is whose: grey for a side on which nobody speaks."""
        heard = {min(turn.voice, 1) for turn in self._sketch.turns}
        for voice, y in enumerate((-_TALL // 2, _TALL // 2)):
            name, colour = _NAMES[voice], VOICES[voice] if voice in heard else NOBODY
            self._write((_EDGE + _LEFT) // 2 - 4, self._axis + y, name, _TITLE, colour, at="m")

    def _shares(self, top: int) -> None:
        """Who talked how much: a bar in two parts, and over it the names with their shares."""
        shares = self._sketch.shares[:2]
        total = sum(share.share for share in shares)
        share = shares[0].share / total if total else 0.5
        bar = Image.new("RGB", (_RIGHT - _EDGE, 26), VOICES[0])
        if len(shares) == 2:
            split = round(bar.width * share)
            bar.paste(VOICES[1], (split, 0, bar.width, 26))
            bar.paste(PAPER, (split - 2, 0, split + 2, 26))
        shape = Image.new("1", bar.size)
        ImageDraw.Draw(shape).rounded_rectangle((0, 0, bar.width - 1, 25), radius=13, fill=1)
        self.image.paste(bar, (_EDGE, top + 48), shape)
        room = bar.width / len(shares) - 10
        for told, colour, (x, at) in zip(shares, VOICES, ((_EDGE, "l"), (_RIGHT, "r")), strict=False):
            self._write(x, top + 26, told.label, _TEXT, colour, width=room, at=at)

    def _figures(self, y: int) -> None:
        """Three numbers, side by side, each over what it says."""
        column = (_RIGHT - _EDGE) // 3
        for i, figure in enumerate(self._sketch.figures[:3]):
            x = _EDGE + i * column
            self._write(x, y, figure.value, _BIG, width=column - 12)
            self._write(x, y + 48, figure.label, _SMALL, FADED, width=column - 12)


def _clock(seconds: int) -> str:
    """A time of the axis: 1:30."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def _hatching() -> Image.Image:
    """What silences are filled with, as wide as a picture: slanting lines."""
    tall = 2 * _TALL
    image = Image.new("RGB", (WIDTH, tall), HUSH)
    pen = ImageDraw.Draw(image)
    for x in range(-tall, WIDTH, 14):
        pen.line((x, tall, x + tall, 0), fill=LINE)
    return image


def _triangle(pen: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """The sign for "look out": a filled triangle with its exclamation mark left open."""
    pen.polygon(((x, y + 12), (x + 14, y - 13), (x + 28, y + 12)), fill=INK)
    pen.rectangle((x + 13, y - 5, x + 15, y + 3), fill=WARNING)
    pen.rectangle((x + 13, y + 6, x + 15, y + 8), fill=WARNING)
