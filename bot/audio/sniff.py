"""Which container some bytes are, told by their first bytes alone.

Only containers that hold their own audio are known. A playlist, an edit list with outside references or
plain text has no place here, so FFmpeg is never asked to guess a format.
"""

from typing import Literal

Container = Literal["ogg", "mp3", "aac", "mp4", "wav", "flac", "matroska"]
"""A container by the name that people know it by."""

_ID3_HEADER = 10
_TAGS = 8  # in front of each other: more are no accident


def sniff(data: bytes) -> Container | None:
    """The container of these bytes, or None for anything else.

    ID3v2 tags in front (mp3 mostly, sometimes aac or flac; some programs put theirs before another) are skipped.
    """
    at = 0
    for _ in range(_TAGS):
        if data.startswith(b"ID3", at):
            at = _after_id3(data, at)
    start = data[at : at + 12]
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return "wav"
    if start[4:8] == b"ftyp":
        return "mp4"
    for magic, container in _MAGIC.items():
        if start.startswith(magic):
            return container
    return _sniff_frame(start)


_MAGIC: dict[bytes, Container] = {b"OggS": "ogg", b"fLaC": "flac", b"\x1a\x45\xdf\xa3": "matroska"}


def _after_id3(data: bytes, at: int) -> int:
    """Where the ID3v2 tag at `at` ends: its size is four bytes of seven bits (id3.org, ID3v2.4, section 3.1)."""
    size = 0
    for byte in data[at + 6 : at + _ID3_HEADER]:
        size = size << 7 | byte & 0x7F
    return at + _ID3_HEADER + size


def _sniff_frame(start: bytes) -> Container | None:
    """Bare MPEG audio frames: an eleven-bit sync word, then version, layer, bit rate and sample rate."""
    if len(start) < 4 or start[0] != 0xFF or start[1] & 0xE0 != 0xE0:
        return None
    version, layer = start[1] >> 3 & 3, start[1] >> 1 & 3
    if start[1] & 0xF6 == 0xF0:  # layer 0 is how ADTS tells AAC from MPEG audio (ISO/IEC 13818-7, 6.2)
        return "aac"
    reserved = version == 1 or start[2] >> 4 == 0xF or start[2] >> 2 & 3 == 3
    return "mp3" if layer and not reserved else None
