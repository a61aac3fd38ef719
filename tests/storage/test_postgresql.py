"""PostgreSQL's own ways: its schema and its migrations, its locks, what it refuses, and a server that goes away."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import col, select, update

from bot.services.unit import Units
from storage import migrate, postgres, trouble
from storage.database import ConflictError, Database, in_trouble
from storage.tables import City, LedgerEntry, Person
from storage.tables.base import metadata
from storage.trouble import trouble_of
from tests.helpers import NOON, a_person
from tests.servers import Server


@pytest.fixture
def engine() -> str:
    """It is about PostgreSQL's own ways."""
    return "postgresql"


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    """What a query finds."""
    async with database.reading() as tx:
        return [tuple(row) for row in (await tx.run(text(query))).all()]


# --- the schema

GUARDS = "SELECT conname FROM pg_constraint WHERE contype = 'x' ORDER BY 1"
FUNCTIONS = "SELECT proname FROM pg_proc JOIN pg_language AS l ON l.oid = prolang WHERE lanname = 'plpgsql'"
TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"


async def test_every_rule_stands(database: Database) -> None:
    """Exclusion constraints where SQLite has triggers, and triggers for what two tables say together."""
    overlaps = [(f"no_overlap_{table}",) for table in ("booking_members", "shifts", "slots")]
    assert await rows(database, GUARDS) == overlaps
    names = ["no_change_ledger", "no_closing_over_slots", "no_slot_while_closed"]
    assert await rows(database, TRIGGERS) == [(name,) for name in names]


async def test_no_difference_that_alembic_sees(database: Database) -> None:
    """What the migrations made is what the tables say: columns, types, keys, indexes, references."""

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
        # An exclusion constraint shows as an index that no table names.
        return [
            one for one in found if not (one[0] == "remove_index" and one[1].name.startswith("no_overlap_"))
        ]

    async with database.connected() as connection:
        assert await connection.run_sync(differences) == []


async def test_indexes_cover_the_same_rows(database: Database) -> None:
    """A unique key that holds for some rows only holds for those here too, and a moment is one everywhere."""
    partial = (
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '%WHERE%' ORDER BY 1"
    )
    wanted = {
        str(index.name)
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["postgresql"]["where"] is not None
    }
    found = {str(name) for (name,) in await rows(database, partial)}
    assert found - {"no_overlap_slots", "no_overlap_shifts", "no_overlap_booking_members"} == wanted
    plain = "SELECT count(*) FROM information_schema.columns WHERE data_type = 'timestamp without time zone'"
    assert await rows(database, plain) == [(0,)]


async def test_there_and_back(database: Database) -> None:
    """Down to nothing, and up again; nothing is left behind on the way down."""
    await migrate.downgrade(database, "base")
    for query in (GUARDS, TRIGGERS, FUNCTIONS):
        assert await rows(database, query) == []
    assert await migrate.current(database) is None
    await migrate.upgrade(database)
    assert await migrate.current(database) == migrate.newest()
    await test_every_rule_stands(database)


async def test_several_upgrade_at_once(postgresql: Server) -> None:
    """One does it, the others wait and find it done."""
    url = await postgresql.empty()
    several = [Database(url) for _ in range(4)]
    await asyncio.gather(*(migrate.upgrade(one) for one in several))
    assert await migrate.current(several[0]) == migrate.newest()
    for one in several:
        await one.close()
    await postgresql.drop(url)


# --- one writer, many readers


async def test_an_error_that_nobody_undid_commits_nothing(units: Units, database: Database) -> None:
    """The server would answer COMMIT with a silent ROLLBACK: here it is an error."""

    async def careless() -> None:
        async with units.writing("careless") as unit:
            await a_person(unit, 5)
            with pytest.raises(ConflictError):
                await unit.tx.add(Person(telegram_id=5, created_at=unit.now, seen_at=unit.now))

    with pytest.raises(DBAPIError):
        await careless()
    async with database.reading() as tx:
        assert await tx.first(select(Person)) is None


