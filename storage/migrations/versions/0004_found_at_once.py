"""found at once: who waits because of an invitation, and which message has waited longest

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    op.create_index("ix_people_came_by", "people", ["came_by"])
    op.create_index("ix_outbox_oldest", "outbox", ["id"], sqlite_where=_QUEUED, postgresql_where=_QUEUED)


def downgrade() -> None:
    op.drop_index("ix_outbox_oldest", "outbox")
    op.drop_index("ix_people_came_by", "people")
