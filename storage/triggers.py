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
      AND {other_begins} < {ends} AND {begins} < {other_ends}
  );
END
"""

_RULES = (
    ("slots", "room_id", "state <> 'cancelled'"),
    ("booking_members", "person_id", "active"),
    ("shifts", "person_id", "state = 'confirmed'"),
)

_SPAN = ("{row}.starts_at", "{row}.ends_at")
_BUSY = ("COALESCE({row}.busy_from, {row}.starts_at)", "COALESCE({row}.busy_until, {row}.ends_at)")
"""A room is busy while it is set up and cleaned up too."""

_CLOSED = """
CREATE TRIGGER no_slot_while_closed_{event} BEFORE {EVENT} ON slots
WHEN NEW.state IN ('draft', 'open', 'taken') BEGIN
  SELECT RAISE(ABORT, 'overlap: room_closures') WHERE EXISTS (
    SELECT 1 FROM rooms JOIN room_closures AS closure ON closure.studio_id = rooms.studio_id
    WHERE rooms.id = NEW.room_id AND (closure.room_id IS NULL OR closure.room_id = rooms.id)
      AND closure.state = 'applied' AND NEW.starts_at > closure.applied_at
      AND closure.starts_at < NEW.ends_at AND NEW.starts_at < closure.ends_at
  );
END
"""
"""No session that has not begun stands in a closed room."""

_CLOSING = """
CREATE TRIGGER no_closing_over_slots_{event} BEFORE {EVENT} ON room_closures
WHEN NEW.state = 'applied' BEGIN
  SELECT RAISE(ABORT, 'overlap: slots') WHERE EXISTS (
    SELECT 1 FROM slots JOIN rooms ON rooms.id = slots.room_id
    WHERE rooms.studio_id = NEW.studio_id AND (NEW.room_id IS NULL OR NEW.room_id = rooms.id)
      AND slots.state IN ('draft', 'open', 'taken') AND slots.starts_at > NEW.applied_at
      AND slots.starts_at < NEW.ends_at AND NEW.starts_at < slots.ends_at
  );
END
"""
"""No room is closed over a session that stands: it is cancelled first, in the same transaction."""


def first_triggers() -> dict[str, str]:
    """The triggers as the second migration made them: before rooms had buffers and closures."""
    return _overlaps(_SPAN)


def overlap_triggers() -> dict[str, str]:
    """The SQL of each trigger by its name: for inserts and for updates of each guarded table."""
    triggers = _overlaps(_BUSY)
    for event in ("insert", "update"):
        for name, sql in (("no_slot_while_closed", _CLOSED), ("no_closing_over_slots", _CLOSING)):
            triggers[f"{name}_{event}"] = sql.format(event=event, EVENT=event.upper()).strip()
    return triggers


def _overlaps(of_slots: tuple[str, str]) -> dict[str, str]:
    triggers = {}
    for table, owner, guard in _RULES:
        begins, ends = of_slots if table == "slots" else _SPAN
        for event in ("insert", "update"):
            name = f"no_overlap_{table}_{event}"
            triggers[name] = _OVERLAP.format(
                name=name,
                event=event.upper(),
                table=table,
                owner=owner,
                guard=guard,
                guard_other=guard,
                begins=begins.format(row="NEW"),
                ends=ends.format(row="NEW"),
                other_begins=begins.format(row="other"),
                other_ends=ends.format(row="other"),
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
