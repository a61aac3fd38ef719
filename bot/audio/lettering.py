"""Letters of a fixed font: measured, cut to a width, and never a hole where the font has no letter."""

import io
import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-Medium-GB2312.otf"

GETA = "〓"
"""Stands for a letter that the font lacks: what Chinese and Japanese printers put for a missing type."""

_ELLIPSIS = "…"
_ABSENT = "\uffff"  # no letter by definition: no font has it
_REMEMBERED = 8192


class Lettering:
    """The font at some sizes. Everything is read at the start: later no file is opened."""

    def __init__(self, *sizes: int) -> None:
        data = FONT.read_bytes()
        basic = ImageFont.Layout.BASIC  # the same everywhere, whether or not a shaping library is installed
        self._fonts = {
            size: ImageFont.truetype(io.BytesIO(data), size, layout_engine=basic) for size in sizes
        }
        self._any = next(iter(self._fonts.values()))
        self._hole = bytes(self._any.getmask(_ABSENT))
        self._shown = lru_cache(_REMEMBERED)(self._show)

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        """The font at one of the sizes."""
        return self._fonts[size]

    def width(self, text: str, size: int) -> float:
        """Pixels from where a text begins to where the next would."""
        return self.font(size).getlength(text)

    def has(self, letter: str) -> bool:
        """Whether the font has this letter."""
        return bytes(self._any.getmask(letter)) != self._hole

    def readable(self, text: str) -> str:
        """The text on one line, with every letter that the font lacks replaced by `GETA`."""
        return " ".join("".join(map(self._shown, text)).split())

    def fit(self, text: str, size: int, width: float) -> str:
        """The readable text, cut and ended by "…" where it would be wider than `width`; "" if nothing fits."""
        text = self.readable(text)
        if self.width(text, size) <= width:
            return text
        room = width - self.width(_ELLIPSIS, size)
        if room < 0:
            return ""
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.width(text[:middle], size) <= room else (low, middle - 1)
        return text[:low].rstrip() + _ELLIPSIS

    def _show(self, letter: str) -> str:
        kind = unicodedata.category(letter)
        if kind in ("Cc", "Zs", "Zl", "Zp"):
            return " "
        if kind in ("Cf", "Mn", "Me"):  # signs without a place of their own
            return letter if self.has(letter) and kind != "Cf" else ""
        return letter if self.has(letter) else GETA
