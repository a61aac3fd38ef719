"""changed: who in the pool is not the same since its last round

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

from storage.rebuilding import rebuilding

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with rebuilding("seekers") as seekers:  # it has no triggers
        seekers.add_column(sa.Column("left_over_as", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("seekers") as seekers:
        seekers.drop_column("left_over_as")
