"""The audit trail in words: every state that a thing can reach has some, and what is unknown is shown as it is."""

import pytest

from bot.rules.states import ARROWS
from bot.texts import LANGUAGES, Speech
from handlers.render.events import EVENTS, event_text


def test_every_state_has_words() -> None:
    """A move is an event named after the state that it leads to."""
    reached = {state.value for arrows in ARROWS.values() for ends in arrows.values() for state in ends}
    begun = {state.value for arrows in ARROWS.values() for state in arrows}
    assert (reached | begun) - set(EVENTS) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_has_no_words_is_shown_as_it_is_kept(language: str) -> None:
    """An event of a newer version is better read raw than not at all."""
    shown = event_text("oddity:7", "oddity.<begun>", Speech(language))
    assert shown == "<code>oddity:7 oddity.&lt;begun&gt;</code>"


def test_a_row_in_words() -> None:
    """What it is about, with its number, and what happened."""
    assert event_text("booking:7", "booking.no_show", Speech("en")) == "booking #7: did not come"
