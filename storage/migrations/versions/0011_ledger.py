"""ledger: money owed, and strikes that were lifted

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.constraints import ledger_constraints
from storage.rebuilding import execute, rebuilding
from storage.triggers import ledger_triggers

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    with rebuilding("strikes") as strikes:  # it has no triggers
        strikes.add_column(sa.Column("lifted_at", _MOMENT, nullable=True))
        strikes.add_column(sa.Column("lifted_by", sa.Integer(), nullable=True))
        strikes.add_column(sa.Column("lift_reason", sa.String(), nullable=True))
        strikes.create_foreign_key("fk_strikes_lifted_by", "people", ["lifted_by"], ["id"])
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "ledger",
        sa.Column("id", serial, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_ledger_booking_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_ledger_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
    )
    op.create_index("ix_ledger_person_id", "ledger", ["person_id"])
    op.create_index("ix_ledger_booking_id", "ledger", ["booking_id"])
    op.create_index(
        "uq_ledger_show_up",
        "ledger",
        ["person_id", "booking_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'show_up'"),
        postgresql_where=sa.text("kind = 'show_up'"),
    )
    execute(ledger_triggers().values(), ledger_constraints())


def downgrade() -> None:
    op.drop_table("ledger")  # its triggers go with it
    execute([], ["DROP FUNCTION append_only()"])
    with op.batch_alter_table("strikes") as strikes:
        strikes.drop_constraint("fk_strikes_lifted_by", type_="foreignkey")
        strikes.drop_column("lift_reason")
        strikes.drop_column("lifted_by")
        strikes.drop_column("lifted_at")
