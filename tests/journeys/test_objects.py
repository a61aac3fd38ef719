"""Samples whose audio is kept in a bucket, encrypted: the same way through the house, and nothing left in the end."""

import asyncio
import base64
import re
from pathlib import Path

from bot.audio.sealing import SEALED
from bot.rules.consent import CONSENT_VERSION
from tests.journeys.trouble import knowing
from tests.objects import serving
from tests.stage import Stage

KEY = base64.b64encode(bytes(range(32))).decode()


async def test_a_sample_in_a_bucket(tmp_path: Path, database_url: str) -> None:
    """Heard, reviewed with its picture and, once consent is taken back, gone; no recording touches the data folder."""
    with serving() as objects:
        bucket = objects.bucket()
        environment = {"DUOLOGUE_AUDIO_URL": f"s3://{bucket}/audio", "DUOLOGUE_AUDIO_KEY": KEY}
        async with Stage(tmp_path, database_url, environment=environment) as stage:
            rita, ravi = await stage.reviewer("Rita"), await stage.reviewer("Ravi")
            ann = await stage.newcomer("Ann")
            await stage.sample(ann)
            for reviewer in (rita, ravi):
                await reviewer.hears(kind="photo")
                await reviewer.presses(await reviewer.sees_button(re.compile("vote:.*:yes")))
            await ann.hears("approved")
            held = objects.held(bucket)
            assert {key.rpartition(".")[2] for key in held} == {"ogg", "png"}
            assert all(data.startswith(SEALED) for data in held.values())
            await ann.says("/privacy")
            await ann.presses(await ann.sees_button(f"consent:review:{CONSENT_VERSION}:no"))
            async with asyncio.timeout(20):
                while objects.held(bucket):  # noqa: ASYNC110 - a bucket tells nobody
                    await asyncio.sleep(0.1)
        assert not (tmp_path / "data" / "audio").exists()
        assert knowing(tmp_path, database_url, KEY.encode()) == []
