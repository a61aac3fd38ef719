"""several programs on one server

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.rebuilding import rebuilding

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

NEW = sa.text("state = 'new'")


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("alive_until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("worker_id", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    with rebuilding("jobs") as jobs:  # it has no triggers
        jobs.add_column(sa.Column("worker_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_inbox_in_order", "inbox", ["sender", "id"], sqlite_where=NEW, postgresql_where=NEW)


def downgrade() -> None:
    op.drop_index("ix_inbox_in_order", "inbox")
    with rebuilding("jobs") as jobs:
        jobs.drop_column("worker_id")
    op.drop_table("leases")
    op.drop_table("workers")
