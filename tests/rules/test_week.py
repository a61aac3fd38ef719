"""The week grid: hours of the week as ticks of seven days with three parts, and what each press makes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import week
from bot.rules.week import NoSuchChoice, Pressed

CELL = st.integers(0, week.CELLS - 1)
CELLS = st.frozensets(CELL, min_size=1)
CHOICE = st.one_of(
    st.tuples(st.sampled_from("+-="), CELL.map(str) | st.sampled_from(sorted(week.SHORTCUTS))).map("".join),
    st.sampled_from(["any", "clear"]),
)


def test_the_usual_sessions_each_lie_in_one_part() -> None:
    """09-12, 14-17 and 18-21 are in the morning, the afternoon and the evening of Tuesday."""
    for part, first in enumerate((9, 14, 18)):
        assert set(range(24 + first, 24 + first + 3)) <= week.cell_hours(week.cell(1, part))


def test_no_hour_is_in_two_cells() -> None:
    """The cells are apart, five hours each, and two parts of a day leave no gap."""
    hours = [hour for number in range(week.CELLS) for hour in week.cell_hours(number)]
    assert len(hours) == len(set(hours)) == week.CELLS * 5
    assert sorted(h % 24 for h in week.cell_hours(0) | week.cell_hours(1)) == list(range(8, 18))


@given(CELLS)
def test_cells_are_kept_as_hours_and_read_back(cells: frozenset[int]) -> None:
    """What is stored shows the same ticks again; all of them are any time."""
    assert week.ticked(week.week_of(cells)) == cells
    assert (week.week_of(cells) is None) == (len(cells) == week.CELLS)


def test_hours_that_fill_no_part_tick_nothing() -> None:
    """Four of a part's five hours are not the part."""
    assert week.ticked(frozenset(range(8, 12))) == frozenset()


@given(CELLS, CHOICE)
def test_a_press_twice_is_as_once_and_never_leaves_nothing(cells: frozenset[int], choice: str) -> None:
    """Nobody's week becomes empty, however it is pressed; a double press does no more than one."""
    once = week.press(week.week_of(cells), choice)
    assert once.hours is None or week.ticked(once.hours)
    again = week.press(once.hours, choice)
    assert again.hours == once.hours
    assert again.empty == once.empty


@given(CELLS, CELL)
def test_each_sign_does_what_it_says(cells: frozenset[int], number: int) -> None:
    """Plus adds, minus takes away, equals leaves nothing but that."""
    hours = week.week_of(cells)
    assert week.ticked(week.press(hours, f"+{number}").hours) == cells | {number}
    assert week.press(hours, f"={number}") == Pressed(week.cell_hours(number))
    left = cells - {number}
    expected = Pressed(week.week_of(left)) if left else Pressed(hours, empty=True)
    assert week.press(hours, f"-{number}") == expected


def test_shortcuts_add_up_but_beside_any_time_they_stand_alone() -> None:
    """Evenings, then the weekend too; any time and clear."""
    evenings = week.press(None, "+evenings").hours
    assert week.ticked(evenings) == {2, 5, 8, 11, 14, 17, 20}
    both = week.press(evenings, "+weekend").hours
    assert week.ticked(both) == {2, 5, 8, 11, 14, 15, 16, 17, 18, 19, 20}
    assert week.press(both, "any") == Pressed(None)
    assert week.press(both, "clear") == Pressed(both, empty=True)


@pytest.mark.parametrize("choice", ["", "+", "5", "+21", "+x", "*5", "+-1", "+٣", "+005", "all", "+any"])
def test_what_the_grid_does_not_offer_is_refused(choice: str) -> None:
    """Forged choices."""
    with pytest.raises(NoSuchChoice):
        week.press(None, choice)
