"""Make the font of the pictures: `python tools/subset_font.py NotoSansCJK-VF.otf.ttc`.

Needs `fonttools` (4.60 or newer), which is no dependency of the bot: install it for this once. The source is
the variable collection "Noto Sans CJK" (2.004, SIL Open Font License 1.1); `bot/audio/fonts/README.md` says
where it comes from. The same source and the same fonttools give the same bytes.
"""

import io
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont
from fontTools.varLib.instancer import instantiateVariableFont

TARGET = Path(__file__).resolve().parent.parent / "bot" / "audio" / "fonts" / "NotoSansSC-Medium-GB2312.otf"
FAMILY = "Noto Sans CJK SC"
WEIGHT = 500  # Medium: strokes stay whole where a phone shows the picture at half its size

LATIN = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180)]))
"""Basic Latin, Latin-1 and what the font has of Latin Extended-A: the names of people and places, and units."""

SIGNS = "‐‑–—―‘’‚“”„†‡•…‰′″‹›€№™←↑→↓−√∞≈≠≤≥■□▲△▼▽◆◇○●★☆"
"""Punctuation and signs that GB 2312 lacks, and those that must not get lost."""


def main(source: str) -> None:
    """Cut the family out of the collection, at one weight and with the letters above."""
    font = _family(source)
    _subset(font, hinting=True)
    font = _again(instantiateVariableFont(_again(font), {"wght": WEIGHT}))
    _subset(font, hinting=False)  # only now: the instancer wants the hints. The letters are large anyway
    for table in ("BASE", "GPOS", "GSUB", "GDEF", "STAT", "VORG", "vhea", "vmtx", "HVAR", "MVAR"):
        if table in font:
            del font[table]
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    font.save(TARGET, reorderTables=True)
    print(f"{TARGET.name}: {len(font.getBestCmap())} letters, {TARGET.stat().st_size / 1e6:.2f} MB")


def _subset(font: TTFont, *, hinting: bool) -> None:
    options = Options()
    options.layout_features = []  # letters are put one after the other: nothing would read these tables
    options.name_IDs = [0, 1, 2, 4, 5, 6, 13, 14]  # whose it is and under which licence
    options.hinting = hinting
    options.desubroutinize = not hinting
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(letter) for letter in letters()])
    subsetter.subset(font)


def _again(font: TTFont) -> TTFont:
    """The font as if it came from a file: what one tool leaves in memory, the next stumbles over."""
    memory = io.BytesIO()
    font.save(memory)
    memory.seek(0)
    return TTFont(memory)


def letters() -> set[str]:
    """All of GB 2312 (6,763 Chinese characters, kana, Greek, Cyrillic, signs) and the letters above."""
    rows = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    chinese = "".join(two.decode("gb2312", "ignore") for two in rows)
    return {*LATIN, *SIGNS, *chinese}


def _family(source: str) -> TTFont:
    for font in TTCollection(source).fonts:
        if font["name"].getDebugName(1) == FAMILY:
            return font
    sys.exit(f"{source} holds no {FAMILY}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
