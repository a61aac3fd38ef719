"""Where an applicant stands."""

from dataclasses import dataclass

from bot.rules.audio import Finding
from bot.services.messages.base import Message
from bot.services.messages.people import SampleGuide


@dataclass(frozen=True)
class SampleStatus:
    """The sample that is under way, else the newest one."""

    sample_id: int
    state: str
    waits_for_sender: bool
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()
    appealed: bool = False
    can_appeal: bool = False


@dataclass(frozen=True)
class PartnerStatus:
    """How far the search for a partner is.

    `state` is `none`, `pool` (looking), `on_call` (on the stand-in list alone), `asked` (a proposal of `name` waits for
    both answers), `invited` (`name` opened one's link), `waits` (an invitation by `name` is kept until both are
    approved) or `pair`.
    """

    state: str
    name: str = ""


@dataclass(frozen=True)
class Status(Message):
    """Everything that is known of an applicant's way, and the next step."""

    open_question: str | None
    sample: SampleStatus | None
    approved: bool
    guide: SampleGuide
    zone: str = "UTC"
    partner: PartnerStatus = PartnerStatus("none")
