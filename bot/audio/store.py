"""Where the bytes of recordings are kept: files named by their content, by obstore.

A key is `ab/abcd….ogg`: two hex digits, the SHA-256 of the bytes, a suffix. The same bytes have the same
key, so a caller that deletes must know that no other row holds it.
"""

import asyncio
import hashlib
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import LocalStore

_KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}\.[a-z0-9]{1,8}")
_SUFFIX = re.compile(r"[a-z0-9]{1,8}")
_SYSTEM = re.compile(r"\(os error (\d+)\)")
_ABANDONED = 3600.0  # seconds after which a half-written file belongs to no living process


class AudioStore:
    """Recordings in a local folder. Safe to use from several processes at once."""

    def __init__(self, folder: Path) -> None:
        """Keep recordings in `folder`, which is made if missing.

        What a crash left half-written there is removed: it is personal data that no key leads to.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(folder)
        self._folder = folder
        self._store = LocalStore(folder)

    async def put(self, data: bytes, suffix: str) -> str:
        """Keep these bytes and return their key. Under a key there are whole files only.

        `suffix` is one to eight lower-case letters and digits, e.g. "ogg". Raises ValueError for another, and
        OSError if the disk is full or refuses. When this returns, a power cut takes them away no more.
        """
        if not _SUFFIX.fullmatch(suffix):
            raise ValueError(f"not a file suffix: {suffix!r}")
        digest = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
        key = f"{digest[:2]}/{digest}.{suffix}"
        # obstore writes beside the key and renames, so readers and crashes never see a part.
        try:
            await self._store.put_async(key, data)
        except BaseError as error:
            raise _of_the_system(error) from error
        await asyncio.to_thread(_to_the_disk, self._folder / key)
        return key

    async def get(self, key: str) -> bytes:
        """The bytes kept under a key.

        Raises FileNotFoundError if nothing is (any more), ValueError for what `put` never returned.
        """
        found = await self._store.get_async(_checked(key))
        return bytes(await found.bytes_async())

    async def delete(self, key: str) -> None:
        """Delete what is kept under a key; nothing kept is no error, so erasing can be repeated.

        Raises ValueError for what `put` never returned.
        """
        with suppress(FileNotFoundError):
            await self._store.delete_async(_checked(key))


def _checked(key: str) -> str:
    """A key of the form that `put` gives: no other path is ever looked at."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key of the audio store: {key!r}")
    return key


def _of_the_system(error: BaseError) -> Exception:
    """What the system refused, as Python says it; obstore has it in its words only."""
    number = _SYSTEM.search(str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else error


def _to_the_disk(path: Path) -> None:
    """Wait until a file and its name are on the disk itself."""
    if os.name != "posix":  # pragma: no cover - elsewhere a folder cannot be opened
        return
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove staged files (obstore names them `<key>#<n>`) of processes that died while writing."""
    for staged in folder.glob("??/*#*"):
        if staged.stat().st_mtime < time.time() - _ABANDONED:
            staged.unlink(missing_ok=True)
