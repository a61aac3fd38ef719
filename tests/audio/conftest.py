"""The labelled recordings, and a worker for a test."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.audio.client import AudioWorker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def labelled() -> Path:
    """The folder of labelled speech, which is not part of the repository."""
    shared = Path(os.environ.get("DUOLOGUE_SHARED", ROOT.parent / "shared"))
    if not (shared / "audio" / "labels.json").exists():
        pytest.skip(f"labelled recordings are not at {shared}/audio (DUOLOGUE_SHARED)")
    return shared / "audio"


@pytest.fixture
async def worker() -> AsyncIterator[AudioWorker]:
    """A worker with the default limits; its process starts with the first file."""
    async with AudioWorker() as worker:
        yield worker
