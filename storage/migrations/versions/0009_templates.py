"""templates: slots that repeat, buffers and closures

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.constraints import closing, drop_closing, drop_exclusion, exclusion
from storage.rebuilding import execute, rebuilding
from storage.triggers import first_triggers, overlap_triggers

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sqlmodel.sql.sqltypes.AutoString()
_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()
_APPLIED = sa.text("state = 'applied'")


def upgrade() -> None:
    for name in ("setup", "cleanup"):
        op.add_column("studios", sa.Column(name, sa.Integer(), nullable=True))
    op.execute("UPDATE studios SET setup = 0, cleanup = 0")
    with rebuilding("studios") as studios:  # it has no triggers
        studios.alter_column("setup", existing_type=sa.Integer(), nullable=False)
        studios.alter_column("cleanup", existing_type=sa.Integer(), nullable=False)
    _templates()
    _closures()
    with rebuilding("slots") as slots:
        slots.add_column(sa.Column("busy_from", _MOMENT, nullable=True))
        slots.add_column(sa.Column("busy_until", _MOMENT, nullable=True))
    triggers = []
    for name, statement in overlap_triggers().items():  # those of slots are gone with the old table
        triggers += [f"DROP TRIGGER IF EXISTS {name}", statement]
    execute(triggers, [drop_exclusion("slots"), exclusion("slots", buffers=True), *closing()])


def _templates() -> None:
    op.create_table(
        "slot_templates",
        sa.Column("id", _ID, nullable=False),
        sa.Column("city", _TEXT, nullable=False),
        sa.Column("line", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("staff_needed", sa.Integer(), nullable=False),
        sa.Column("laid_until", sa.Date(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["city"], ["cities.code"], name=op.f("fk_slot_templates_city")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_slot_templates_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_templates")),
    )


def _closures() -> None:
    op.create_table(
        "room_closures",
        sa.Column("id", _ID, nullable=False),
        sa.Column("studio_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("shown", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("applied_at", _MOMENT, nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_room_closures_created_by")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_closures_room_id")),
        sa.ForeignKeyConstraint(["studio_id"], ["studios.id"], name=op.f("fk_room_closures_studio_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_closures")),
    )
    op.create_index(
        "ix_room_closures_applied",
        "room_closures",
        ["studio_id", "starts_at"],
        sqlite_where=_APPLIED,
        postgresql_where=_APPLIED,
    )


def downgrade() -> None:
    before = first_triggers()
    gone = [name for name in overlap_triggers() if name not in before or "_slots_" in name]
    execute([f"DROP TRIGGER {name}" for name in gone], [*drop_closing(), drop_exclusion("slots")])
    with rebuilding("slots") as slots:
        slots.drop_column("busy_until")
        slots.drop_column("busy_from")
    back = [statement for name, statement in before.items() if "_slots_" in name]
    execute(back, [exclusion("slots", buffers=False)])
    op.drop_table("room_closures")
    op.drop_table("slot_templates")
    with op.batch_alter_table("studios") as studios:
        studios.drop_column("cleanup")
        studios.drop_column("setup")
