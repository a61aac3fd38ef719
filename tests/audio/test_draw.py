"""The picture of a recording: what is where in it, in which colours, and that it survives anything."""

import io
import itertools
import resource
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.audio import palette as colours
from bot.audio.draw import WIDTH, Artist
from bot.audio.lettering import GETA, Lettering
from bot.audio.palette import HUSH, INK, LINE, NOBODY, PAPER, RGB, VOICES, WARNING
from bot.audio.sketch import MAX_TEXT, Mark, Share, Sketch
from bot.rules.audio import Turn
from bot.texts import speech
from handlers.render.pictures import captions
from tests.audio.sketches import FULL, LOUD, sketches
from tests.handlers.examples.pictures import PICTURES

LIMIT = 100_000
"""Bytes of a picture at most."""

MIDDLE = 262
"""Where the line between the voices is in a picture that tells problems."""


@pytest.fixture(scope="module")
def artist() -> Artist:
    """One artist, as in the worker."""
    return Artist()


@pytest.fixture(scope="module")
def lettering() -> Lettering:
    """The font at one size."""
    return Lettering(28)


def _seen(png: bytes) -> Image.Image:
    assert len(png) < LIMIT
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode, image.width) == ("PNG", "P", WIDTH)
    return image.convert("RGB")


def _colours(image: Image.Image) -> set[object]:
    return {colour for _, colour in image.getcolors() or ()}


def _x(seconds: float) -> int:
    """Where a time of `FULL` is."""
    return round(78 + 692 * seconds / 20)


def _above_and_below(image: Image.Image, seconds: float) -> tuple[object, object]:
    """The colours beside the line between the voices at a time."""
    return image.getpixel((_x(seconds), MIDDLE - 20)), image.getpixel((_x(seconds), MIDDLE + 20))


# --- what is where


def test_each_voice_has_its_side_and_its_colour(artist: Artist) -> None:
    """The first above the line, the second below it; what is nobody's is grey on both sides."""
    image = _seen(artist.draw(replace(FULL, silences=())))
    assert _above_and_below(image, 4) == (VOICES[0], PAPER)
    assert _above_and_below(image, 10) == (PAPER, VOICES[1])
    assert _above_and_below(image, 15) == (NOBODY, NOBODY)


def test_voices_at_once_are_on_both_sides(artist: Artist) -> None:
    """Each in its own colour; a third voice goes with the second."""
    both = (Turn(0, 0.0, 20.0), Turn(1, 5.0, 10.0), Turn(2, 12.0, 15.0))
    image = _seen(artist.draw(replace(FULL, turns=both)))
    assert [_above_and_below(image, at) for at in (7, 13)] == [VOICES, VOICES]


def test_silence_is_hatched_and_named(artist: Artist) -> None:
    """Behind the waveform, and nowhere else."""
    silent = replace(FULL, envelope=b"")
    image = _seen(artist.draw(silent))
    band = image.crop((_x(13), MIDDLE + 5, _x(19), MIDDLE + 100))
    assert _colours(band) == {HUSH, LINE}
    assert HUSH not in _colours(image.crop((78, MIDDLE - 108, _x(13) - 1, MIDDLE + 108)))
    assert artist.draw(silent) != artist.draw(replace(silent, silence=""))


def test_a_problem_is_highlighted_where_it_is(artist: Artist) -> None:
    """From the words down to the axis; a problem of the whole recording is in words only."""
    bare = replace(FULL, envelope=b"", silences=())
    image = _seen(artist.draw(bare))
    assert image.getpixel((_x(19.5), MIDDLE + 80)) == WARNING
    assert image.getpixel((_x(18.5), MIDDLE + 80)) == PAPER
    everywhere = _seen(artist.draw(replace(bare, marks=(Mark("Repeats itself", 0.0, 20.0),))))
    assert WARNING not in _colours(everywhere.crop((0, 150, WIDTH, image.height)))
    assert WARNING not in _colours(_seen(artist.draw(replace(bare, marks=()))))


def test_problems_that_do_not_fit_are_counted(artist: Artist) -> None:
    """As many as there is room for are in words, and of the others how many they are."""
    long = Mark("A problem that takes half a line")
    assert artist.draw(replace(FULL, marks=(long,) * 9)) == artist.draw(
        replace(FULL, marks=(Mark(f"{long.label} +8"),))
    )
    assert artist.draw(replace(FULL, marks=(Mark("One"), Mark("Two")))) == artist.draw(
        replace(FULL, marks=(Mark("One · Two"),))
    )


