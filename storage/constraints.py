"""What PostgreSQL keeps by exclusion constraints and by triggers: the rules of `storage.triggers`.

An exclusion constraint holds whoever writes and however; rules between two tables are triggers, which the writers'
advisory lock keeps from racing each other (docs/decisions/010-one-writer-on-postgresql.md).
"""

_SPAN = "starts_at, ends_at"
_BUSY = "COALESCE(busy_from, starts_at), COALESCE(busy_until, ends_at)"
"""A room is busy while it is set up and cleaned up too."""

_RULES = {
    "slots": ("room_id", "state <> 'cancelled'"),
    "booking_members": ("person_id", "active"),
    "shifts": ("person_id", "state = 'confirmed'"),
}

_EXCLUSION = """
ALTER TABLE {table} ADD CONSTRAINT no_overlap_{table}
EXCLUDE USING gist ({owner} WITH =, tstzrange({span}) WITH &&) WHERE ({guard})
"""

_CLOSED = """
CREATE FUNCTION no_slot_while_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (
    SELECT 1 FROM rooms JOIN room_closures AS closure ON closure.studio_id = rooms.studio_id
    WHERE rooms.id = NEW.room_id AND (closure.room_id IS NULL OR closure.room_id = rooms.id)
      AND closure.state = 'applied' AND NEW.starts_at > closure.applied_at
      AND closure.starts_at < NEW.ends_at AND NEW.starts_at < closure.ends_at
  ) THEN
    RAISE EXCEPTION 'overlap: room_closures' USING ERRCODE = 'exclusion_violation';
  END IF;
  RETURN NEW;
END $$
"""

_CLOSING = """
CREATE FUNCTION no_closing_over_slots() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (
    SELECT 1 FROM slots JOIN rooms ON rooms.id = slots.room_id
    WHERE rooms.studio_id = NEW.studio_id AND (NEW.room_id IS NULL OR NEW.room_id = rooms.id)
      AND slots.state IN ('draft', 'open', 'taken') AND slots.starts_at > NEW.applied_at
      AND slots.starts_at < NEW.ends_at AND NEW.starts_at < slots.ends_at
  ) THEN
    RAISE EXCEPTION 'overlap: slots' USING ERRCODE = 'exclusion_violation';
  END IF;
  RETURN NEW;
END $$
"""

_APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def first_constraints() -> list[str]:
    """No overlaps, as the second migration made it: before rooms had buffers and closures."""
    return [
        "CREATE EXTENSION IF NOT EXISTS btree_gist",
        *(exclusion(table, buffers=False) for table in _RULES),
    ]


def exclusion(table: str, *, buffers: bool) -> str:
    """One thing at a time for each owner; a room's sessions with their `buffers`."""
    owner, guard = _RULES[table]
    span = _BUSY if buffers else _SPAN
    return _EXCLUSION.format(table=table, owner=owner, span=span, guard=guard).strip()


def drop_exclusion(table: str) -> str:
    """Take it away."""
    return f"ALTER TABLE {table} DROP CONSTRAINT no_overlap_{table}"


def closing() -> list[str]:
    """No session that has not begun stands in a closed room."""
    return [
        _CLOSED.strip(),
        _CLOSING.strip(),
        "CREATE TRIGGER no_slot_while_closed BEFORE INSERT OR UPDATE ON slots FOR EACH ROW "
        "WHEN (NEW.state IN ('draft', 'open', 'taken')) EXECUTE FUNCTION no_slot_while_closed()",
        "CREATE TRIGGER no_closing_over_slots BEFORE INSERT OR UPDATE ON room_closures FOR EACH ROW "
        "WHEN (NEW.state = 'applied') EXECUTE FUNCTION no_closing_over_slots()",
    ]


def drop_closing() -> list[str]:
    """Take it away."""
    return [
        "DROP TRIGGER no_closing_over_slots ON room_closures",
        "DROP TRIGGER no_slot_while_closed ON slots",
        "DROP FUNCTION no_closing_over_slots()",
        "DROP FUNCTION no_slot_while_closed()",
    ]


def ledger_constraints() -> list[str]:
    """What the ledger holds is never changed and never deleted."""
    return [
        _APPEND_ONLY.strip(),
        "CREATE TRIGGER no_change_ledger BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW "
        "EXECUTE FUNCTION append_only()",
    ]
