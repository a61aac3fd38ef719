"""What each kind of timer does when it is due."""

from collections.abc import Awaitable, Callable, Mapping

from bot.services.unit import Unit
from storage.tables import Timer

RINGS: Mapping[str, Callable[[Unit, Timer], Awaitable[None]]] = {}
"""By kind of timer."""
