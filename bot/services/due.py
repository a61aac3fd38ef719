"""What each kind of timer does when it is due."""

from collections.abc import Awaitable, Callable, Mapping

from bot.services import housekeeping, people
from bot.services.booking import holds, reminders, rescue, reserves, strikes, waitlist, wishes
from bot.services.coordinating import broadcasts
from bot.services.pairing import odd_one_out, pool, proposal_ends, proposals
from bot.services.reviewing import review_groups, review_queue, reviews
from bot.services.sampling import erasing
from bot.services.studio import announcing, shifts, staff_alarms, staffing, templates
from bot.services.timers import id_of
from bot.services.unit import Unit
from storage.tables import Timer

Ring = Callable[[Unit, Timer], Awaitable[None]]


async def chat_lost(unit: Unit, timer: Timer) -> None:
    """Telegram brings nothing to a chat any more: what waits there goes on elsewhere."""
    chat_id = int(timer.data["chat_id"])
    if chat_id < 0:
        await review_groups.lost(unit, chat_id)
        return
    person = await people.by_telegram_id(unit, chat_id)
    if person is not None and not person.reachable:
        await reviews.release(unit, person)
        await shifts.lose(unit, person)


async def person_back(unit: Unit, timer: Timer) -> None:
    """Somebody can be written to again."""
    await review_queue.come_back(unit, int(timer.data["person_id"]))


async def proposal_reminds(unit: Unit, timer: Timer) -> None:
    """Half of a match proposal's time is over."""
    await proposals.remind(unit, id_of(timer))


async def proposal_expires(unit: Unit, timer: Timer) -> None:
    """A match proposal's time is over."""
    await proposal_ends.expire(unit, id_of(timer))


async def fill_seats(unit: Unit, _timer: Timer) -> None:
    """Somebody may be able to hear a sample that waits."""
    await reviews.assign_waiting(unit)


async def nudge_reviewer(unit: Unit, timer: Timer) -> None:
    """An assignment has been open for long."""
    await reviews.nudge(unit, int(timer.data["assignment_id"]))


async def reassign_review(unit: Unit, timer: Timer) -> None:
    """An assignment has been open for too long."""
    await reviews.reassign(unit, int(timer.data["assignment_id"]))


async def nudge_group(unit: Unit, timer: Timer) -> None:
    """A group has let a sample wait for long."""
    await review_groups.nudge(unit, int(timer.data["sample_id"]), timer.data["stage"])


async def group_silent(unit: Unit, timer: Timer) -> None:
    """A group has let a sample wait for too long."""
    await review_groups.tell_silent(unit, int(timer.data["sample_id"]), timer.data["stage"])


async def forget_sample(unit: Unit, timer: Timer) -> None:
    """A rejected or refused sample was kept for long enough."""
    await erasing.forget_old(unit, int(timer.data["sample_id"]))


RINGS: Mapping[str, Ring] = {
    "broadcast_progress": broadcasts.tick,
    "solve_pool": pool.begin_round,
    pool.ODD_ONE_OUT: odd_one_out.tell,
    "proposal_reminds": proposal_reminds,
    "proposal_expires": proposal_expires,
    "chat_lost": chat_lost,
    "person_back": person_back,
    "fill_seats": fill_seats,
    "nudge_reviewer": nudge_reviewer,
    "reassign_review": reassign_review,
    "nudge_group": nudge_group,
    "group_silent": group_silent,
    "forget_rejected": forget_sample,
    "forget_refused": forget_sample,
    "hold_expired": holds.expire,
    "reminder": reminders.remind,
    "confirm_by": reminders.report_silence,
    "last_word": rescue.out_by_silence,
    "rescue_over": rescue.give_up,
    "seek_stand_in": rescue.seek_again,
    "stand_in_declined": rescue.seek_again,
    strikes.BLOCK_OVER: strikes.block_over,
    "offer_lapsed": waitlist.lapse,
    "wait_over": waitlist.give_up_waiting,
    "wish_over": wishes.give_up,
    "reserve_over": reserves.over,
    "announce_batch": announcing.ring_batch,
    "wave_over": announcing.wave_over,
    "announce_city": announcing.ring_city,
    templates.LAY: templates.ring,
    staffing.ASK_NEXT: staffing.ring,
    staff_alarms.COVER: staff_alarms.ring,
    housekeeping.KIND: housekeeping.tidy,
}
"""By kind of timer."""
