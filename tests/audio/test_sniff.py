"""Containers are told by their first bytes; what can refer to other files is none."""

import pytest

from bot.audio.sniff import Container, sniff

MP3 = b"\xff\xfb\x90\x64" + bytes(400)
ID3 = b"ID3\x04\x00\x00\x00\x00\x01\x05"  # 133 bytes follow: seven bits a byte


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (b"OggS\x00\x02" + bytes(20), "ogg"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "wav"),
        (b"fLaC\x00\x00\x00\x22", "flac"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81", "matroska"),
        (b"\x00\x00\x00\x1cftypisom", "mp4"),
        (b"\x00\x00\x00\x14ftypM4A ", "mp4"),
        (MP3, "mp3"),
        (b"\xff\xf1\x50\x40\x20\xdf", "aac"),
        (ID3 + bytes(133) + MP3, "mp3"),
        (ID3 + bytes(133) + b"fLaC", "flac"),
        (ID3 + bytes(133) + ID3 + bytes(133) + MP3, "mp3"),
    ],
)
def test_known_containers(data: bytes, container: Container) -> None:
    """Each container by its magic, an ID3 tag in front or not."""
    assert sniff(data) == container


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"O",
        b"hello, this is text",
        b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/secret\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"[playlist]\nFile1=/etc/passwd\n",
        b"<?xml version='1.0'?><MPD/>",
        b"RIFF\x24\x00\x00\x00AVI LIST",
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04",
        ID3,
        ID3 + bytes(133) + b"#EXTM3U\n",
        b"\xff\xff\xff\xff\xff",
        b"\xff\xeb\x90\x64",
        bytes(64),
    ],
)
def test_everything_else_is_none(data: bytes) -> None:
    """Text, playlists, pictures, archives, video-only containers and half a magic are not audio."""
    assert sniff(data) is None
