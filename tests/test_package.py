"""What is installed: the wheel carries everything that a run needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_wheel_carries_all_that_a_run_needs(tmp_path: Path) -> None:
    """Catalogues, migrations, networks and the demo's recordings are in it; tests and tools are not."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "bot/texts/zh/LC_MESSAGES/duologue.po",
        "bot/demo/dialogues/night-market.ogg",
        "bot/audio/models/campplus_fp16.onnx",
        "bot/audio/models/LICENSE",
        "storage/migrations/env.py",
        "storage/migrations/versions/0001_first_tables.py",
        "handlers/render/people.py",
    ):
        assert needed in names
    assert [name for name in names if name.split("/")[0] in ("tests", "tools", "docs")] == []
    assert [name for name in names if name.endswith(".pyc")] == []
