"""QR codes of links: pictures that hold exactly the code, large and framed enough for a camera."""

import zlib
from struct import unpack

import pytest
import segno

from bot.services.pairing.qr import BORDER, SCALE, png

LINK = "https://t.me/duologue_bot?start=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA"


def modules(picture: bytes) -> list[list[bool]]:
    """A 1-bit grey PNG as rows of modules, true for black, its frame included."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    data, header, position = b"", b"", 8
    while position < len(picture):
        (length,), kind = unpack(">I", picture[position : position + 4]), picture[position + 4 : position + 8]
        body = picture[position + 8 : position + 8 + length]
        header, data = (body, data) if kind == b"IHDR" else (header, data + body * (kind == b"IDAT"))
        position += 12 + length
    width, height, depth, colour, *_ = unpack(">IIBBBBB", header)
    assert (width, depth, colour) == (height, 1, 0)
    raw, stride = zlib.decompress(data), 1 + (width + 7) // 8
    rows = [bytes(stride - 1)]
    for at in range(0, len(raw), stride):
        above = {0: bytes(stride - 1), 2: rows[-1]}[raw[at]]  # the filters "none" and "up"
        rows.append(bytes(a + b & 255 for a, b in zip(above, raw[at + 1 : at + stride], strict=True)))
    pixels = [[not row[x // 8] >> (7 - x % 8) & 1 for x in range(width)] for row in rows[1:]]
    # Every module is a square of one colour, or the picture would not be sharp.
    assert all(
        pixels[y][x] == pixels[y - y % SCALE][x - x % SCALE] for y in range(height) for x in range(width)
    )
    return [row[::SCALE] for row in pixels[::SCALE]]


@pytest.mark.parametrize("link", [LINK, "https://t.me/d?start=x", "https://例子.测试/搭子"])
def test_picture_is_the_code(link: str) -> None:
    """Module for module the code of the link, with four white modules all around."""
    code = segno.make_qr(link, error="m")
    white = [False] * len(code.matrix[0] + bytes(2 * BORDER))
    inner = [[False] * BORDER + [bool(bit) for bit in row] + [False] * BORDER for row in code.matrix]
    assert modules(png(link)) == [white] * BORDER + inner + [white] * BORDER
    assert code.error in ("M", "Q", "H")


def test_the_same_link_the_same_picture() -> None:
    """Nothing but the link decides the picture."""
    assert png(LINK) == png(LINK)
    assert png(LINK) != png(LINK + "x")


def test_too_long() -> None:
    """What fits no code is refused."""
    with pytest.raises(ValueError, match="too large"):
        png("x" * 2400)
