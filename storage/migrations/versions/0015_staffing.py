"""when the staff can work, and what was done to find them

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.rebuilding import rebuilding

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with rebuilding("role_grants") as grants:  # it has no triggers
        grants.add_column(sa.Column("hours", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "days_off",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_days_off_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_days_off")),
    )
    op.create_index(op.f("ix_days_off_person_id"), "days_off", ["person_id"])
    op.create_table(
        "staffing_steps",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name=op.f("fk_staffing_steps_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staffing_steps")),
        sa.UniqueConstraint("slot_id", "kind", name=op.f("uq_staffing_steps_slot_id_kind")),
    )


def downgrade() -> None:
    op.drop_table("staffing_steps")
    op.drop_table("days_off")
    with rebuilding("role_grants") as grants:
        grants.drop_column("hours")
