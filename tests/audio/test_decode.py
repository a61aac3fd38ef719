"""Bytes of every container, whole, cut and changed, and bytes that are no audio."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.audio.decode import RATE, Decoded, decode
from bot.rules.audio import Reason, Unreadable
from tests.audio.files import damaged, encode, film, noise, silence_bomb, sine, wav

KINDS = {
    "ogg": ("ogg", "libopus", 48_000, "ogg", "opus"),
    "webm": ("webm", "libopus", 48_000, "matroska", "opus"),
    "mp3": ("mp3", "libmp3lame", 44_100, "mp3", "mp3float"),
    "m4a": ("mp4", "aac", 44_100, "mp4", "aac"),
    "aac": ("adts", "aac", 44_100, "aac", "aac"),
    "wav": ("wav", "pcm_s16le", 48_000, "wav", "pcm_s16le"),
    "flac": ("flac", "flac", 48_000, "flac", "flac"),
}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Twenty seconds of noise in each kind of file."""
    return {name: encode(noise(20), kind[0], kind[1], rate=kind[2]) for name, kind in KINDS.items()}


def _about(decoded: Decoded) -> dict[str, Any]:
    return {
        "container": decoded.container,
        "codec": decoded.codec,
        "rate": decoded.sample_rate,
        "channels": decoded.channels,
        "complete": decoded.complete,
        "capped": decoded.capped,
        "damage": decoded.damage,
    }


@pytest.mark.parametrize(
    ("container", "codec", "rate", "wide_rate"),
    [
        ("wav", "pcm_s16le", 8000, 16_000),
        ("wav", "pcm_s16le", 16_000, 16_000),
        ("mp3", "libmp3lame", 22_050, 22_050),
        ("mp4", "aac", 44_100, 44_100),
        ("ogg", "libopus", 16_000, 48_000),  # Opus always decodes to 48 kHz
        ("flac", "flac", 96_000, 48_000),
        ("wav", "pcm_s16le", 192_000, 48_000),
    ],
)
def test_the_sound_as_stored_comes_too(container: str, codec: str, rate: int, wide_rate: int) -> None:
    """Between 16 and 48 kHz at its own rate, of the same length and loudness as at 16 kHz."""
    decoded = decode(encode(sine(3, 0.5), container, codec, rate=rate), 900)
    wide, pcm = (np.frombuffer(one, np.int16).astype(float) for one in (decoded.wide, decoded.pcm))
    assert decoded.wide_rate == wide_rate
    assert len(wide) / wide_rate == pytest.approx(decoded.duration, abs=0.01)
    assert wide.std() == pytest.approx(pcm.std(), rel=0.02)


def test_the_sound_as_stored_reaches_higher_than_16_khz() -> None:
    """A tone of 15 kHz is in it, and is not in what everything else is measured from."""
    decoded = decode(wav(sine(2, 0.5, 15_000, rate=48_000), 48_000), 900)
    levels = [np.frombuffer(one, np.int16).std() / 32768 for one in (decoded.wide, decoded.pcm)]
    assert levels == [pytest.approx(0.354, abs=0.01), pytest.approx(0, abs=0.001)]


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_of_the_sound_as_stored_five_minutes_are_kept(rate: int) -> None:
    """More would cost memory and tell nothing; where it is the same sound, it is as much of it."""
    decoded = decode(wav(sine(310, 0.1, rate=rate), rate), 900)
    assert (decoded.duration, len(decoded.wide)) == (310.0, 300 * rate * 2)


@pytest.mark.parametrize("name", KINDS)
def test_every_container_is_decoded_whole(files: dict[str, bytes], name: str) -> None:
    """All of the audio, at its level, with what the file says about itself."""
    _, _, rate, container, codec = KINDS[name]
    decoded = decode(files[name], 900)
    assert _about(decoded) == {
        "container": container,
        "codec": codec,
        "rate": rate,
        "channels": 1,
        "complete": True,
        "capped": False,
        "damage": 0.0,
    }
    assert decoded.duration == pytest.approx(20, abs=0.1)
    assert np.frombuffer(decoded.pcm, np.int16).std() / 32768 == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize("name", ["ogg", "webm", "wav", "flac"])
