"""Recordings encrypted where they are kept, so that who runs the store cannot hear them.

AES-256-GCM (NIST SP 800-38D): each object has a nonce of its own and is bound to its name, so that none can be put in
the place of another. What is sealed begins with `MAGIC`, the first four bytes of the SHA-256 of its key, and the nonce.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED: Final = b"duologue sealed "
"""How encrypted objects begin, and no recording or picture."""

MAGIC: Final = SEALED + b"1\n"
_ID, _NONCE = 4, 12
_HEAD = len(MAGIC) + _ID + _NONCE


class DamagedError(Exception):
    """What is kept cannot be had: it is not what was given, or cannot be decrypted; the text says which."""


class Sealing:
    """Keys of 32 bytes: the first one seals, each of them opens. So a new key is put before the old ones."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_id_of(key): AESGCM(key) for key in keys}
        self._sealing = _id_of(keys[0])

    def seal(self, name: str, data: bytes) -> bytes:
        """Encrypt what is kept under a name."""
        nonce = os.urandom(_NONCE)
        head = MAGIC + self._sealing + nonce
        return head + self._ciphers[self._sealing].encrypt(nonce, data, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """The bytes that were sealed under this name; raises `DamagedError`."""
        key_id = sealed[len(MAGIC) : len(MAGIC) + _ID]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise DamagedError(f"{name} is encrypted with a key that is not among the given ones")
        try:
            return cipher.decrypt(sealed[_HEAD - _NONCE : _HEAD], sealed[_HEAD:], name.encode())
        except InvalidTag:
            raise DamagedError(f"{name} is damaged, or was put in the place of another") from None


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:_ID]
