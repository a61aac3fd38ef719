"""The audio store: content is the name, parts are never seen, and no key leads outside."""

import hashlib
import os
import resource
from pathlib import Path

import pytest

from bot.audio.store import AudioStore
from storage import trouble
from storage.trouble import trouble_of

DATA = b"OggS some audio"
DIGEST = hashlib.sha256(DATA).hexdigest()
KEY = f"{DIGEST[:2]}/{DIGEST}.ogg"


async def test_put_get_delete(tmp_path: Path) -> None:
    """The key is made of the content; after deleting, nothing is left in the folder."""
    store = AudioStore(tmp_path / "audio")
    assert await store.put(DATA, "ogg") == KEY
    assert await store.put(DATA, "ogg") == KEY
    assert await store.get(KEY) == DATA
    assert (tmp_path / "audio" / KEY).read_bytes() == DATA
    await store.delete(KEY)
    await store.delete(KEY)
    with pytest.raises(FileNotFoundError):
        await store.get(KEY)
    assert [path for path in (tmp_path / "audio").rglob("*") if path.is_file()] == []


async def test_two_stores_on_one_folder_see_each_other(tmp_path: Path) -> None:
    """Another process, or the same after a restart, finds what was kept."""
    key = await AudioStore(tmp_path).put(DATA, "mp3")
    assert await AudioStore(tmp_path).get(key) == DATA


@pytest.mark.parametrize(
    "key",
    [
        "",
        "../secret.ogg",
        "/etc/passwd",
        f"ab/../{KEY}",
        f"{KEY}/../../x",
        f"ff/{DIGEST}.ogg" if DIGEST[:2] != "ff" else f"00/{DIGEST}.ogg",
        f"{DIGEST[:2]}/{DIGEST}",
        f"{DIGEST[:2]}/{DIGEST}.OGG",
        f"{KEY}\n",
        f"{KEY}\x00",
    ],
)
async def test_no_other_key_is_looked_at(tmp_path: Path, key: str) -> None:
    """Anything that `put` cannot have returned is refused for reading and for deleting."""
    (tmp_path / "secret.ogg").write_bytes(b"secret")
    store = AudioStore(tmp_path / "audio")
    with pytest.raises(ValueError, match="not a key"):
        await store.get(key)
    with pytest.raises(ValueError, match="not a key"):
        await store.delete(key)
    assert (tmp_path / "secret.ogg").read_bytes() == b"secret"


@pytest.mark.parametrize("suffix", ["", ".ogg", "o/g", "OGG", "..", "toolongsuffix"])
async def test_no_other_suffix_is_taken(tmp_path: Path, suffix: str) -> None:
    """A suffix is a few letters and digits."""
    with pytest.raises(ValueError, match="suffix"):
        await AudioStore(tmp_path).put(DATA, suffix)


async def test_half_written_files_are_removed_at_the_next_start(tmp_path: Path) -> None:
    """A staged file of an hour ago is swept; one that may still be written and whole ones stay."""
    key = await AudioStore(tmp_path).put(DATA, "ogg")
    old, new = tmp_path / f"{key}#1", tmp_path / f"{key}#2"
    for staged in (old, new):
        staged.write_bytes(b"half")
    os.utime(old, (0, 0))
    store = AudioStore(tmp_path)
    assert (old.exists(), new.exists()) == (False, True)
    assert await store.get(key) == DATA


async def test_what_the_system_refuses_is_told_as_such(tmp_path: Path) -> None:
    """obstore has it in its words only; a disk without room must be known as one, and nothing is left behind."""
    store = AudioStore(tmp_path / "audio")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            await store.put(bytes(20_000), "ogg")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert trouble_of(caught.value) is trouble.FULL
    assert [path for path in (tmp_path / "audio").rglob("*") if path.is_file()] == []
    assert await store.get(await store.put(bytes(20_000), "ogg")) == bytes(20_000)
