"""pairs in reserve

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ON = sa.text("state = 'on'")


def upgrade() -> None:
    op.create_table(
        "reserves",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("pair_id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["city"], ["cities.code"], name=op.f("fk_reserves_city")),
        sa.ForeignKeyConstraint(["pair_id"], ["pairs.id"], name=op.f("fk_reserves_pair_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reserves")),
    )
    op.create_index(op.f("ix_reserves_pair_id"), "reserves", ["pair_id"])
    for name, columns in (
        ("uq_reserves_seat", ["city", "day", "seat"]),
        ("uq_reserves_pair", ["pair_id", "city", "day"]),
    ):
        op.create_index(name, "reserves", columns, unique=True, sqlite_where=ON, postgresql_where=ON)


def downgrade() -> None:
    op.drop_table("reserves")
