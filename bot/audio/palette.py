"""The colours of the picture: Okabe and Ito's, which colour-blind eyes tell apart, on nearly white.

Source: M. Okabe and K. Ito, "Color Universal Design" (2008). Contrasts are by WCAG 2.2: letters that carry a
meaning have 4.5 to 1 or more against what lies behind them, shapes 3 to 1.
"""

from PIL import Image

RGB = tuple[int, int, int]

PAPER: RGB = (252, 252, 250)
INK: RGB = (28, 32, 38)
FADED: RGB = (92, 98, 108)
"""Lesser words: 5.9 to 1 on paper."""

VOICES: tuple[RGB, RGB] = ((0, 114, 178), (213, 94, 0))
"""Blue and vermillion, 5.0 and 3.7 to 1 on paper."""

NOBODY: RGB = (132, 138, 148)
"""Sound that is nobody's turn."""

LINE: RGB = (206, 210, 216)
HUSH: RGB = (236, 238, 241)
"""Behind a silence, with `LINE` for its hatching."""

WARNING: RGB = (253, 243, 184)
"""Okabe and Ito's yellow as a highlighter would leave it: behind a problem, under ink."""

_RAMPS = (
    (PAPER, INK), (PAPER, FADED), (PAPER, VOICES[0]), (PAPER, VOICES[1]), (WARNING, INK), (HUSH, FADED)
)  # fmt: skip
_FLAT = (NOBODY, LINE, HUSH, WARNING)
_STEPS = 16


def palette() -> Image.Image:
    """All colours, and steps between those that letters have at their edges, as Pillow's quantizer wants them."""
    colours = [*_FLAT]
    for back, front in _RAMPS:
        colours += [_between(back, front, step / (_STEPS - 1)) for step in range(_STEPS)]
    unique = list(dict.fromkeys(colours))
    image = Image.new("P", (1, 1))
    image.putpalette([part for colour in unique for part in colour])
    return image


def _between(back: RGB, front: RGB, share: float) -> RGB:
    red, green, blue = (round(b + (f - b) * share) for b, f in zip(back, front, strict=True))
    return red, green, blue
