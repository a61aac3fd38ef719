"""The words under the picture of a recording: what is seen on it, for those who cannot see it too."""

from bot.services.messages import reviews, samples
from bot.services.messages.samples import Picture
from bot.texts import Html, Speech
from handlers.screen import Screen, lines, paragraphs, renders

WORTH_TELLING = 3.0
"""Seconds from which on a silence is told of: a shorter one is a pause of the talk."""


@renders(samples.SamplePicture)
def sample_picture(message: samples.SamplePicture, say: Speech) -> Screen:
    """To its sender."""
    title = say.say("🖼 Your sample as the checks heard it")
    return _screen(title, message.picture, say)


@renders(reviews.ReviewPicture)
def review_picture(message: reviews.ReviewPicture, say: Speech) -> Screen:
    """To reviewers."""
    title = say.say("🖼 Sample {number} as the checks heard it", number=message.sample_id)
    return _screen(title, message.picture, say)


def _screen(title: Html, picture: Picture, say: Speech) -> Screen:
    key = picture.keys.get(say.language) or next(iter(picture.keys.values()))
    return Screen(paragraphs(f"<b>{title}</b>", _seen(picture, say)), picture=key)


def _seen(picture: Picture, say: Speech) -> Html:
    """What the picture shows, a line each."""
    turn, silence = picture.longest_turn, picture.longest_silence or 0.0
    return lines(
        say.say("Length: {span}", span=say.span(picture.seconds)),
        _voices(picture.shares, say),
        "" if turn is None else say.say("Longest turn: {span}", span=say.span(turn)),
        say.say("Longest silence: {span}", span=say.span(silence)) if silence >= WORTH_TELLING else "",
    )


def _voices(shares: tuple[float, ...], say: Speech) -> Html:
    if len(shares) < 2:
        return say.say("One voice") if shares else Html("")
    return say.say(
        "Two voices: A, above the line, has {first} of the talk; B, below it, {second}",
        first=say.percent(shares[0]),
        second=say.percent(shares[1]),
    )