@pytest.mark.parametrize(
    ("turns", "shares", "present"),
    [
        (FULL.turns, FULL.shares, {*VOICES}),
        (FULL.turns[:1], (Share("Voice A 100%", 1.0),), {VOICES[0]}),
        ((), (), set()),
    ],
)
def test_as_many_colours_as_voices(
    artist: Artist, turns: tuple[Turn, ...], shares: tuple[Share, ...], present: set[RGB]
) -> None:
    """One voice has one colour, and where nobody was told apart there is none."""
    image = _seen(artist.draw(replace(FULL, turns=turns, shares=shares)))
    assert _colours(image) & {*VOICES} == present


def test_the_bar_is_parted_by_the_shares(artist: Artist) -> None:
    """60 to 40, whatever they sum to."""
    for total in (1.0, 7.5):
        shares = (Share("", 0.6 * total), Share("", 0.4 * total))
        image = _seen(artist.draw(replace(FULL, shares=shares)))
        y = MIDDLE + 108 + 62 + 61
        row = [image.getpixel((x, y)) for x in range(50, 750)]
        assert row.index(PAPER) + 50 == pytest.approx(30 + 0.6 * 740, abs=3)
        assert {*row[: row.index(PAPER)]} == {VOICES[0]}
        assert row[-1] == VOICES[1]


def test_what_is_not_there_takes_no_room(artist: Artist) -> None:
    """Without problems, shares and numbers the picture is lower, and nothing is left blank."""
    heights = [
        _seen(artist.draw(replace(FULL, **{name: ()}))).height
        for name in ("turns", "marks", "shares", "figures")
    ]
    full = _seen(artist.draw(FULL)).height
    assert [full - height for height in heights] == [0, 64, 88, 134]


# --- letters


def _written(language: str) -> set[str]:
    """Everything that is written in pictures in a language."""
    found = set()
    for picture in PICTURES:
        words = captions(*picture, speech(language))
        found |= {words.title, words.silence, *(mark[0] for mark in words.marks)}
        found |= {label for label, _ in words.shares} | {text for pair in words.figures for text in pair}
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_font_has_every_letter_of_every_word(lettering: Lettering, language: str) -> None:
    """Nothing of ours is drawn as a missing letter."""
    letters = {letter for text in _written(language) for letter in text if letter != " "}
    assert {letter for letter in letters if not lettering.has(letter)} == set()


def test_the_font_has_the_letters_of_gb_2312(lettering: Lettering) -> None:
    """From the first to the last, and the stand-in for all others; not those beyond."""
    assert [lettering.has(letter) for letter in f"啊齄{GETA}…éā"] == [True] * 6
    assert [lettering.has(letter) for letter in "\U0001f600\uffff\u0e01㐀"] == [False] * 4


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("Anna & 小明", "Anna & 小明"),
        ("A\U0001f600B", f"A{GETA}B"),
        ("one\ntwo\t three\u2028", "one two three"),
        ("Zo\u200be\ufe0f\u202e!", "Zoe!"),
        ("\ud800", GETA),
        ("\x00", ""),
        (" \n ", ""),
    ],
)
def test_letters_that_are_missing_leave_no_hole(lettering: Lettering, text: str, readable: str) -> None:
    """They are drawn as a stand-in; what has no shape is left out, and everything is on one line."""
    assert lettering.readable(text) == readable


def test_a_stand_in_is_drawn(artist: Artist) -> None:
    """It looks like the stand-in, and not like nothing."""
    strange, stand_in, nothing = (
        artist.draw(replace(FULL, title=title)) for title in ("\U0001f600", GETA, "")
    )
    assert strange == stand_in != nothing


@given(st.text(max_size=80), st.floats(0, 400))
def test_a_text_is_cut_to_its_room(lettering: Lettering, text: str, width: float) -> None:
    """It never is wider, is whole if it fits, and ends with an ellipsis if it does not."""
    readable = lettering.readable(text)
    shown = lettering.fit(text, 28, width)
    assert lettering.width(shown, 28) <= width
    if lettering.width(readable, 28) <= width:
        assert shown == readable
    elif shown:
        assert shown.endswith("…")
        assert readable.startswith(shown[:-1])


# --- whatever comes


@settings(max_examples=60, deadline=None)
@given(sketches())
def test_any_sketch_is_drawn(artist: Artist, sketch: Sketch) -> None:
    """As a picture of its size, and twice the same."""
    png = artist.draw(sketch)
    _seen(png)
    assert artist.draw(sketch) == png


