"""What an Ogg file's own pages say (RFC 3533): which recordings it chains, and whether it is whole.

Only headers of pages are read, in one pass. None is believed: where the next page is not where the last one
announced it, it is looked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_MAGIC = b"OggS"
_HEADER = 27  # bytes of a page before its table of segments
_FIRST, _LAST = 2, 4  # flags: a stream begins, ends with this page

_CODECS = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ", b"fishead\0", b"\x80theora")
"""How the first page of a stream goes on: the flag alone may be a changed byte."""


@dataclass(frozen=True, slots=True)
class Pages:
    """What is known of a file without decoding it.

    links  where each of the recordings starts and ends: one, or several if the file chains them
    cut    the last page goes on after the last byte
    ended  the last page is whole and says that nothing follows; a file that broke off between two pages does
           not, nor do the recorders that never say so
    """

    links: tuple[tuple[int, int], ...]
    cut: bool
    ended: bool


def survey(data: bytes) -> Pages:
    """Go through the pages. Bytes without any count as one recording that is cut."""
    starts, inside = [0], False
    last, flags = len(data) + 1, 0
    for start, body, end, flags in _pages(data):
        begins = bool(flags & _FIRST) and data.startswith(_CODECS, body)
        if begins and inside:  # several streams may begin together, before the first of their bodies
            starts.append(start)
        inside, last = not begins, end
    cut = last > len(data)
    links = zip(starts, [*starts[1:], len(data)], strict=True)
    return Pages(tuple(links), cut, ended=not cut and bool(flags & _LAST))


def _pages(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Each page's start, body, end (behind the last byte if it is cut) and flags; junk between them is skipped."""
    start = data.find(_MAGIC)
    while start >= 0:
        head = data[start : start + _HEADER]
        if len(head) < _HEADER:
            yield start, len(data), len(data) + 1, 0
            return
        body = start + _HEADER + head[26]
        end = body + sum(data[start + _HEADER : body]) if body <= len(data) else len(data) + 1
        yield start, body, end, head[5]
        # A changed length must not swallow the pages that follow.
        start = end if data.startswith(_MAGIC, end) else data.find(_MAGIC, start + _HEADER)
