"""presses once: a press that comes as several updates is known by its own id

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from storage.rebuilding import on_sqlite, rebuilding

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PRESS = sa.text("press IS NOT NULL")


def upgrade() -> None:
    # Rows of before keep none: what they brought was handled, and some may have brought the same press.
    with rebuilding("inbox") as inbox:  # it has no triggers
        inbox.add_column(
            sa.Column("press", sa.String(), nullable=True), insert_after="update_id" if on_sqlite() else None
        )
    op.create_index(
        "uq_inbox_press", "inbox", ["press"], unique=True, sqlite_where=_PRESS, postgresql_where=_PRESS
    )


def downgrade() -> None:
    op.drop_index("uq_inbox_press", "inbox")
    with op.batch_alter_table("inbox") as inbox:
        inbox.drop_column("press")
