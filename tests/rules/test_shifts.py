"""How slots are dealt to the messages that ask the staff."""

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.shifts import deal

DAYS = st.lists(st.integers(1, 9)).map(sorted)


def test_days_stay_together_and_a_long_one_is_torn() -> None:
    """Three days of three make two cards of eight; a day of ten makes two by itself."""
    week = [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert deal(week, lambda day: day) == [[1, 1, 1, 2, 2, 2], [3, 3, 3]]
    assert deal([1] * 10, lambda day: day) == [[1] * 8, [1, 1]]
    assert deal([], lambda day: day) == []


@given(DAYS)
def test_nothing_is_lost_and_no_card_is_too_long(days: list[int]) -> None:
    """The cards one after the other are the slots as they were."""
    cards = deal(days, lambda day: day)
    assert [day for card in cards for day in card] == days
    assert all(1 <= len(card) <= 8 for card in cards)
