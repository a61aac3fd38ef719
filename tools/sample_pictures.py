"""Draw docs/sample.png: what the sender of two of the demo's dialogues is shown, side by side. Run from the root."""

import asyncio
import io
from pathlib import Path

from PIL import Image

from bot.artist import Artist
from bot.audio.client import AudioWorker
from bot.rules.audio import judge
from bot.rules.policy import SamplePolicy

PICTURE = Path("docs/sample.png")
SHOWN = (("my-sourdough", 12, "en"), ("hotpot", 13, "zh"))
GAP = 24
PAPER = (255, 255, 255)


async def pictures() -> list[bytes]:
    """One PNG for each of `SHOWN`."""
    policy = SamplePolicy()
    drawn = []
    async with AudioWorker() as worker:
        for name, number, language in SHOWN:
            data = await asyncio.to_thread(Path(f"bot/demo/dialogues/{name}.ogg").read_bytes)
            heard = await worker.measure(data)
            findings = judge(heard.facts, policy.checks, shortest=policy.min, longest=policy.max)
            drawn.append((await Artist(worker).draw(number, heard, findings))[language])
    return drawn


def beside(drawn: list[bytes]) -> Image.Image:
    """All of them in a row, on white."""
    images = [Image.open(io.BytesIO(png)).convert("RGB") for png in drawn]
    width = sum(image.width for image in images) + GAP * (len(images) - 1)
    row = Image.new("RGB", (width, max(image.height for image in images)), PAPER)
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + GAP
    return row


if __name__ == "__main__":
    beside(asyncio.run(pictures())).quantize(64, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
