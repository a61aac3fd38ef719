"""Sending budgets: never more in any stretch of time than allowed, and no longer a wait than needed."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery.budget import Bucket, Budget, Window
from bot.rules.policy import TelegramPolicy
from bot.sandbox.flood import Flood
from bot.sandbox.settings import FloodLimits

gaps = st.lists(st.floats(0.0, 3.0, allow_subnormal=False), min_size=1, max_size=200)
"""Seconds between the moments at which somebody wants to send."""


def sent_through(limit: Bucket | Window, gaps: list[float]) -> list[float]:
    """When messages go out that want to go after such gaps, and wait as long as they are told."""
    now, sent = 1000.0, []
    for gap in gaps:
        now += gap
        now += limit.wait(now)
        assert limit.wait(now) < 1e-6, "whoever waits as told may go"
        limit.take(now)
        sent.append(now)
    return sent


def most_within(times: list[float], period: float) -> int:
    """The largest number of moments in any half-open stretch of so many seconds."""
    return max(sum(start <= time < start + period for time in times) for start in times)


@given(gaps=gaps, count=st.integers(1, 40), period=st.sampled_from([1.0, 60.0]))
def test_a_window_never_holds_too_many(gaps: list[float], count: int, period: float) -> None:
    """At most `count` in any stretch, wherever it begins: also for rates that floats cannot hold (7/60)."""
    sent = sent_through(Window(count / period, period), gaps)
    assert most_within(sent, period) <= count


@given(gaps=gaps, rate=st.floats(0.05, 5.0))
def test_a_window_keeps_odd_rates(gaps: list[float], rate: float) -> None:
    """A rate that is no whole number a second is not exceeded either."""
    sent = sent_through(Window(rate, 1.0), gaps)
    whole = max(1, int(rate + 1e-9))  # 1.999… is meant to be 2
    assert most_within(sent, max(1.0, whole / rate)) <= whole


@given(gaps=gaps, rate=st.floats(0.1, 5.0), burst=st.integers(1, 8))
def test_a_bucket_gives_a_burst_and_then_its_rate(gaps: list[float], rate: float, burst: int) -> None:
    """In any stretch of t seconds at most the burst and `rate * t` more."""
    sent = sent_through(Bucket(rate, burst), gaps)
    for i, start in enumerate(sent):
        for j in range(i, len(sent)):
            assert j - i + 1 <= burst + rate * (sent[j] - start) + 1e-6


def test_a_bucket_wastes_no_time() -> None:
    """After the burst the next token comes exactly when the rate says."""
    bucket = Bucket(2.0, 3)
    for _ in range(3):
        assert bucket.wait(10.0) == 0.0
        bucket.take(10.0)
    assert bucket.wait(10.0) == 0.5
    assert bucket.wait(10.25) == 0.25
    assert bucket.wait(10.5) == 0.0


def test_a_rate_of_nothing_is_no_limit() -> None:
    """0 turns a limit off."""
    for limit in (Bucket(0, 1), Window(0, 1.0)):
        for _ in range(1000):
            assert limit.wait(5.0) == 0.0
            limit.take(5.0)
        assert limit.idle(5.0)


def test_a_group_has_a_limit_a_minute_too() -> None:
    """A group's 20 a minute bind beside the second's rate; a person has the second's rate only."""
    budget = Budget(TelegramPolicy(per_second=0, per_chat=10.0, burst=100, per_group=20))
    for _ in range(20):
        budget.take(-5, 50.0)
        budget.take(5, 50.0)
    assert 59.9 < budget.spent(50.0)[-5] < 62
    assert 5 not in budget.spent(50.0)
    assert budget.spent(112.0) == {}


def test_the_default_budget() -> None:
    """30 a second over all; a chat 5 at once, then one a second."""
    budget = Budget(TelegramPolicy())
    for chat_id in range(6):
        for _ in range(5):
            assert budget.wait_all(100.0) == 0.0
            budget.take(chat_id, 100.0)
    assert 1.0 <= budget.wait_all(100.0) <= 1.03
    assert budget.spent(100.5) == dict.fromkeys(range(6), 0.5)
    assert budget.wait_all(101.03) == 0.0
    assert budget.spent(101.0) == {}


def test_a_hold_binds_all_and_is_never_shortened() -> None:
    """The longest "retry after" counts, whichever came last."""
    budget = Budget(TelegramPolicy(per_second=0))
    budget.hold(10.0, 100.0)
    budget.hold(2.0, 101.0)
    assert budget.wait_all(104.0) == 6.0
    assert budget.wait_all(110.0) == 0.0