@pytest.mark.parametrize(
    "sketch",
    [
        Sketch("", 0.0),
        replace(FULL, duration=0.0),
        replace(FULL, duration=1e-300),
        replace(FULL, duration=1e308),
        replace(FULL, duration=900.0, envelope=bytes(range(256)) * 6),
        replace(FULL, turns=tuple(Turn(i % 2, i / 500, i / 500 + 0.001) for i in range(10_000))),
        replace(FULL, turns=(Turn(0, 0.0, 20.0),) * 10_000),
        replace(FULL, silences=((0.0, 20.0),) * 10_000),
        replace(FULL, marks=(Mark("loud " * 80, 0.0, 9.0),) * 10_000),
        replace(
            FULL, title="长" * MAX_TEXT, silence="长" * MAX_TEXT, shares=(Share("长" * MAX_TEXT, 0.0),) * 2
        ),
        replace(FULL, envelope=b"\x80\x7f"),
        replace(FULL, shares=(Share("A", 1.0), Share("B", 0.0))),
        replace(FULL, shares=(Share("A", 0.0), Share("B", 1e308), Share("C", 1e308))),
    ],
    ids=itertools.count(),
)
def test_the_absurd_is_drawn(artist: Artist, sketch: Sketch) -> None:
    """No time at all and far too much of it, ten thousand of everything, words without end."""
    _seen(artist.draw(sketch))


def test_every_artist_draws_the_same(artist: Artist) -> None:
    """Nothing of one picture is left for the next, and nothing depends on when it is drawn."""
    first = artist.draw(FULL)
    artist.draw(Sketch("another", 3.0, LOUD))
    assert artist.draw(FULL) == first == Artist().draw(FULL)


def test_no_file_is_opened_for_a_picture() -> None:
    """Once the artist is there, descriptors are refused, as in the worker."""
    script = (
        "import resource, sys\n"
        "from bot.audio.draw import Artist\n"
        "from tests.audio.sketches import FULL\n"
        "artist = Artist()\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))\n"
        "sys.stdout.buffer.write(artist.draw(FULL))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == Artist().draw(FULL)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) != (0, 0)  # the limit was the child's alone


# --- eyes


def _linear(colour: RGB) -> list[float]:
    """A colour in linear light, as WCAG 2.2 and sRGB have it."""
    return [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)
    ]


def _luminance(colour: RGB) -> float:
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), _linear(colour), strict=True))


def _contrast(one: RGB, other: RGB) -> float:
    """From 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        (INK, PAPER, 7.0),
        (INK, WARNING, 7.0),
        (colours.FADED, PAPER, 4.5),
        (colours.FADED, HUSH, 4.5),
        (VOICES[0], PAPER, 4.5),
        (VOICES[1], PAPER, 3.0),  # large letters and shapes
        (NOBODY, PAPER, 3.0),
        (VOICES[0], WARNING, 3.0),
        (VOICES[1], WARNING, 3.0),
    ],
)
def test_contrasts_suffice(front: RGB, back: RGB, least: float) -> None:
    """4.5 to 1 for words, 3 to 1 for shapes and large letters, as WCAG 2.2 asks (1.4.3, 1.4.11)."""
    assert _contrast(front, back) >= least


BLIND = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}  # fmt: skip
"""How dichromats see linear light: Machado, Oliveira and Fernandes (2009), severity 1."""


def _lab(light: list[float]) -> tuple[float, float, float]:
    """Linear sRGB as CIE L*a*b* (D65), in which distances are about as large as they look."""
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = (sum(w * max(0.0, c) for w, c in zip(row, light, strict=True)) for row in to_xyz)
    x, y, z = (c / white for c, white in zip(xyz, (0.9505, 1.0, 1.089), strict=True))
    x, y, z = (c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("eyes", BLIND)
def test_colour_blind_eyes_tell_the_voices_apart(eyes: str) -> None:
    """Each voice from the other and from what is nobody's: by 20 or more, of which 2 can just be seen."""
    seen = [
        _lab([sum(w * c for w, c in zip(row, _linear(colour), strict=True)) for row in BLIND[eyes]])
        for colour in (*VOICES, NOBODY)
    ]
    distances = [
        sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) ** 0.5
        for pair in itertools.combinations(seen, 2)
    ]
    assert min(distances) >= 20