async def test_a_look_writes_nothing(units: Units) -> None:
    """The server refuses it."""
    async with units.writing("person") as unit:
        await a_person(unit, 5)
    with pytest.raises(DBAPIError, match="read-only"):
        async with units.reading() as look:
            await look.tx.change(update(Person).values(name="x"))


async def test_without_the_lock_updates_are_lost(database: Database, units: Units) -> None:
    """The control for `test_no_update_is_lost`: the same begun without the writers' lock."""
    async with units.writing("person") as unit:
        await a_person(unit, 5, birth_year=0)

    async def count_up() -> None:
        async with database.connected() as connection:
            await connection.exec_driver_sql("BEGIN")
            seen = (await connection.exec_driver_sql("SELECT birth_year FROM people")).scalar_one()
            await asyncio.sleep(0.02)
            await connection.exec_driver_sql(f"UPDATE people SET birth_year = {seen + 1}")
            await connection.exec_driver_sql("COMMIT")

    await asyncio.gather(*(count_up() for _ in range(10)))
    async with database.reading() as tx:
        assert await tx.one(select(Person.birth_year)) < 10


async def test_who_stands_still_holds_nobody_up(
    database: Database, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is stopped in the middle of writing: the others go on, and what it had begun is undone."""
    monkeypatch.setattr(postgres, "SILENCE", 1)
    other = Database(database.url.render_as_string())

    async def stopped() -> None:
        async with units.writing("stopped") as unit:
            await a_person(unit, 5)
            async with asyncio.timeout(30), other.writing() as tx:
                await tx.add(City(code="b", created_at=NOON))
            await a_person(unit, 6)

    with pytest.raises(DBAPIError) as caught:
        await stopped()
    assert in_trouble(caught.value)
    async with units.writing("again") as unit:
        await a_person(unit, 6)
    async with other.reading() as tx:
        assert await tx.all(select(City.code)) == ["b"]
        assert await tx.all(select(Person.telegram_id)) == [6]
    await other.close()


async def test_a_connection_to_a_machine_that_is_gone_is_found_out(database_url: str) -> None:
    """The system asks the other end, soon enough, whether it is still there."""
    where = make_url(database_url)
    async with forwarded(socket_in(str(where.query["host"]))) as port:
        database = Database(
            where.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        )
        async with database.connected() as connection:
            raw = await connection.get_raw_connection()
            sock = raw.driver_connection._transport.get_extra_info("socket")  # type: ignore[union-attr]
            kept = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            found = {
                name: sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                for name in postgres.KEEPALIVE
                if hasattr(socket, name)
            }
        await database.close()
    assert kept == 1
    assert found == {name: value for name, value in postgres.KEEPALIVE.items() if name in found}


def socket_in(folder: str) -> Path:
    """Where a server listens."""
    (found,) = Path(folder).glob(".s.PGSQL.*[0-9]")
    return found


@asynccontextmanager
async def forwarded(place: Path) -> AsyncIterator[int]:
    """A port that leads to the server's socket."""
    running: set[asyncio.Task[None]] = set()

    async def pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_unix_connection(place)
        running.update(asyncio.create_task(pour(*way)) for way in ((reader, outer), (inner, writer)))

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*running)


async def test_one_bot_runs_on_a_database(database: Database) -> None:
    """A second one is told, until the first has gone."""
    other = Database(database.url.render_as_string())
    async with database.alone() as first, other.alone() as second:
        assert (first, second) == (True, False)
    async with other.alone() as second:
        assert second
    await other.close()


async def test_the_ledger_only_grows(units: Units) -> None:
    """Neither changed nor deleted, by whatever statement."""
    async with units.writing("pay") as unit:
        ann = await a_person(unit, 5)
        entry = LedgerEntry(
            person_id=ann.id, kind="correction", amount=1, currency="CNY", reason="x", at=NOON
        )
        await unit.tx.add(entry)
    for statement in ("UPDATE ledger SET amount = 2", "DELETE FROM ledger"):
        with pytest.raises(IntegrityError, match="append-only"):
            async with units.writing("change") as unit:
                await unit.tx.run(text(statement))


# --- a server in trouble


