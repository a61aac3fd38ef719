"""Whom the rounds leave over is told so by itself, with what there is to do meanwhile: nobody waits in silence."""

from bot.services import outbox, people
from bot.services.messages.partners import Elsewhere, OddOneOut
from bot.services.pairing import pairs, partners, pool, stand_ins
from bot.services.people import Person
from bot.services.places import out_of_quiet
from bot.services.studio import slots
from bot.services.timers import id_of, set_timer
from bot.services.unit import Unit
from storage.tables import Timer

CITIES = 3
"""Other cities with free times that are named, those with most first."""


async def tell(unit: Unit, timer: Timer) -> None:
    """It is time to say that nobody was found yet. Who has a proposal open or a partner has been told more."""
    person = await people.by_id(unit, id_of(timer))
    since = await pool.since(unit, person)
    if since is None or await pairs.active_pair(unit, person) is not None:
        return
    due = await out_of_quiet(unit, person, unit.now)
    if due == unit.now:
        why = await partners.why(unit, person, helps=False)
        wait = pool.NEXT_WORD
        if why is None:
            wait = pool.FIRST_WORD  # a proposal is open: if it comes to nothing, they are told soon after
        else:
            message = OddOneOut(
                why, since, await elsewhere(unit, person), await stand_ins.since(unit, person) is not None
            )
            await outbox.send(
                unit, person.telegram_id, message, about=f"seeker:{person.id}:{since.isoformat()}:{timer.id}"
            )
        due = await out_of_quiet(unit, person, unit.now + wait)
    await set_timer(unit, pool.ODD_ONE_OUT, timer.subject, due)


async def elsewhere(unit: Unit, person: Person) -> tuple[Elsewhere, ...]:
    """Other cities in which times are free, and how many."""
    found = await slots.free_by_city(unit, [person.city])
    most = sorted(found, key=lambda one: (-one[1], one[0].code))[:CITIES]
    return tuple(Elsewhere(city.code, city.names, free) for city, free in most)
