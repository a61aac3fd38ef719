"""Recordings in a store behind a URL, encrypted or not: the same promises as in a folder."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.audio.sealing import SEALED, DamagedError
from bot.audio.store import AudioStore
from bot.moving import copy_audio
from bot.services.ports import OutageError, is_outage
from tests.objects import Objects, serving

DATA = b"OggS some audio"
DIGEST = hashlib.sha256(DATA).hexdigest()
KEY = f"{DIGEST[:2]}/{DIGEST}.ogg"
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


@pytest.fixture(scope="module")
def objects() -> Iterator[Objects]:
    """An S3-compatible store."""
    with serving() as objects:
        yield objects


@pytest.fixture
def bucket(objects: Objects) -> str:
    """A bucket of this test's own."""
    return objects.bucket()


@pytest.fixture(params=["plain", "encrypted"])
def keys(request: pytest.FixtureRequest) -> tuple[bytes, ...]:
    """Without and with encryption."""
    return (NEW,) if request.param == "encrypted" else ()


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Of either kind."""
    if request.param == "folder":
        return tmp_path / "audio"
    return f"s3://{request.getfixturevalue('bucket')}/deep/down"


async def test_put_get_delete(place: Path | str, keys: tuple[bytes, ...]) -> None:
    """By the same key wherever it is kept and however; what is gone is gone."""
    store = AudioStore(place, keys)
    assert not await store.has(KEY)
    assert [await store.put(DATA, "ogg"), await store.put(DATA, "ogg")] == [KEY, KEY]
    other = AudioStore(place, keys)
    assert (await other.get(KEY), await other.has(KEY)) == (DATA, True)
    assert [key async for key in other.listed()] == [KEY]
    await store.delete(KEY)
    await store.delete(KEY)
    with pytest.raises(FileNotFoundError):
        await other.get(KEY)
    assert [key async for key in other.listed()] == []


async def test_large_recordings_leave_no_halves(
    objects: Objects, bucket: str, keys: tuple[bytes, ...]
) -> None:
    """One request puts the whole of it: there is nothing that a crash could leave half done."""
    large = bytes(20_000_000)
    store = AudioStore(f"s3://{bucket}", keys)
    key = await store.put(large, "wav")
    assert await store.get(key) == large
    assert (objects.half_uploads(bucket), list(objects.held(bucket))) == (0, [key])


async def test_what_is_there_is_not_sent_again(objects: Objects, bucket: str) -> None:
    """A job that is done anew goes on where it was."""
    store = AudioStore(f"s3://{bucket}")
    await store.put(DATA, "ogg")
    before = objects.client.head_object(Bucket=bucket, Key=KEY)["LastModified"]
    objects.client.put_object(Bucket=bucket, Key=KEY, Body=DATA, Metadata={"mark": "ours"})
    await store.put(DATA, "ogg")
    there = objects.client.head_object(Bucket=bucket, Key=KEY)
    assert there["Metadata"] == {"mark": "ours"}
    assert there["LastModified"] >= before


async def test_who_runs_the_store_hears_nothing(objects: Objects, bucket: str) -> None:
    """Not a byte of it, and never the same bytes twice."""
    await AudioStore(f"s3://{bucket}", (NEW,)).put(DATA * 100, "ogg")
    ((key, first),) = objects.held(bucket).items()
    assert first.startswith(SEALED)
    assert b"audio" not in first
    objects.client.delete_object(Bucket=bucket, Key=key)
    await AudioStore(f"s3://{bucket}", (NEW,)).put(DATA * 100, "ogg")
    assert objects.held(bucket)[key] != first


async def test_keys_change(bucket: str) -> None:
    """What was kept openly or under the old key is read with the new one before it; without its key nothing is."""
    url = f"s3://{bucket}"
    plain = await AudioStore(url).put(b"openly", "ogg")
    old = await AudioStore(url, (OLD,)).put(b"old", "ogg")
    both = AudioStore(url, (NEW, OLD))
    new = await both.put(b"new", "ogg")
    assert [await both.get(key) for key in (plain, old, new)] == [b"openly", b"old", b"new"]
    with pytest.raises(DamagedError, match="not among the given ones"):
        await AudioStore(url, (OLD,)).get(new)
    with pytest.raises(DamagedError, match="no key is given"):
        await AudioStore(url).get(new)


async def test_what_was_exchanged_is_noticed(objects: Objects, bucket: str, keys: tuple[bytes, ...]) -> None:
    """One object in the place of another, and one whose last byte differs."""
    store = AudioStore(f"s3://{bucket}", keys)
    one, other = await store.put(b"one", "ogg"), await store.put(b"other", "ogg")
    held = objects.held(bucket)
    for wrong in (held[other], held[one][:-1] + b"\x00"):
        objects.put(bucket, one, wrong)
        with pytest.raises(DamagedError):
            await store.get(one)
    objects.put(bucket, one, held[one])
    assert await store.get(one) == b"one"


async def test_a_store_that_refuses_is_an_outage(objects: Objects) -> None:
    """Nothing is wrong with what was asked for: whoever asks waits, and hears why in one line."""
    store = AudioStore("s3://no-such-bucket")
    with pytest.raises(OutageError, match="refuses or does not answer") as caught:
        await store.put(DATA, "ogg")
    assert is_outage(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_store_that_does_not_answer_is_an_outage(
    monkeypatch: pytest.MonkeyPatch, objects: Objects
) -> None:
    """For each thing one can want of it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("bot.audio.store._RETRY", {"max_retries": 0})
    store = AudioStore("s3://bucket")
    for wanted in (store.put(DATA, "ogg"), store.get(KEY), store.has(KEY), store.delete(KEY)):
        with pytest.raises(OutageError):
            await wanted
    with pytest.raises(OutageError):
        _ = [key async for key in store.listed()]


@pytest.mark.parametrize("url", ["s3://", "ftp://x/y", "nonsense://"])
def test_what_is_no_store(url: str) -> None:
    """Said with the URL."""
    with pytest.raises(ValueError, match="no audio can be kept in"):
        AudioStore(url)


# --- moving house


async def test_moving_house(
    objects: Objects,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From a folder to a bucket, encrypted on the way, and on where it was broken off; rows keep their keys."""
    folder = AudioStore(tmp_path / "audio")
    kept = {await folder.put(data, "ogg"): data for data in (b"one", b"two", b"three")}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUOLOGUE_AUDIO_KEY", base64.b64encode(NEW).decode())
    url = f"s3://{bucket}/x"
    await copy_audio("audio", url)
    assert capsys.readouterr().out == "Copied 3 recordings and pictures; 0 were there already.\n"
    there = AudioStore(url, (NEW,))
    assert {key: await there.get(key) for key in kept} == kept
    assert all(data.startswith(SEALED) for data in objects.held(bucket).values())
    await there.delete(next(iter(kept)))
    await copy_audio("audio", url)
    assert capsys.readouterr().out == "Copied 1 recordings and pictures; 2 were there already.\n"
    await copy_audio(url, "back")
    back = AudioStore(tmp_path / "back", (NEW,))
    assert {key: await back.get(key) for key in kept} == kept


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("nowhere", "audio", "there is no folder nowhere"),
        ("audio", "gopher://x", "no audio can be kept in gopher://x"),
        ("s3://no-such-bucket", "audio", "refuses or does not answer"),
    ],
)
async def test_moving_house_in_plain_words(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, target: str, words: str
) -> None:
    """What is wrong with what was typed."""
    (tmp_path / "audio").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=words):
        await copy_audio(source, target)
