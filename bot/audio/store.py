"""Where the bytes of recordings are kept: named by their content, in a folder or a store behind a URL, by obstore.

A key is `ab/abcd….ogg`: two hex digits, the SHA-256 of the bytes, a suffix. The same bytes have the same
key, so a caller that deletes must know that no other row holds it. The name is that of the plain bytes also where
they are encrypted: rows keep their keys when recordings move house or get another key.
"""

import asyncio
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from bot.audio.sealing import SEALED, DamagedError, Sealing
from bot.services.ports import OutageError

_KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}\.[a-z0-9]{1,8}")
_SUFFIX = re.compile(r"[a-z0-9]{1,8}")
_SYSTEM = re.compile(r"\(os error (\d+)\)")
_ABANDONED = 3600.0  # seconds after which a half-written file belongs to no living process

_RETRY: Any = {"max_retries": 3}


class AudioStore:
    """Recordings in a local folder, or in a store behind a URL. Safe to use from several processes at once."""

    def __init__(self, place: Path | str, keys: Sequence[bytes] = ()) -> None:
        """Keep recordings in `place`: a folder, which is made if missing, or a URL such as ``s3://bucket/prefix``.

        With `keys` of 32 bytes they are encrypted, by the first one. What a crash left half-written in a folder is
        removed: it is personal data that no key leads to. A store behind a URL has no halves: each object is put by
        one request, which leaves the whole of it or nothing. Raises ValueError for a URL that no store is behind.
        """
        self._folder: Path | None = None
        if isinstance(place, Path):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sweep(place)
            self._folder = place
            self._store: Any = LocalStore(place)
        else:
            try:
                self._store = from_url(place, client_options=_client(), retry_config=_RETRY)
            except (BaseError, ValueError, TypeError) as error:
                raise ValueError(f"no audio can be kept in {place}: {_first_line(error)}") from None
        self._sealing = Sealing(keys) if keys else None

    async def put(self, data: bytes, suffix: str) -> str:
        """Keep these bytes and return their key. Under a key there are whole objects only.

        `suffix` is one to eight lower-case letters and digits, e.g. "ogg". Raises ValueError for another, OSError if
        the disk is full or refuses, and `OutageError` if the store does not answer or refuses. When this returns, a
        power cut takes them away no more. What is there already is not sent again.
        """
        if not _SUFFIX.fullmatch(suffix):
            raise ValueError(f"not a file suffix: {suffix!r}")
        digest = await asyncio.to_thread(_digest, data)
        key = f"{digest[:2]}/{digest}.{suffix}"
        if self._folder is None and await self.has(key):
            return key
        kept = await asyncio.to_thread(self._sealing.seal, key, data) if self._sealing else data
        # obstore writes beside the file and renames, so readers and crashes never see a part.
        try:
            await self._store.put_async(key, kept, use_multipart=False if self._folder is None else None)
        except (BaseError, FileNotFoundError, PermissionError) as error:
            raise self._meaning(error) from error
        if self._folder is not None:
            await asyncio.to_thread(_to_the_disk, self._folder / key)
        return key

    async def get(self, key: str) -> bytes:
        """The bytes kept under a key.

        Raises FileNotFoundError if nothing is (any more), ValueError for what `put` never returned, `DamagedError` for
        what cannot be decrypted or is not what it was, and OSError or `OutageError` as `put` does.
        """
        try:
            found = await self._store.get_async(_checked(key))
            data = bytes(await found.bytes_async())
        except FileNotFoundError:
            raise FileNotFoundError(key) from None
        except (BaseError, PermissionError) as error:
            raise self._meaning(error) from error
        return await asyncio.to_thread(self._opened, key, data)

    async def has(self, key: str) -> bool:
        """Whether anything is kept under a key; raises as `get` does."""
        try:
            await self._store.head_async(_checked(key))
        except FileNotFoundError:
            return False
        except (BaseError, PermissionError) as error:
            raise self._meaning(error) from error
        return True

    async def delete(self, key: str) -> None:
        """Delete what is kept under a key; nothing kept is no error, so erasing can be repeated.

        Raises ValueError for what `put` never returned, and OSError or `OutageError` as `put` does.
        """
        try:
            with suppress(FileNotFoundError):
                await self._store.delete_async(_checked(key))
        except (BaseError, PermissionError) as error:
            raise self._meaning(error) from error

    async def listed(self) -> AsyncIterator[str]:
        """Every key under which something is kept; raises as `get` does."""
        try:
            async for page in self._store.list():
                for one in page:
                    if _KEY.fullmatch(one["path"]):
                        yield one["path"]
        except (BaseError, PermissionError) as error:
            raise self._meaning(error) from error

    def _opened(self, key: str, kept: bytes) -> bytes:
        """What was kept, as it was given; its name tells what it has to be."""
        if kept.startswith(SEALED):
            if self._sealing is None:
                raise DamagedError(f"{key} is encrypted, and no key is given")
            return self._sealing.open(key, kept)
        if _digest(kept) != key[3:67]:
            raise DamagedError(
                f"{key} is not what its name says: it was damaged or exchanged where it is kept"
            )
        return kept

    def _meaning(self, error: Exception) -> Exception:
        """What the system or the store refused: as Python says it, or as something that may pass."""
        number = _SYSTEM.search(str(error))
        if self._folder is not None:
            return OSError(int(number[1]), os.strerror(int(number[1]))) if number else error
        return OutageError(f"the audio store refuses or does not answer: {_first_line(error)}")


def _client() -> Any:
    """How long to wait, and whether the standard variable allows a connection without TLS: given options hide it."""
    open_ = os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true"
    return {"timeout": "60s", "connect_timeout": "5s", "allow_http": open_}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__


def _checked(key: str) -> str:
    """A key of the form that `put` gives: no other path is ever looked at."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key of the audio store: {key!r}")
    return key


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
