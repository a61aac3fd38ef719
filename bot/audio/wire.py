"""What goes between the bot and its audio worker: pairs of frames, a JSON head and a body of bytes.

A frame is four bytes of length (big-endian), then so many bytes. The worker says first `{"ready": true}`;
then each question gets one answer. No pickle: either side may be hostile.

    {"do": "measure"}, file                 → {"facts": {…}, "fingerprint": length}, fingerprint + envelope
    {"do": "rate"}, file                    → {"quality": {…} or null}
    {"do": "compare", "lengths": [a, b, …]}, fingerprint of a bytes + those to compare it with
                                            → {"matches": [{…} or null, …]}
    {"do": "draw", "sketch": {…}}           → {}, picture

A file that cannot be read is answered by `{"unreadable": "<reason>"}`.
"""

import json
import struct
from typing import Any, BinaryIO

HEAD = struct.Struct(">I")
"""How a frame begins: the length of what follows."""

MAX_HEAD = 512 * 1024
"""Bytes of the longest JSON that either side reads."""

MAX_ANSWER = 2 * 1024 * 1024
"""Bytes of the longest body that the bot reads: a picture, or a fingerprint with its envelope."""


class BrokenFrame(Exception):
    """The other side ended in the middle of a frame, or announced a longer one than allowed."""


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """A question or an answer as its two frames."""
    told = json.dumps(head, allow_nan=False).encode()
    return b"".join((HEAD.pack(len(told)), told, HEAD.pack(len(body)), body))


def read(stream: BinaryIO, limit: int) -> tuple[dict[str, Any], bytes] | None:
    """The next question, None at a clean end of the stream.

    Raises BrokenFrame if the stream ends within it, its body is longer than `limit` bytes, or its head is
    no JSON object.
    """
    told = _frame(stream, MAX_HEAD)
    if told is None:
        return None
    body = _frame(stream, limit)
    if body is None:
        raise BrokenFrame("the stream ended between a head and its body")
    return unpack_head(told), body


def unpack_head(told: bytes) -> dict[str, Any]:
    """A head again. Raises BrokenFrame for what is no JSON object."""
    try:
        head = json.loads(told)
    except (ValueError, RecursionError) as error:
        raise BrokenFrame("a head is no JSON") from error
    if not isinstance(head, dict):
        raise BrokenFrame("a head is no JSON object")
    return head


def _frame(stream: BinaryIO, limit: int) -> bytes | None:
    head = stream.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        raise BrokenFrame("the stream ended in the length of a frame")
    (length,) = HEAD.unpack(head)
    if length > limit:
        raise BrokenFrame(f"a frame of {length} bytes is over the limit of {limit}")
    body = stream.read(length)
    if len(body) < length:
        raise BrokenFrame("the stream ended in a frame")
    return body
