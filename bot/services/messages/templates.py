"""Messages about slots that repeat."""

from dataclasses import dataclass, field
from datetime import date

from bot.services.messages.base import Message


@dataclass(frozen=True)
class TemplateView:
    """Slots that repeat, as coordinators see them: their one `line`, and the `days` that come next.

    `laid_until` is the last day whose slots stand already.
    """

    template_id: int
    city: str
    city_names: dict[str, str]
    zone: str
    line: str
    state: str = "running"
    days: tuple[date, ...] = ()
    laid_until: date | None = None


@dataclass(frozen=True)
class TemplatePreview(Message):
    """What would repeat. `count` slots come at once; left out of those are the other counts.

    `skipped` and `twice` are local times of the coming year in nights in which clocks change. Each slot needs
    `staff_needed` of the city's `staff`.
    """

    template: TemplateView
    count: int
    past: int = 0
    clashes: int = 0
    tight: int = 0
    gap: int = 0
    closed: int = 0
    skipped: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    staff_needed: int = 0
    staff: int = 0


@dataclass(frozen=True)
class TemplateCard(Message):
    """How slots that repeat stand. `what` just happened: "started", "stopped", "dropped", "left_out" or "".

    `standing`: so many sessions on the days that were left out (or after the stop) stand already, and stay.
    `choosing`: which day shall be left out? `confirming`: shall they really stop?
    """

    template: TemplateView
    what: str = ""
    standing: int = 0
    choosing: bool = False
    confirming: bool = False


@dataclass(frozen=True)
class TemplateEnded(Message):
    """To its coordinator: the last day of what repeated has been laid out."""

    template: TemplateView


@dataclass(frozen=True)
class TemplateList(Message):
    """Everything that repeats."""

    templates: tuple[TemplateView, ...] = field(default=())
