"""The frames between the bot and its audio worker: four bytes of length (big-endian), then the body.

Bot to worker: the bytes of one file. Worker to bot: a JSON object, first `{"ready": true}`, then for each
file either `{"facts": {...}}` or `{"unreadable": "<reason>"}`. No pickle: either side may be hostile.
"""

import struct
from typing import BinaryIO

HEAD = struct.Struct(">I")
"""The head of a frame: the length of its body."""

MAX_REPLY = 64 * 1024
"""Bytes of the longest reply that the bot reads."""


class BrokenFrame(Exception):
    """The other side ended in the middle of a frame, or announced a longer one than allowed."""


def pack(body: bytes) -> bytes:
    """A body as one frame."""
    return HEAD.pack(len(body)) + body


def read_frame(stream: BinaryIO, limit: int) -> bytes | None:
    """The body of the next frame, None at a clean end of the stream.

    Raises BrokenFrame if the stream ends within a frame or the body is longer than `limit` bytes.
    """
    head = stream.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        raise BrokenFrame("the stream ended in a head")
    (length,) = HEAD.unpack(head)
    if length > limit:
        raise BrokenFrame(f"a frame of {length} bytes is over the limit of {limit}")
    body = stream.read(length)
    if len(body) < length:
        raise BrokenFrame("the stream ended in a body")
    return body
