"""A bot that breaks one promise: `python broken.py <how> run`.

The demo must see the `BREAKAGES` by what people are told, and the plays in which the bot is killed the
`FORGETFUL` ones, which are as good as any as long as they live. What the `FRAGILE` fail to do is set aside.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, update

from bot import cli, config
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbox
from bot.rules import review
from bot.services import due, outbox
from bot.services.joining import steps
from bot.services.messages import Message
from bot.services.pairing import proposals
from bot.services.sampling import checks
from bot.services.unit import Unit
from handlers.telegram import send
from storage.tables import OutboxRow, Person


def one_vote_approves() -> None:
    """The first yes decides."""
    decide = review.decide

    def hasty(policy: Any, votes: Any) -> review.Decision:
        if any(vote.approve for vote in votes):
            return review.Decision(review.Outcome.APPROVED)
        return decide(policy, votes)

    review.decide = hasty


def nothing_is_refused() -> None:
    """The checks find nothing, whatever they hear."""
    checks.judge = lambda *_facts, **_limits: ()


def only_the_first_finding() -> None:
    """Whoever fails for two reasons learns one."""
    judge = checks.judge
    checks.judge = lambda *facts, **limits: judge(*facts, **limits)[:1]


def nobody_is_matched() -> None:
    """The pool is never solved."""

    async def nothing(*_: Any) -> None: ...

    proposals.solve_pool = nothing


def reminders_never_ring() -> None:
    """Timers of reminders do nothing."""

    async def nothing(*_: Any) -> None: ...

    due.RINGS = {**due.RINGS, "reminder": nothing}


def verdicts_come_twice() -> None:
    """Every verdict is queued under two names."""
    _twice("SampleApproved")


def _twice(kind: str) -> None:
    queue = outbox.send

    async def doubled(unit: Unit, chat_id: int, message: Message, *, about: str = "", **how: Any) -> bool:
        if message.kind == kind:
            await queue(unit, chat_id, message, about=f"{about}, again", **how)
        return await queue(unit, chat_id, message, about=about, **how)

    outbox.send = doubled


def votes_end_it() -> None:
    """The bot ends by itself at the first vote."""
    decide = review.decide

    def fatal(policy: Any, votes: Any) -> review.Decision:
        if votes:
            os._exit(7)
        return decide(policy, votes)

    review.decide = fatal


def calendar_files_are_empty() -> None:
    """The attachment is there, and nothing is in it."""
    deliver = send.TelegramSender._send

    async def emptied(self: Any, chat_id: int, made: Any) -> Any:
        if made.attachment is not None and made.attachment.name.endswith(".ics"):
            made = replace(
                made, attachment=replace(made.attachment, data=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
            )
        return await deliver(self, chat_id, made)

    send.TelegramSender._send = emptied


def one_of_the_staff_is_enough() -> None:
    """Slots open too early, whatever the policy says."""
    load = config.load

    def lenient(*given: Any) -> config.Config:
        told = load(*given)
        booking = replace(told.policy.booking, staff=1)
        return replace(told, policy=replace(told.policy, booking=booking))

    config.load = lenient


def everybody_speaks_english() -> None:
    """Whatever language somebody chose."""
    english = send.speech("en")
    send.speech = lambda _language: english


BREAKAGES: dict[str, Callable[[], None]] = {
    breakage.__name__: breakage
    for breakage in (
        one_vote_approves,
        nothing_is_refused,
        only_the_first_finding,
        nobody_is_matched,
        reminders_never_ring,
        verdicts_come_twice,
        votes_end_it,
        calendar_files_are_empty,
        everybody_speaks_english,
        one_of_the_staff_is_enough,
    )
}


def acknowledges_before_keeping() -> None:
    """Telegram hears that an update arrived a second before it is kept."""
    accept = Inbox.accept

    async def later(self: Inbox, raws: Any) -> None:
        async def keep() -> None:
            await asyncio.sleep(1)
            await accept(self, raws)

        LATE.append(asyncio.create_task(keep()))

    Inbox.accept = later


LATE: list[asyncio.Task[None]] = []


def sends_again_after_a_start() -> None:
    """What went out within the last minute goes out once more."""
    start = Outbox.start

    async def again(self: Outbox) -> None:
        async with self._units.writing("again") as unit:
            sent = (OutboxRow.state == "sent", col(OutboxRow.sent_at) > unit.now - timedelta(minutes=1))
            await unit.tx.change(update(OutboxRow).where(*sent).values(state="queued"))
        await start(self)

    Outbox.start = again


FORGETFUL: dict[str, Callable[[], None]] = {
    breakage.__name__: breakage for breakage in (acknowledges_before_keeping, sends_again_after_a_start)
}


def fails_at_times() -> None:
    """`/status` fails as long as there is a file named "broken" where the bot runs."""
    status = steps.status

    async def fragile(unit: Unit, person: Person) -> Any:
        if Path("broken").exists():  # noqa: ASYNC240
            raise RuntimeError("it is broken")
        return await status(unit, person)

    steps.status = fragile


FRAGILE: dict[str, Callable[[], None]] = {fails_at_times.__name__: fails_at_times}

if __name__ == "__main__":
    {**BREAKAGES, **FORGETFUL, **FRAGILE}[sys.argv.pop(1)]()
    cli.main()