def test_a_file_that_breaks_off_is_noticed(files: dict[str, bytes], name: str) -> None:
    """The first 60 % decode, and either the structure or the missing part says that this is not all."""
    decoded = decode(files[name][: len(files[name]) * 6 // 10], 900)
    assert decoded.duration == pytest.approx(12, abs=1.1)
    assert not decoded.complete or decoded.damage == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize("name", ["mp3", "aac"])
def test_a_stream_of_frames_may_end_anywhere(files: dict[str, bytes], name: str) -> None:
    """Bare frames have no end of their own: what is left of such a file is a shorter recording."""
    decoded = decode(files[name][: len(files[name]) * 6 // 10], 900)
    assert decoded.complete
    assert decoded.damage < 0.01
    assert decoded.duration == pytest.approx(12, abs=0.1)


def test_an_m4a_without_its_index_is_corrupt(files: dict[str, bytes]) -> None:
    """Its index stands at the end: without it nothing can be decoded."""
    with pytest.raises(Unreadable) as refusal:
        decode(files["m4a"][: len(files["m4a"]) // 2], 900)
    assert refusal.value == Unreadable(reason=Reason.corrupt)


def test_changed_bytes_are_damage(files: dict[str, bytes]) -> None:
    """Ogg drops a page for each changed byte (its checksum fails): the lost share is measured."""
    assert decode(damaged(files["ogg"], 20), 900).damage > 0.5


@pytest.mark.parametrize("size", [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"])
def test_a_wav_written_to_a_pipe_is_whole(files: dict[str, bytes], size: bytes) -> None:
    """Recorders that cannot seek leave the sizes open; that is no defect."""
    wav = files["wav"]
    at = wav.index(b"data") + 4
    decoded = decode(wav[:4] + size + wav[8:at] + size + wav[at + 4 :], 900)
    assert (decoded.complete, decoded.damage, decoded.duration) == (True, 0.0, 20.0)


def test_bytes_after_the_end_are_harmless(files: dict[str, bytes]) -> None:
    """An ID3v1 tag behind an mp3 and junk behind an Ogg file change nothing."""
    for name, tail in (("mp3", b"TAG" + b"a" * 125), ("ogg", b"junk" * 10)):
        assert decode(files[name] + tail, 900) == decode(files[name], 900)


def test_chained_files_count_in_full(files: dict[str, bytes]) -> None:
    """Two Ogg files in a row are one recording of twice the length, whatever the last page says."""
    decoded = decode(files["ogg"] * 2, 900)
    assert decoded.duration == pytest.approx(40, abs=0.1)
    assert (decoded.complete, decoded.damage) == (True, 0.0)


def test_chained_recordings_may_differ() -> None:
    """Other channels, codecs and rates behind the first recording: all of them are heard, the first one is told."""
    parts = [
        encode(noise(3), "ogg", "libopus", layout="stereo"),
        encode(noise(4), "ogg", "libopus"),
        encode(noise(5), "ogg", "vorbis", rate=22_050, layout="stereo"),
    ]
    decoded = decode(b"".join(parts), 900)
    assert _about(decoded) == {
        "container": "ogg",
        "codec": "opus",
        "rate": 48_000,
        "channels": 2,
        "complete": True,
        "capped": False,
        "damage": 0.0,
    }
    assert decoded.duration == pytest.approx(12, abs=0.1)
    assert len(decoded.wide) / 2 / decoded.wide_rate == pytest.approx(12, abs=0.1)


def test_a_chain_is_as_complete_as_its_last_link(files: dict[str, bytes]) -> None:
    """Whole recordings in front do not hide that the last one breaks off, nor one that cannot be opened."""
    whole = files["ogg"]
    cut = decode(whole + whole[: len(whole) // 2], 900)
    assert cut.duration == pytest.approx(30, abs=1.1)
    assert not cut.complete
    begun = decode(whole + whole[: whole.index(b"OggS", 4)], 900)  # only the page that names the codec
    assert (begun.complete, begun.ended) == (False, False)


def test_a_chain_of_thousands_costs_a_hundred() -> None:
    """Each link is opened anew, so there is an end to it: the rest is as good as cut off."""
    link = encode(noise(0.1), "ogg", "libopus")
    decoded = decode(link * 2000, 900)
    assert decoded.duration == pytest.approx(100 * 0.1, abs=1.5)
    assert not decoded.complete


@pytest.mark.parametrize("name", KINDS)
def test_only_ogg_says_itself_that_it_ends(files: dict[str, bytes], name: str) -> None:
    """The last page of a whole file says so; others cannot."""
    assert decode(files[name], 900).ended is (True if name == "ogg" else None)


def test_ogg_that_breaks_off_between_two_pages_has_not_ended(files: dict[str, bytes]) -> None:
    """No byte is missing in what is left, and nothing else would tell it from a whole one."""
    whole = files["ogg"]
    decoded = decode(whole[: whole.rindex(b"OggS")], 900)
    assert (decoded.complete, decoded.damage, decoded.ended) == (True, 0.0, False)


def test_ogg_that_breaks_off_within_its_last_page_has_not_ended(files: dict[str, bytes]) -> None:
    """The flag stands at the head of the page, but the page is not all there."""
    decoded = decode(files["ogg"][:-10], 900)
    assert (decoded.complete, decoded.ended) == (False, False)


def test_stereo_is_mixed() -> None:
    """Two channels come out as one, and are reported as two."""
    decoded = decode(encode(noise(2), "ogg", "libopus", layout="stereo"), 900)
    assert decoded.channels == 2
    assert decoded.duration == pytest.approx(2, abs=0.1)


def test_the_cap_ends_decoding() -> None:
    """Of two hours in two megabytes the capped seconds are decoded and no sample more."""
    bomb = silence_bomb(2)
    decoded = decode(bomb, 240)
    assert len(bomb) < 3_000_000
    assert len(decoded.pcm) == 240 * RATE * 2
    assert (decoded.capped, decoded.complete, decoded.damage) == (True, True, 0.0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.empty),
        (b"just some text in a file named voice.ogg", Reason.not_audio),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", Reason.not_audio),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", Reason.not_audio),
        (b"OggS", Reason.corrupt),
        (b"OggS" + b"\x00" * 5000, Reason.corrupt),
        (b"fLaC" + b"\xff" * 5000, Reason.corrupt),
        (b"RIFF\x24\x00\x00\x00WAVE", Reason.corrupt),
        (b"\x1a\x45\xdf\xa3" + b"\x01" * 5000, Reason.corrupt),
        (b"\x00\x00\x00\x1cftypisom" + b"\x00" * 500, Reason.corrupt),
    ],
)
def test_what_is_no_recording_is_refused_with_its_reason(data: bytes, reason: Reason) -> None:
    """Nothing, text, playlists and bare magics: a typed refusal each."""
    with pytest.raises(Unreadable) as refusal:
        decode(data, 900)
    assert refusal.value == Unreadable(reason=reason)


@pytest.mark.parametrize("codec", [None, "ac3"])
@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_a_film_without_a_voice_codec_is_not_audio(container: str, codec: str | None) -> None:
    """A good container, but no sound in it, or only such that no recorder makes: no rare decoder is run."""
    with pytest.raises(Unreadable) as refusal:
        decode(film(container, codec), 900)
    assert refusal.value == Unreadable(reason=Reason.not_audio)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("matroska", "libopus")])
def test_of_a_film_only_the_sound_is_taken(container: str, codec: str) -> None:
    """Pictures are neither decoded nor counted as lost."""
    decoded = decode(film(container, codec), 900)
    assert decoded.duration == pytest.approx(2, abs=0.1)
    assert (decoded.complete, decoded.damage) == (True, 0.0)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(sorted(KINDS)), count=st.integers(1, 300), seed=st.integers(0, 2**32), data=st.data()
)
def test_broken_files_end_in_audio_or_a_refusal(
    files: dict[str, bytes], name: str, count: int, seed: int, data: st.DataObject
) -> None:
    """Whatever bytes are changed, headers too, and wherever it ends: there is no third way out."""
    whole = files[name]
    broken = damaged(whole, count, spare=0, seed=seed)[: data.draw(st.integers(1, len(whole)))]
    try:
        decoded = decode(broken, 60)
    except Unreadable as refusal:
        assert refusal.reason in Reason  # noqa: PT017 - either outcome is right
    else:
        assert 0 < decoded.duration <= 60
        assert 0 <= decoded.damage <= 1
