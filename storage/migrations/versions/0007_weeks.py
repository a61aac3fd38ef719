"""weeks: the hours of the week at which people can record

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from storage.rebuilding import rebuilding

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with rebuilding("people") as people:  # it has no triggers
        people.add_column(sa.Column("hours", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("people") as people:
        people.drop_column("hours")
