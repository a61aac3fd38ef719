"""Looking for a partner, proposals, invitations, pairs and parting."""

from dataclasses import replace

from bot.rules.pairing import NoneYet, Obstacle, Reason
from bot.services.messages import Message, week
from bot.services.messages import partners as m
from tests.handlers.examples.common import CONTACT, LATER, LINK, NAME, NOW, OTHER, SLOT, ZONE

STRANGER = m.Other(NAME)
CARD = m.ProposalCard(
    proposal_id=10**9,
    via="pool",
    state="ask",
    other=OTHER,
    reasons=tuple(reason.value for reason in Reason),
    languages=("en", "zh"),
    expires_at=LATER,
    zone=ZONE,
)


def _why(reason: str, number: int) -> m.WhyNoPartner:
    return m.WhyNoPartner(reason, *(number,) * 7, in_proposals=number, next_round=LATER, zone=ZONE)


def _helped(number: int) -> m.WhyNoPartner:
    helps = (
        m.Help("day", "5", number),
        m.Help("any_time", "", number),
        m.Help("language", "zh", number),
        m.Help("city", "beijing", number, {"en": "Beijing", "zh": "北京"}),
    )
    return replace(_why("no_common_hours", number), helps=helps)


EXAMPLES: tuple[Message, ...] = (
    m.PartnerLater("sample"),
    m.PartnerLater("verdict", invited_by=NAME),
    m.PartnerLater("verdict", invited=NAME),
    m.NoPartner(),
    m.NoPartner(NAME),
    m.InPool(NOW, ZONE),
    m.InPool(NOW, ZONE, standing_in=True),
    m.NoPartner(standing_in=True),
    m.InPool(NOW, ZONE, NAME),
    m.InPool(NOW, ZONE, cells=(0, 1, 20)),
    *(
        week.WeekGrid(cells, empty, looking=True)
        for cells, empty in ((tuple(range(21)), False), ((2,), False), ((), True))
    ),
    *(week.WeekKept(cells, looking) for cells in ((0, 1, 17), tuple(range(21))) for looking in (True, False)),
    m.LeftPool(),
    m.HavePartner(OTHER, CONTACT),
    m.HavePartner(STRANGER, m.Contact(700_003)),
    *(_why(reason.value, 1) for reason in NoneYet),
    *(_why(reason.value, 3) for reason in NoneYet),
    *(_helped(number) for number in (1, 3)),
    m.WhyNoPartner("next_round", 1, 0, 0, 0, 0, 0, 1),
    *(m.OddOneOut(_why(reason.value, 3), NOW) for reason in NoneYet),
    m.OddOneOut(
        _why("nobody_waiting", 0),
        NOW,
        (
            m.Elsewhere("beijing", {"en": "Beijing", "zh": "北京"}, 1),
            m.Elsewhere("oslo", {"en": "Oslo", "zh": "奥斯陆"}, 12),
        ),
        standing_in=True,
    ),
    CARD,
    replace(CARD, reasons=(), languages=(), other=STRANGER, reminder=True, expires_at=None),
    replace(CARD, via="invitation"),
    *(replace(CARD, state="never", in_pool=in_pool) for in_pool in (True, False)),
    replace(CARD, via="rescue", slot=SLOT),
    replace(CARD, via="rescue", slot=SLOT, standing_in=True),
    *(replace(CARD, state=state) for state in ("yes", "paired", "no", "over")),
    replace(CARD, state="no", in_pool=True),
    *(
        m.ProposalOver(via, why, NAME, in_pool=via == "pool")
        for via in ("pool", "invitation", "rescue")
        for why in ("declined", "unanswered", "ignored", "gone")
    ),
    m.ProposalExcerpt(NAME, "ab.ogg"),
    m.ProposalOver("pool", "left_pool", NAME),
    m.ProposalOver("rescue", "left_list", NAME),
    m.PairFormed(OTHER, CONTACT),
    m.PairFormed(STRANGER, m.Contact(700_003), booked=True),
    m.PartnerLink(LINK, LATER, ZONE),
    m.PartnerLink(LINK, LATER, ZONE, again=True, approved=False, left_pool=True),
    m.PartnerLinkPicture(LINK),
    m.InviteeFound(NAME, ready=True),
    m.InviteeFound(NAME, ready=False),
    m.InvitationOut(NAME, ready=True),
    m.InvitationOut(NAME, ready=False),
    m.InvitationWaits(NAME, self_missing=True, inviter_missing=False),
    m.InvitationWaits(NAME, self_missing=False, inviter_missing=True),
    *(
        m.InvitationOver(NAME, why)
        for why in ("paired", "other", "gone", *(obstacle.value for obstacle in Obstacle))
    ),
    m.AskLeavePair(10**9, NAME),
    m.AskLeavePair(1, NAME, bookings=1),
    m.AskLeavePair(1, NAME, bookings=2),
    m.LeftPair(NAME, by_self=True, never=True, bookings=2),
    m.LeftPair(NAME, by_self=False, bookings=1),
    m.LeftPair(NAME, by_self=False, rescued=True),
    m.StayedPair(NAME),
)
