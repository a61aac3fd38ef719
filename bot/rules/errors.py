"""The one tree of domain errors: they carry data and no words.

`handlers/` words them in the person's own language. A new error needs no decorator: it is a class with
annotated fields, and the base makes a dataclass of it.

    class UnderAge(DomainError):
        years_needed: int
"""

# Domain errors are named as the matter itself ("under age"), not as a fault of the program.

from dataclasses import dataclass
from datetime import datetime
from typing import Any, dataclass_transform


def _rebuild(kind: type["DomainError"], data: dict[str, Any]) -> "DomainError":
    """Make an error again from its class and fields (for pickle and copy)."""
    return kind(**data)


@dataclass_transform()
class DomainError(Exception):
    """Something the rules do not allow, or an input they cannot read.

    Subclasses compare by value and print as their class and fields. They are not frozen: context managers
    assign ``__traceback__`` to a passing exception, and a frozen dataclass refuses that.
    """

    def __init_subclass__(cls) -> None:
        """Make every subclass a dataclass."""
        super().__init_subclass__()
        dataclass(cls)
        # A dataclass with __eq__ loses its hash, and an exception without one trips whoever collects them.
        cls.__hash__ = DomainError.__hash__  # type: ignore[method-assign]

    def __hash__(self) -> int:
        """Equal errors hash alike, whatever their fields hold."""
        return hash(type(self))

    def __str__(self) -> str:
        """The class and its fields: for logs, never for people."""
        return repr(self)

    @property
    def data(self) -> dict[str, Any]:
        """The fields by name, for whoever words the error."""
        fields: dict[str, Any] = getattr(self, "__dataclass_fields__", {})
        return {name: getattr(self, name) for name in fields}

    def __reduce__(self) -> tuple[Any, ...]:
        """Carry the fields: BaseException would only carry positional arguments."""
        return _rebuild, (type(self), self.data)


class NotYours(DomainError):
    """The thing behind the button belongs to somebody else, or never was."""


# --- onboarding


class NotABirthYear(DomainError):
    """The text is not four digits."""


class ImpossibleBirthYear(DomainError):
    """Nobody was born in that year: it lies ahead, or more than a long life back."""

    earliest: int
    latest: int


class UnderAge(DomainError):
    """Only adults may record."""

    years_needed: int


class NameMissing(DomainError):
    """Nothing that can be seen is left of the name."""


class NameTooLong(DomainError):
    """The name has more characters than fit."""

    limit: int
    length: int


# --- samples and reviews


class AttemptsUsedUp(DomainError):
    """No attempt is left; `next_at` is when one comes back, ``None`` if never."""

    next_at: datetime | None


class ReasonMissing(DomainError):
    """A rejection needs at least one reason: nobody is turned away without being told why."""


class NotRejected(DomainError):
    """Only a rejected sample can be appealed."""


class AlreadyAppealed(DomainError):
    """A sample can be appealed once."""


# --- booking


class SlotNotOpen(DomainError):
    """The slot cannot be booked: `state` is where it stands (taken, draft, over …)."""

    state: str


class PairNotActive(DomainError):
    """The two are no pair any more."""


class TooLate(DomainError):
    """The last moment for this was `deadline`."""

    deadline: datetime


class Blocked(DomainError):
    """Strikes keep `person` from booking until then; ``None`` means for good."""

    person: int
    until: datetime | None
