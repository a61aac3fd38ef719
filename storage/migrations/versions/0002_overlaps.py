"""overlaps: no room, person or staff member in two places at once

Revision: 0002, after 0001.
"""

from alembic import op

from storage.triggers import first_triggers

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in first_triggers().values():
        op.execute(statement)


def downgrade() -> None:
    for name in first_triggers():
        op.execute(f"DROP TRIGGER {name}")
