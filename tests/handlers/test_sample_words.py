"""Words about a sample: each event has words of its own, so that nobody takes one for another."""

import itertools

import pytest

from bot.services.messages.samples import SampleAnswers, SampleReceived
from bot.texts import speech
from handlers.render import screen

LATER = {
    "en": ("reviewers", "not accepted", "approved", "rejected"),
    "zh": ("审核员", "未通过检查", "审核通过", "审核未通过"),
}
"""What only the checks and the verdict say."""


@pytest.mark.parametrize("language", LATER)
def test_a_sample_that_arrived_says_nothing_of_what_becomes_of_it(language: str) -> None:
    """Neither at first nor with any of its questions answered."""
    answers = itertools.product((True, False, None), (None, "en"))
    messages = [SampleReceived(1, ("en", "zh"))] + [
        SampleAnswers(1, agreed=agreed, language=spoken, languages=("en", "zh")) for agreed, spoken in answers
    ]
    for message in messages:
        text = str(screen(message, speech(language)).text)
        assert [word for word in LATER[language] if word in text] == []
