"""Domain errors behave as values and as exceptions."""

import copy
import pickle
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from bot.rules.errors import Blocked, DomainError, NameMissing, NotABirthYear, UnderAge

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)


@contextmanager
def passing() -> Iterator[None]:
    """Let an exception through, which makes contextlib assign its traceback."""
    yield


def raise_through_managers(error: DomainError) -> None:
    """Raise it where two kinds of context manager see it pass."""
    with passing(), ExitStack() as stack:
        stack.enter_context(passing())
        raise error


def test_errors_are_equal_by_class_and_fields() -> None:
    """Two errors are the same when they say the same."""
    assert UnderAge(18) == UnderAge(years_needed=18)
    assert UnderAge(18) != UnderAge(21)
    assert NotABirthYear() != NameMissing()
    assert len({UnderAge(18), UnderAge(18), NotABirthYear()}) == 2


def test_an_error_that_holds_something_unhashable_is_still_hashable() -> None:
    """Whoever collects exceptions in a set may do so whatever they hold."""

    class OddError(DomainError):
        what: list[int]

    assert len({OddError([1]), OddError([1])}) == 1


def test_an_error_prints_its_class_and_fields() -> None:
    """Logs show what happened without a catalogue."""
    assert str(UnderAge(years_needed=18)) == "UnderAge(years_needed=18)"
    assert UnderAge(18).data == {"years_needed": 18}
    assert NotABirthYear().data == {}


def test_an_error_passes_context_managers_and_keeps_its_traceback() -> None:
    """A frozen exception would be replaced by FrozenInstanceError on its way out."""
    error = UnderAge(18)
    with pytest.raises(UnderAge) as caught:
        raise_through_managers(error)
    assert caught.value is error
    assert "raise error" in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("error", [UnderAge(years_needed=18), NotABirthYear(), Blocked(person=1, until=AT)])
def test_an_error_survives_pickle_and_copy(error: DomainError) -> None:
    """Errors cross process boundaries, also when made with keywords."""
    assert pickle.loads(pickle.dumps(error)) == error
    assert copy.copy(error) == error


def test_a_missing_field_is_refused_where_the_error_is_made() -> None:
    """An error without its data could not be worded later."""
    with pytest.raises(TypeError):
        UnderAge()  # type: ignore[call-arg]
