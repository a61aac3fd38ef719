"""overlaps: no room, person or staff member in two places at once

Revision: 0002, after 0001.
"""

from storage.constraints import drop_exclusion, first_constraints
from storage.rebuilding import execute
from storage.triggers import first_triggers

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(sqlite=first_triggers().values(), postgresql=first_constraints())


def downgrade() -> None:
    execute(
        sqlite=[f"DROP TRIGGER {name}" for name in first_triggers()],
        postgresql=[drop_exclusion(table) for table in ("slots", "booking_members", "shifts")],
    )
