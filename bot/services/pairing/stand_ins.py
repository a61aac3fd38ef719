"""The stand-in list: who may be called on short notice when somebody falls out of a session.

A stand-in becomes the partner of who stayed, so the list is for people without one; whoever gets a partner leaves it.
Everybody in the pool may be called as well: the list is for those who do not want to be proposed to otherwise.
"""

from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import col, delete, select

from bot.services import audit
from bot.services.pairing import pool
from bot.services.people import Person
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import StandIn

SINCE = Prepared(select(StandIn.since).where(StandIn.person_id == bindparam("person_id")))


async def since(unit: Unit, person: Person) -> datetime | None:
    """Since when somebody is on the list; None if they are not."""
    return await unit.tx.first(SINCE, person_id=person.id)


async def join(unit: Unit, person: Person) -> bool:
    """Put somebody on the list; False if they are on it. Raises `NotApprovedYet`, `ConsentLapsed`, `HasPartner`."""
    await pool.check_may_pair(unit, person)
    await pool.check_alone(unit, person)
    if not await unit.tx.add_new(StandIn(person_id=person.id, since=unit.now)):
        return False
    await audit.record(unit, f"person:{person.id}", "stand_ins.joined", actor=person.id)
    return True


async def leave(unit: Unit, person: Person, *, actor: int | None = None) -> bool:
    """Take somebody off the list; False if they were not on it. A proposal that is open is not touched."""
    if not await unit.tx.change(delete(StandIn).where(col(StandIn.person_id) == person.id)):
        return False
    await audit.record(unit, f"person:{person.id}", "stand_ins.left", actor=actor)
    return True


async def toggle(unit: Unit, person: Person) -> bool:
    """On the list or off it; gives whether the person is on it now. Raises as `join`."""
    if await leave(unit, person, actor=person.id):
        return False
    await join(unit, person)
    return True
