"""who came by: find at once who waits because of an invitation

Revision: 0004, after 0003.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_people_came_by", "people", ["came_by"])


def downgrade() -> None:
    op.drop_index("ix_people_came_by", "people")