def test_a_chat_at_rest_binds_nobody_else() -> None:
    """A chat whose message goes again in a moment is left alone until then."""
    budget = Budget(TelegramPolicy(per_second=0, per_chat=0))
    budget.rest(5, 2.0, 100.0)
    assert budget.spent(101.5) == {5: 0.5}
    assert budget.wait_all(101.5) == 0.0
    assert budget.spent(102.0) == {}


def test_a_call_without_a_message_uses_the_common_budget_only() -> None:
    """Setting a command menu is a call, not a message in the chat."""
    budget = Budget(TelegramPolicy(per_second=2, per_chat=1, burst=1))
    budget.take(5, 100.0, in_chat=False)
    budget.take(5, 100.0, in_chat=False)
    assert budget.spent(100.0) == {}
    assert budget.wait_all(100.0) > 0


def test_chats_that_are_full_again_are_forgotten() -> None:
    """Writing to a hundred thousand people does not fill the memory with them."""
    budget = Budget(TelegramPolicy(per_second=0))
    for chat_id in range(1000):
        budget.take(chat_id, float(chat_id))
    budget.spent(1000.0)
    assert len(budget._chats) < 10


def test_rates_grow_linearly() -> None:
    """Messages that always want to go leave at even gaps once the burst is over."""
    sent = sent_through(Bucket(4.0, 2), [0.0] * 10)
    assert [round(b - a, 6) for a, b in pairwise(sent)] == [0.0] + [0.25] * 8


# --- the whole budget, beside a server that counts


LATE = 0.01
"""Seconds that a wake-up comes late on a busy machine."""


def turns(
    budget: Budget, chats: list[int], pause: float, *, broad: bool, late: float = LATE
) -> list[tuple[float, int]]:
    """Who is written to when, if a turn of the outbox takes `pause` seconds and each waits as told."""
    now, waiting = 1000.0, list(chats)
    went: list[tuple[float, int]] = []
    while waiting:
        spent = budget.spent(now)
        for chat_id in [one for one in dict.fromkeys(waiting) if one not in spent]:
            if budget.wait_all(now) > 0 or (broad and budget.wait_broad(now) > 0):
                break
            waiting.remove(chat_id)
            budget.take(chat_id, now, broad=broad)
            went.append((now, chat_id))
        spent = budget.spent(now)
        wait = max(
            budget.wait_all(now),
            budget.wait_broad(now) if broad else 0,
            min((spent.get(chat_id, 0.0) for chat_id in waiting), default=0.0),
        )
        now += max(pause, wait + late if wait > 0 else 0)
    return went


@settings(deadline=None)
@given(
    crowd=st.integers(0, 100),
    to_one=st.integers(0, 25),
    to_group=st.integers(0, 45),
    pause=st.floats(0.001, 0.3),
    way=st.randoms(use_true_random=False),
)
def test_what_the_budget_lets_go_no_server_refuses(
    crowd: int, to_one: int, to_group: int, pause: float, way: random.Random
) -> None:
    """As fast as the budget allows, each up to 20 ms on its way: a server that counts refuses none."""
    policy = TelegramPolicy()
    limits = FloodLimits(per_chat=1, burst=policy.burst + 1, per_group=20, per_second=policy.per_second)
    chats = [*range(100, 100 + crowd), *[1] * to_one, *[-4] * to_group]
    went = turns(Budget(policy), chats, pause, broad=False, late=0.0)
    flood = Flood()
    arriving = sorted((at + way.uniform(0, 0.02), chat_id) for at, chat_id in went)
    assert [flood.check(limits, chat_id, at) for at, chat_id in arriving] == [0] * len(chats)


@pytest.mark.parametrize("rate", [5, 10, 30, 100])
@pytest.mark.parametrize("pause", [0.002, 0.03, 0.08])
def test_a_broadcast_uses_what_is_permitted(rate: float, pause: float) -> None:
    """At least 95 % of the permitted rate, also when the turns of the outbox are slow."""
    went = turns(Budget(TelegramPolicy(per_second=rate)), list(range(int(rate * 10))), pause, broad=True)
    assert (len(went) - 1) / (went[-1][0] - went[0][0]) >= 0.95 * rate


@pytest.mark.parametrize("rate", [30, 200])
def test_a_broadcast_leaves_gaps_for_the_urgent(rate: float) -> None:
    """Whenever something urgent comes amid a broadcast, there is room for it within an eighth of a second."""
    budget, now = Budget(TelegramPolicy(per_second=rate)), 1000.0
    waits = []
    for number in range(int(rate * 5)):
        now += max(budget.wait_all(now), budget.wait_broad(now))
        budget.take(number, now, broad=True)
        waits.append(budget.wait_all(now))
    assert max(waits) < 0.125
