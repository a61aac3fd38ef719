"""A link as a QR code, to be held up to a friend's camera."""

from io import BytesIO

import segno

SCALE = 10
"""Pixels a module: large enough that a chat's preview, which shrinks pictures, stays readable."""
BORDER = 4
"""Modules of white around the code, as ISO/IEC 18004 demands."""


def png(link: str) -> bytes:
    """The picture of a link, black on white, as PNG bytes. Raises `ValueError` for one too long (over 2,300 bytes).

    Error correction is at least M (15 %), enough for a scratched screen; a code that has room takes more.
    """
    buffer = BytesIO()
    segno.make_qr(link, error="m").save(buffer, kind="png", scale=SCALE, border=BORDER)
    return buffer.getvalue()
