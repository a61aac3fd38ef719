"""Prepared statements: what they give, and that none of them ever looks through a whole large table."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest
from sqlalchemy import bindparam
from sqlmodel import col, select, update

import bot.delivery
import bot.services
from bot.services.unit import Units
from storage.database import Database, Prepared
from storage.tables import Person, RoleGrant
from tests.helpers import NOON, a_person, a_reviewer


@pytest.fixture
def engine() -> str:
    """It is about SQLite's own ways."""
    return "sqlite"


SMALL = {"studios", "cities", "review_groups", "anon_1", "json_each"}
"""Tables of a few rows, and a list that came in as a parameter."""

OPEN = "USING INDEX ix_outbox_oldest"
"""An index of the few rows that still have to go."""


def prepared(package: ModuleType) -> Iterator[tuple[str, Prepared[object]]]:
    """Every prepared statement of a package's modules, with its name."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for name, value in vars(importlib.import_module(found.name)).items():
            if isinstance(value, Prepared):
                yield f"{found.name}.{name}", value


ALL = sorted({**dict(prepared(bot.services)), **dict(prepared(bot.delivery))}.items())


@pytest.mark.parametrize("statement", [pytest.param(statement, id=name) for name, statement in ALL])
async def test_none_looks_through_a_large_table(database: Database, statement: Prepared[object]) -> None:
    """Each is answered from an index: its cost does not grow with the tables."""
    async with database.engine.connect() as connection:
        plan = statement.plan(connection.dialect)
        parameters = tuple("[]" for _ in plan.bind({}))
        rows = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plan.sql}", parameters)).all()
    scanned = {row[3].split()[1] for row in rows if row[3].startswith("SCAN") and not row[3].endswith(OPEN)}
    assert scanned <= SMALL, [row[3] for row in rows]


async def test_a_row_is_a_table_object(units: Units) -> None:
    """With every column as its type wants it, and free to be changed like any other."""
    by_name = Prepared(select(Person).where(Person.name == bindparam("name")))
    async with units.writing("Ann") as unit:
        ann = await a_person(unit, 7, "Ann", speaks=["en", "zh"])
        found = await unit.tx.one(by_name, name="Ann")
        assert found.model_dump() == ann.model_dump()
        assert (found.speaks, found.created_at) == (["en", "zh"], NOON)
        found.name = "Bea"
        assert await unit.tx.first(by_name, name="Bea") is None


async def test_an_outer_join_gives_none_where_nothing_is(units: Units) -> None:
    """Tuples of table objects and values, in the order that was asked for."""
    with_roles: Prepared[tuple[Person, RoleGrant | None, str | None]] = Prepared(
        select(Person, RoleGrant, RoleGrant.role)
        .outerjoin(RoleGrant, col(RoleGrant.person_id) == col(Person.id))
        .order_by(col(Person.id))
    )
    async with units.writing("two") as unit:
        await a_person(unit, 7, "Ann")
        await a_reviewer(unit, 8, "Rob")
        (ann, no_grant, no_role), (rob, grant, role) = await unit.tx.all(with_roles)
    assert (ann.name, no_grant, no_role) == ("Ann", None, None)
    assert grant is not None
    assert (rob.name, grant.person_id, role) == ("Rob", rob.id, "reviewer")


async def test_values_come_at_each_use_and_lists_are_fixed(units: Units) -> None:
    """The same statement with other values; a name that it does not have is a mistake."""
    renamed: Prepared[object] = Prepared(
        update(Person)
        .where(col(Person.telegram_id) == bindparam("who"), col(Person.language).in_(["en", "zh"]))
        .values(name=bindparam("new_name"))
    )
    async with units.writing("two") as unit:
        await a_person(unit, 7)
        await a_person(unit, 8, language="fr")
        assert await unit.tx.change(renamed, who=7, new_name="Ann") == 1
        assert await unit.tx.change(renamed, who=8, new_name="Rob") == 0
        with pytest.raises(TypeError, match="unknown"):
            await unit.tx.change(renamed, who=7, new_name="Ann", unknown=1)
        assert await unit.tx.all(select(Person.name).order_by(col(Person.id))) == ["Ann", "Person 8"]
