"""nearest first: messages and timers know when that happens which they are about

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()
_QUEUED = sa.text("state = 'queued'")
_PENDING = sa.text("state = 'pending'")

_OF_REMINDERS = """
UPDATE timers SET happens_at = slots.starts_at
FROM bookings JOIN slots ON slots.id = bookings.slot_id
WHERE timers.kind = 'reminder' AND timers.state = 'pending' AND timers.subject = 'booking:' || bookings.id
"""


def upgrade() -> None:
    # Neither table has triggers; their indexes are created again, as both are rebuilt.
    for table in ("outbox", "timers"):
        op.add_column(table, sa.Column("happens_at", _MOMENT, nullable=True))
    op.execute("UPDATE outbox SET happens_at = created_at")
    op.execute("UPDATE timers SET happens_at = due_at")
    op.execute(_OF_REMINDERS)
    with op.batch_alter_table("outbox") as outbox:
        outbox.alter_column("happens_at", existing_type=_MOMENT, nullable=False)
        outbox.drop_index("ix_outbox_queued")
        outbox.create_index(
            "ix_outbox_queued", ["lane", "happens_at", "id"], sqlite_where=_QUEUED, postgresql_where=_QUEUED
        )
    with op.batch_alter_table("timers") as timers:
        timers.alter_column("happens_at", existing_type=_MOMENT, nullable=False)
        timers.drop_index("ix_timers_due")
        timers.create_index(
            "ix_timers_due", ["due_at", "happens_at"], sqlite_where=_PENDING, postgresql_where=_PENDING
        )


def downgrade() -> None:
    with op.batch_alter_table("timers") as timers:
        timers.drop_index("ix_timers_due")
        timers.create_index("ix_timers_due", ["due_at"], sqlite_where=_PENDING, postgresql_where=_PENDING)
        timers.drop_column("happens_at")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_index("ix_outbox_queued")
        outbox.create_index(
            "ix_outbox_queued", ["lane", "id"], sqlite_where=_QUEUED, postgresql_where=_QUEUED
        )
        outbox.drop_column("happens_at")
