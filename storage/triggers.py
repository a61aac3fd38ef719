"""What SQLite can only keep by triggers: no overlaps (PostgreSQL has exclusion constraints), a ledger of no edits.

Alembic's batch mode rebuilds a table and silently drops its triggers, so every migration that rebuilds one
of these tables must create its triggers again; a test looks for them after every migration.
"""

_OVERLAP = """
CREATE TRIGGER {name} BEFORE {event} ON {table}
WHEN NEW.{guard} BEGIN
  SELECT RAISE(ABORT, 'overlap: {table}') WHERE EXISTS (
    SELECT 1 FROM {table} AS other
    WHERE other.{owner} = NEW.{owner} AND other.{guard_other} AND other.id IS NOT NEW.id
      AND other.starts_at < NEW.ends_at AND NEW.starts_at < other.ends_at
  );
END
"""

_RULES = (
    ("slots", "room_id", "state <> 'cancelled'"),
    ("booking_members", "person_id", "active"),
    ("shifts", "person_id", "state = 'confirmed'"),
)


def overlap_triggers() -> dict[str, str]:
    """The SQL of each trigger by its name: one for inserts and one for updates of each guarded table."""
    triggers = {}
    for table, owner, guard in _RULES:
        for event in ("insert", "update"):
            name = f"no_overlap_{table}_{event}"
            triggers[name] = _OVERLAP.format(
                name=name, event=event.upper(), table=table, owner=owner, guard=guard, guard_other=guard
            ).strip()
    return triggers


_APPEND_ONLY = """
CREATE TRIGGER {name} BEFORE {event} ON ledger
BEGIN
  SELECT RAISE(ABORT, 'append-only: ledger');
END
"""


def ledger_triggers() -> dict[str, str]:
    """The SQL of each trigger by its name: what the ledger holds is never changed and never deleted."""
    triggers = {}
    for event in ("update", "delete"):
        name = f"no_{event}_ledger"
        triggers[name] = _APPEND_ONLY.format(name=name, event=event.upper()).strip()
    return triggers
