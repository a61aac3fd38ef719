"""The arrows between states."""

from enum import StrEnum

import pytest

from bot.rules import states
from bot.rules.states import ARROWS, IllegalMoveError, check_move

KINDS = [
    kind
    for kind in vars(states).values()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_own_arrows(kind: type[StrEnum]) -> None:
    """Sources and targets are of the same kind, and every state but a source is reached by an arrow."""
    arrows = ARROWS[kind]
    assert all(type(source) is kind for source in arrows)
    assert all(type(target) is kind for targets in arrows.values() for target in targets)
    reached = {target for targets in arrows.values() for target in targets}
    assert set(kind) - reached == {next(iter(kind))} - reached


def test_a_move_along_an_arrow_is_fine_and_any_other_is_a_bug() -> None:
    """Equal values of two kinds are not mixed up: an open assignment is no open slot."""
    check_move(states.AssignmentState.OPEN, states.AssignmentState.VOTED)
    check_move(states.SlotState.OPEN, states.SlotState.TAKEN)
    with pytest.raises(IllegalMoveError):
        check_move(states.AssignmentState.OPEN, states.SlotState.TAKEN)
    with pytest.raises(IllegalMoveError):
        check_move(states.SampleState.APPROVED, states.SampleState.REJECTED)
