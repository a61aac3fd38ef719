"""A broadcast within the limits, in small: trouble, a kill in the middle, and a reminder that falls due meanwhile."""

from tests.bench import broadcast


async def test_a_broadcast_with_trouble_and_a_kill() -> None:
    """Each recipient ends once and rightly, nothing came too fast, and the reminder came between."""
    faults = (("retry_after", 1), ("drop_before", 3), ("drop_after", 3), ("error", 2))
    found = await broadcast.measure(200, 100.0, faults)
    assert found.recipients == 202
    assert set(found.ends) == {"sent", "blocked", "uncertain"}
    assert (found.ends["blocked"], found.twice, found.unheard) == (4, 0, 0)
    assert (
        8 <= found.ends["uncertain"] <= 8 + 40
    )  # those that were broken off, and what was in the air at the kill
    assert (found.holds, found.avoidable) == (1, 0)
    assert found.reminder > -1  # it came, and not before its time
