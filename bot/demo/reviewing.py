"""Samples: refused with what is wrong and a picture of it, approved by two, split and decided by a third."""

from dataclasses import dataclass
from pathlib import Path

from bot.demo.cast import Actor, Missed
from bot.demo.scene import Scene
from bot.demo.words import says
from bot.sandbox.heard import Button, Heard

PNG = b"\x89PNG\r\n\x1a\n"
DIALOGUES = Path(__file__).with_name("dialogues")


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One of the package's recordings, as a person sends it."""

    name: str
    seconds: int

    @property
    def data(self) -> bytes:
        """The file."""
        return (DIALOGUES / f"{self.name}.ogg").read_bytes()


SOURDOUGH = Dialogue("my-sourdough", 125)
NIGHT_MARKET = Dialogue("night-market", 159)
HILLS = Dialogue("lost-in-the-hills", 150)
HOTPOT = Dialogue("hotpot", 157)
PRINTER = Dialogue("office-printer", 174)


class Reviewing(Scene):
    """Applicants send dialogues, reviewers hear them."""

    async def _sends(self, actor: Actor, dialogue: Dialogue, language: str = "") -> int:
        """Send a dialogue and answer the questions about it; returns the moment before."""
        since = await self.cast.mark()
        await actor.sends_voice(dialogue.data, dialogue.seconds)
        await actor.hears("received", since=since)
        await actor.presses("sample:*:agreed:yes", since=since)
        if language:
            await actor.presses(f"sample:*:lang:{language}", since=since)
        return since

    async def refused(self) -> None:
        """Both findings come together, not one after the other, and a picture shows who talked when."""
        since = await self._sends(self.ann, SOURDOUGH)
        told = await self.ann.hears(since=since, where=judges)
        if not all(says(told.text, word) for word in ("not accepted", "balance", "too quiet")):
            raise Missed(
                "Ann", "should have heard “not accepted”, “balance” and “too quiet” at once", [told.text]
            )
        shown = await self.ann.hears(since=since, kind="photo")
        picture = await self.cast.client.download(shown.file_id or "")
        if not picture.startswith(PNG):
            raise Missed("Ann", "should have got a picture of her sample", [shown.text])
        self.theatre.keep("refused-sample.png", picture)

    async def resubmitted(self) -> None:
        """The same person, with a real dialogue."""
        self.sent = await self._sends(self.ann, NIGHT_MARKET)
        await self._passes(self.ann, self.sent)

    async def _passes(self, actor: Actor, since: int) -> None:
        """The checks have nothing against it."""
        await actor.hears("reviewers", since=since, where=judges)

    async def _panel(self, dialogue: Dialogue, since: int, size: int = 2) -> dict[Actor, Heard]:
        """Wait until so many reviewers got the recording after `since`, with buttons to vote; who got which card."""

        def dealt() -> dict[Actor, Heard] | None:
            cards = {reviewer: _card(reviewer, since) for reviewer in self.reviewers}
            there = {reviewer: card for reviewer, card in cards.items() if card is not None}
            return there if len(there) >= size else None

        missed = f"{size} of them should have got “{dialogue.name}” to vote on"
        panel = await self.cast.until(dealt, lambda: Missed("The reviewers", missed, []))
        for reviewer, card in panel.items():
            if card.file_id is None or await self.cast.client.download(card.file_id) != dialogue.data:
                raise Missed(reviewer.name, f"should be able to hear “{dialogue.name}”", [card.text])
        return panel

    async def _votes(self, reviewer: Actor, card: Heard, vote: str, *reasons: str) -> None:
        """Vote, and see one's own vote on the card."""
        since = await self.cast.mark()
        await reviewer.presses(next(b for b in card.buttons if is_vote(b, vote)))
        if reasons:
            for reason in reasons:
                await reviewer.presses(f"why:*:{reason}", since=since)
            since = await self.cast.mark()
            await reviewer.presses("why:*:done")
        await reviewer.hears(since=since)

    async def _waits(self, actor: Actor, since: int) -> None:
        """The applicant asks where the sample is, and there is no verdict yet."""
        asked = await self.cast.mark()
        await actor.says("/status")
        await actor.hears(since=asked)
        if early := actor.heard_since(since, "approved") + actor.heard_since(since, "rejected"):
            raise Missed(actor.name, "should not have had a verdict yet", [early[0].text])

    async def approved(self) -> None:
        """One yes is not enough, the second one is."""
        since = self.sent
        (first, card), (second, other), *_ = (await self._panel(NIGHT_MARKET, since)).items()
        await self._votes(first, card, "yes")
        await self._waits(self.ann, since)
        await self._votes(second, other, "yes")
        await self.ann.hears("approved", since=since)

    async def disagreement(self) -> None:
        """A yes and a no: nobody is told anything before a third has heard it."""
        self.sent = await self._sends(self.ben, PRINTER)
        await self._passes(self.ben, self.sent)
        (first, card), (second, other), *_ = (await self._panel(PRINTER, self.sent)).items()
        await self._votes(first, card, "yes")
        await self._votes(second, other, "no", "flat")
        await self._waits(self.ben, self.sent)
        self.heard_by = (first, second)

    async def cross_review(self) -> None:
        """The third vote decides."""
        panel = await self._panel(PRINTER, self.sent, size=3)
        third = next(reviewer for reviewer in panel if reviewer not in self.heard_by)
        await self._votes(third, panel[third], "yes")
        await self.ben.hears("approved", since=self.sent)

    async def chinese(self) -> None:
        """The other two, each by whoever the review chooses."""
        for actor, dialogue, language in ((self.li, HOTPOT, "zh"), (self.mei, HILLS, "en")):
            since = await self._sends(actor, dialogue, language)
            await self._passes(actor, since)
            for reviewer, card in (await self._panel(dialogue, since)).items():
                await self._votes(reviewer, card, "yes")
            await actor.hears("approved", since=since)


def _card(reviewer: Actor, since: int) -> Heard | None:
    """The newest card to vote on that came after `since`."""
    told = (line.heard for line in reversed(reviewer.lines) if line.seq > since and line.kind == "message")
    return next((card for card in told if card and any(is_vote(b, "yes") for b in card.buttons)), None)


def judges(heard: Heard) -> bool:
    """Whether a message tells what the checks found, not only that a sample was received."""
    about = says(heard.text, "not accepted") or says(heard.text, "reviewers")
    return about and not heard.edited and not says(heard.text, "received")


def is_vote(button: Button, vote: str) -> bool:
    """Whether a button casts this vote."""
    verb, _, choice = (button.data or "").partition(":")
    return verb == "vote" and choice.endswith(f":{vote}")
