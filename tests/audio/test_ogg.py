"""What an Ogg file's pages say, put together by hand so that every byte is known."""

import struct

import pytest

from bot.audio.ogg import Pages, survey

FIRST, LAST = 2, 4


def page(body: bytes, flags: int = 0, *, segments: list[int] | None = None) -> bytes:
    """One page (RFC 3533, section 6), with sizes of segments that may be a lie."""
    table = bytes([len(body)] if segments is None else segments)
    return b"OggS" + struct.pack("<BBqIIIB", 0, flags, 0, 7, 0, 0, len(table)) + table + body


HEAD = page(b"OpusHead" + bytes(11), FIRST)
MIDDLE = page(b"m" * 200)
END = page(b"e" * 100, LAST)
ONE = HEAD + MIDDLE * 3 + END


@pytest.mark.parametrize(
    ("data", "pages"),
    [
        (ONE, Pages(((0, len(ONE)),), cut=False, ended=True)),
        (HEAD + MIDDLE, Pages(((0, len(HEAD + MIDDLE)),), cut=False, ended=False)),
        (ONE[:-1], Pages(((0, len(ONE) - 1),), cut=True, ended=False)),
        (ONE[: -len(END) + 10], Pages(((0, len(ONE) - len(END) + 10),), cut=True, ended=False)),
        (ONE[: -len(END) + 27], Pages(((0, len(ONE) - len(END) + 27),), cut=True, ended=False)),
        (ONE + b"junk", Pages(((0, len(ONE) + 4),), cut=False, ended=True)),
        (b"OggS", Pages(((0, 4),), cut=True, ended=False)),
        (b"none", Pages(((0, 4),), cut=True, ended=False)),
        (b"", Pages(((0, 0),), cut=True, ended=False)),
    ],
)
def test_whether_a_file_is_whole(data: bytes, pages: Pages) -> None:
    """Whole, cut between two pages, within a body, a header and a table, and with junk behind."""
    assert survey(data) == pages


def test_where_the_recordings_of_a_chain_are() -> None:
    """One after the other; streams that begin together (sound and pictures) belong together."""
    film = page(b"\x80theora" + bytes(20), FIRST) + ONE
    data = ONE + film + ONE
    first, second = len(ONE), len(ONE + film)
    assert survey(data).links == ((0, first), (first, second), (second, len(data)))


def test_a_changed_flag_begins_nothing() -> None:
    """A page whose flag says that a stream begins, without the name of a codec in it, is one like the others."""
    data = HEAD + MIDDLE + page(b"m" * 200, FIRST) + END
    assert survey(data) == Pages(((0, len(data)),), cut=False, ended=True)


@pytest.mark.parametrize("segments", [[10], [255, 255, 255]])
def test_a_changed_length_hides_no_page(segments: list[int]) -> None:
    """Too short or too long: the following page is found where it is."""
    data = HEAD + page(b"m" * 200, segments=segments) + ONE
    assert survey(data) == Pages(
        ((0, len(data) - len(ONE)), (len(data) - len(ONE), len(data))), cut=False, ended=True
    )


def test_the_magic_in_the_middle_of_a_page_is_no_page() -> None:
    """Bytes of sound may say OggS."""
    data = HEAD + page(b"x" * 50 + b"OggS\0\x04" + bytes(60)) + MIDDLE
    assert survey(data) == Pages(((0, len(data)),), cut=False, ended=False)
