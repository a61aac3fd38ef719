"""Every message about partners has words in every language, buttons that fit, and leads somewhere."""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest

from bot.rules.errors import DomainError
from bot.rules.pairing import NoneYet, Obstacle, Reason
from bot.services.messages import Message, dump, load
from bot.services.messages import partners as m
from bot.services.messages.people import Problem
from bot.services.messages.slots import SlotView
from bot.services.pairing import matches, pairs, partner_links, pool, proposals
from bot.texts import speech
from bot.texts.speech import PSEUDO
from handlers.render import screen
from handlers.render.problems import word
from handlers.screen import plain
from tests.helpers import NOON

BO = m.Other("Bo", ("zh", "en"), "wu")
SLOT = SlotView(
    1, NOON, NOON + timedelta(hours=3), "Asia/Shanghai", {"en": "North"}, "beijing", "", "", 1, 2, {}
)
REASONS = tuple(reason.value for reason in Reason)


def _cards() -> Iterator[m.ProposalCard]:
    for via, state, in_pool in product(
        ("pool", "invitation", "rescue"), ("ask", "yes", "paired", "no", "over"), (True, False)
    ):
        slot = SLOT if via == "rescue" else None
        yield m.ProposalCard(
            1, via, state, BO, REASONS, ("zh",), NOON, "Asia/Shanghai", slot, in_pool, in_pool, in_pool
        )
    yield m.ProposalCard(1, "pool", "ask", m.Other("Bo"))


def _endings() -> Iterator[m.ProposalOver]:
    for via, why, in_pool in product(
        ("pool", "invitation", "rescue"), ("declined", "unanswered", "ignored", "gone"), (True, False)
    ):
        yield m.ProposalOver(via, why, "Bo", in_pool)
    yield m.ProposalOver("pool", "left_pool", "Bo")


def _whys() -> Iterator[m.WhyNoPartner]:
    for reason, n, at in product(NoneYet, (1, 2), (None, NOON)):
        yield m.WhyNoPartner(reason.value, n, n, n, n, n, n, n, n, at)


def _inviting() -> Iterator[Message]:
    for flag, other in product((True, False), (True, False)):
        yield m.PartnerLink("https://t.me/x?start=y", NOON, "UTC", flag, other, flag)
        yield m.InvitationWaits("Bo", flag, other or not flag)
        yield m.LeftPair("Bo", flag, other, 2, not flag and other)
    for flag in (True, False):
        yield m.InviteeFound("Bo", flag)
        yield m.InvitationOut("Bo", flag)
    for why in ("paired", "other", "gone", *Obstacle):
        yield m.InvitationOver("Bo", str(why))


MESSAGES: list[Message] = [
    m.PartnerLater("sample"),
    m.PartnerLater("verdict", "Bo", "Cy"),
    m.NoPartner(),
    m.NoPartner("Bo"),
    m.InPool(NOON, "Asia/Shanghai", "Bo"),
    m.LeftPool(),
    m.HavePartner(BO, m.Contact(12)),
    m.PairFormed(BO, m.Contact(12, "bo_li")),
    m.PairFormed(m.Other("Bo"), m.Contact(12), True),
    m.AskLeavePair(1, "Bo"),
    m.AskLeavePair(1, "Bo", 2),
    m.StayedPair("Bo"),
    *_cards(),
    *_endings(),
    *_whys(),
    *_inviting(),
]


def _unwrapped(text: str) -> str:
    """What is left of a pseudo-translated text outside its brackets and tags."""
    text = re.sub(r"<[^>]+>", "", text)
    while "⟦" in text:
        text, count = re.subn(r"⟦[^⟦⟧]*⟧", "", text)
        assert count, text
    return text


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.kind)
def test_a_message_survives_the_outbox_and_has_translatable_words_and_buttons_that_fit(
    message: Message,
) -> None:
    """In the pseudo language nothing readable is outside brackets but names of people and places."""
    assert load(message.kind, dump(message)) == message
    made = screen(message, speech(PSEUDO))
    for words in (made.text, *(button.label for row in made.buttons for button in row)):
        rest = re.sub(r"https:\S+|@bo_li|North|20 Nov|China Standard Time|Fri", "", _unwrapped(words))
        assert not re.search(r"[A-Za-z]", rest), words
    for row in made.buttons:
        for button in row:
            assert 0 < len(button.data.encode()) <= 64
    for language in ("en", "zh"):
        assert plain(screen(message, speech(language)).text)


def test_a_partner_without_a_username_is_linked_by_id_and_names_are_escaped() -> None:
    """A name is no markup."""
    formed = m.PairFormed(m.Other("<b>Bo"), m.Contact(12))
    text = screen(formed, speech("en")).text
    assert '<a href="tg://user?id=12">&lt;b&gt;Bo</a>' in text
    assert "<b>Bo" not in text.replace("<b>&lt;b&gt;Bo", "")


def test_a_link_comes_with_a_picture_of_itself() -> None:
    """A PNG that a chat shows."""
    made = screen(m.PartnerLinkPicture("https://t.me/x?start=y"), speech("en"))
    assert made.attachment is not None
    assert made.attachment.picture
    assert made.attachment.data.startswith(b"\x89PNG")


ERRORS: list[DomainError] = [
    pool.NotApprovedYet(),
    pool.ConsentLapsed(),
    pool.HasPartner("Bo"),
    pool.NotInPool(),
    pairs.AlreadyPaired(1),
    pairs.AlreadyParted(),
    proposals.Engaged(),
    partner_links.QuestionsFirst(),
    partner_links.InviterPaired("Bo"),
    *(partner_links.CannotPair("Bo", obstacle.value) for obstacle in Obstacle),
    matches.ProposalNotYours(),
    *(
        matches.ProposalClosed(outcome, "Bo")
        for outcome in ("paired", "parted", "you_declined", "declined", "unanswered", "over")
    ),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_fits_into_the_answer_of_a_press(error: DomainError) -> None:
    """At most 200 characters, in every language."""
    for language in ("en", "zh"):
        words = plain(word(Problem(type(error).__name__, error.data), speech(language)))
        assert 0 < len(words) <= 200
