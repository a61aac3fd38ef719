"""`make crash` in small: nights that die once at every kind of moment, and controls that must be noticed."""

from pathlib import Path

from tests.crash.moments import kind_of
from tests.crash.season import Director
from tests.databases import Databases

SEED = 3
"""Which moments of each kind; `make crash` takes all of them."""


async def test_nights_that_die_at_every_kind_of_moment(tmp_path: Path, databases: Databases) -> None:
    """Before and after every commit, sending, answer, fetched file and kept recording: nothing is lost or repeated."""
    season = await Director(tmp_path, databases).a_sample(SEED)
    assert season.verdict.wrong == []
    kinds = {kind_of(moment) for moment in season.passed}
    assert kinds == {
        f"{side} {point}"
        for side in ("before", "after")
        for point in (
            "start",
            "inbox.accept",
            "inbox.handle",
            "answer",
            "outbox.turn",
            "send",
            "clock.ring",
            "jobs.claim",
            "fetch",
            "keep",
            "erase",
            "work.check",
            "work.pool",
            "work.rate",
            "jobs.settle",
        )
    }
    assert season.kinds_left == []


async def test_a_forgotten_commit_is_noticed(tmp_path: Path, databases: Databases) -> None:
    """An update that was not kept is a loss; one handled twice and a message sent twice are repeats."""
    found = await Director(tmp_path, databases).controls()
    assert [(what, bool(verdict.losses), bool(verdict.repeats)) for what, verdict in found] == [
        ("an update is acknowledged and not kept", True, False),
        ("an update is handled, and that is not kept", False, True),
        ("a message is sent, and that is not kept", False, True),
    ]
