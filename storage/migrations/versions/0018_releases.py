"""which version a program is of

Revision: 0018, after 0017.
"""

import sqlalchemy as sa

from storage.rebuilding import rebuilding

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with rebuilding("workers") as workers:
        workers.add_column(sa.Column("release", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with rebuilding("workers") as workers:
        workers.drop_column("release")
