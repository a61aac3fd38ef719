"""When people are reminded of a booking, and how the studio's quiet hours shift that.

Offsets are elapsed time before the start; quiet hours are what the studio's clocks show. Everything returned
is UTC.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.rules.booking import rescue_until
from bot.rules.policy import BookingPolicy, RemindersPolicy

Quiet = tuple[time, time] | None
"""The hours of quiet by the wall clock, from and to (not included), over midnight too; ``None``: none."""

IMMINENT = timedelta(hours=3)
"""A reminder this close to the start is sent at any hour: silence would cost more than sleep."""


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """One reminder of a booking.

    The first one left `asks` whether the person comes, the `last` carries address and map; a single one does
    both. From `useful_until` on it is not sent any more: the next one, or the session, says it better.
    `imminent` ones may be sent in quiet hours.
    """

    offset: timedelta
    due_at: datetime
    useful_until: datetime
    asks: bool
    last: bool
    imminent: bool


def in_quiet(at: datetime, zone: ZoneInfo, quiet: Quiet) -> bool:
    """Whether the clocks of that zone show an hour of quiet at `at`."""
    if quiet is None:
        return False
    begins, ends = quiet
    clock = at.astimezone(zone).time()
    return begins <= clock < ends if begins < ends else clock >= begins or clock < ends


def after_quiet(at: datetime, zone: ZoneInfo, quiet: Quiet) -> datetime:
    """`at` itself, or the end of the quiet hours it lies in."""
    if quiet is None or not in_quiet(at, zone, quiet):
        return at.astimezone(UTC)
    local = at.astimezone(zone)
    day = local.date() if local.time() < quiet[1] else local.date() + timedelta(days=1)
    ends = datetime.combine(day, quiet[1], tzinfo=zone)
    if ends.astimezone(UTC) <= at:
        # The hour is passed twice when clocks go back; this is its second time.
        ends = ends.replace(fold=1)
    return ends.astimezone(UTC)


def plan(
    policy: RemindersPolicy, starts_at: datetime, zone: ZoneInfo, now: datetime
) -> tuple[PlannedReminder, ...]:
    """The reminders of a booking confirmed now, earliest first.

    Offsets already past fall away. A reminder due in quiet hours waits for their end, unless it is imminent:
    within three hours of the start, or unable to wait without passing the next reminder or the start.
    Two that would wait for the same moment become the later one.
    """
    starts_at = starts_at.astimezone(UTC)
    offsets = sorted(offset for offset in set(policy.offsets) if starts_at - offset > now)
    times: list[tuple[timedelta, datetime, bool]] = []
    following, following_waits = starts_at, False
    for offset in offsets:
        due = starts_at - offset
        end = after_quiet(due, zone, policy.quiet)
        waits = end > due and offset > IMMINENT
        if waits and following_waits and end == following:
            continue
        waits = waits and end < following
        following, following_waits = (end if waits else due), waits
        times.append((offset, following, in_quiet(following, zone, policy.quiet) or offset <= IMMINENT))
    return _chain(times[::-1], starts_at)


def _chain(times: list[tuple[timedelta, datetime, bool]], starts_at: datetime) -> tuple[PlannedReminder, ...]:
    ends = [*(due for _, due, _ in times[1:]), starts_at]
    return tuple(
        PlannedReminder(
            offset=offset,
            due_at=due,
            useful_until=end,
            asks=number == 0,
            last=number == len(times) - 1,
            imminent=imminent,
        )
        for number, ((offset, due, imminent), end) in enumerate(zip(times, ends, strict=False))
    )


def useful(reminder: PlannedReminder, now: datetime) -> bool:
    """Whether a reminder that is late is still worth sending."""
    return now < reminder.useful_until


def send_at(reminder: PlannedReminder, zone: ZoneInfo, quiet: Quiet, now: datetime) -> datetime | None:
    """When to send a reminder that is due: now, later, or never (``None``: drop it and log that).

    A late one does not break quiet hours either, and is dropped when it is of no use after them.
    """
    at = now.astimezone(UTC) if reminder.imminent else after_quiet(now, zone, quiet)
    return at if useful(reminder, at) else None


def confirm_deadline(
    policy: RemindersPolicy, starts_at: datetime, zone: ZoneInfo, now: datetime
) -> datetime | None:
    """When coordinators are told that somebody has not answered; ``None`` if never.

    That is `confirm_by` before the start. It falls away when already past, and when the question itself is
    only asked later or not at all: nobody is late with an answer to what was not asked.
    """
    if policy.confirm_by is None:
        return None
    deadline = starts_at.astimezone(UTC) - policy.confirm_by
    reminders = plan(policy, starts_at, zone, now)
    asked = bool(reminders) and reminders[0].due_at < deadline
    return deadline if asked and deadline > now else None


LAST_WORD = timedelta(hours=1)
"""How long the silent one of two has after being asked a last time: the other one's rescue needs the rest."""


@dataclass(frozen=True, slots=True)
class LastWord:
    """When the silent one of two is asked a last time, and until when an answer keeps the place."""

    ask_at: datetime
    until: datetime


def last_word(
    booking: BookingPolicy, quiet: Quiet, starts_at: datetime, zone: ZoneInfo, now: datetime
) -> LastWord | None:
    """The last question to who has not said whether they come; ``None`` if it would lead to nothing.

    Nobody is asked in quiet hours, for silence is no answer while people sleep. What is asked has to leave
    time to look for a stand-in (`bot.rules.booking.rescue_until`); else nobody is put out, and people decide.
    """
    ask_at = after_quiet(now, zone, quiet)
    until = ask_at + LAST_WORD
    return LastWord(ask_at, until) if rescue_until(booking, starts_at, until) is not None else None