async def test_a_server_that_went_away_comes_back(
    database: Database, units: Units, postgresql: Server
) -> None:
    """Every connection was cut: that is trouble which passes, and the next steps find their way."""
    async with units.writing("before") as unit:
        await unit.tx.add(City(code="a", created_at=NOON))
    name = str(database.url.database)
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    await postgresql.run(cut)

    async def write() -> None:
        async with units.writing("after") as unit:
            await unit.tx.add_new(City(code="b", created_at=NOON))

    troubles = []
    for _ in range(3):
        try:
            await write()
            break
        except Exception as error:
            troubles.append(error)
    assert troubles
    assert [error for error in troubles if not in_trouble(error)] == []
    async with database.reading() as tx:
        assert list(await tx.all(select(City.code).order_by(col(City.code)))) == ["a", "b"]


async def test_a_transaction_that_is_cut_off_leaves_nothing(
    database: Database, units: Units, postgresql: Server
) -> None:
    """What was written in it is gone, and it says that the server went away."""
    name = str(database.url.database)
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"

    async def write() -> None:
        async with units.writing("cut") as unit:
            await unit.tx.add(City(code="a", created_at=NOON))
            await postgresql.run(cut)

    with pytest.raises(DBAPIError) as caught:
        await write()
    assert trouble_of(caught.value) is trouble.UNREACHABLE
    async with database.reading() as tx:
        assert await tx.all(select(City.code)) == []


async def test_who_is_told_to_stop_hears_that(database: Database) -> None:
    """In the middle of a statement the driver hangs up: that there is nothing left to undo is not what went wrong."""

    async def asks() -> None:
        async with database.reading() as tx:
            await tx.run(text("SELECT pg_sleep(60)"))

    asking = asyncio.create_task(asks())
    async with asyncio.timeout(30):
        while not await sleeping(database):  # noqa: ASYNC110 - a server tells nobody
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await rows(database, "SELECT 1") == [(1,)]


async def sleeping(database: Database) -> bool:
    """Whether somebody sleeps at the server."""
    return await rows(database, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != []


@pytest.mark.parametrize("moment", range(12))
async def test_nothing_is_waited_for_that_was_given_up(database_url: str, moment: int) -> None:
    """Told to stop while it connects, begins or ends: closing the database waits for nobody who is gone."""
    database = Database(database_url)
    asking = asyncio.create_task(rows(database, "SELECT 1"))
    await asyncio.sleep(moment * 0.002)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(30):
        await database.close(grace=60)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda url: url.set(query={"host": "/nowhere"}), trouble.UNREACHABLE),
        (lambda url: url.set(host="127.0.0.1", port=9, query={}), trouble.UNREACHABLE),
        (lambda url: url.set(database="nothing"), trouble.NO_SUCH_DATABASE),
        (lambda url: url.set(username="nobody"), trouble.NOT_LET_IN),
    ],
)
async def test_what_cannot_be_opened_is_explained(
    database: Database, change: Callable[..., object], found: trouble.Trouble
) -> None:
    """In words, with what to do."""
    wrong = Database(str(change(database.url)))
    with pytest.raises(Exception) as caught:
        async with wrong.reading():
            pass
    assert trouble_of(caught.value) is found
    await wrong.close()


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (asyncpg.DiskFullError("x"), trouble.SERVER_FULL),
        (asyncpg.TooManyConnectionsError("x"), trouble.NO_CONNECTION_LEFT),
        (asyncpg.InsufficientPrivilegeError("x"), trouble.NO_RIGHT),
        (asyncpg.DeadlockDetectedError("x"), trouble.CONTENDED),
        (asyncpg.CannotConnectNowError("x"), trouble.UNREACHABLE),
        (asyncpg.InterfaceError("connection is closed"), trouble.UNREACHABLE),
        (asyncpg.SyntaxOrAccessError("x"), None),
        (asyncpg.InterfaceError("cannot switch to state 15"), None),
    ],
)
def test_what_the_server_says_in_plain_words(error: Exception, found: trouble.Trouble | None) -> None:
    """By its code; a mistake of the program is none of these."""
    assert trouble_of(error) is found
