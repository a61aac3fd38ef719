"""excerpts of samples

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    op.create_table(
        "excerpts",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["samples.id"], name=op.f("fk_excerpts_sample_id")),
        sa.PrimaryKeyConstraint("sample_id", name=op.f("pk_excerpts")),
    )
    op.create_index(op.f("ix_excerpts_key"), "excerpts", ["key"])


def downgrade() -> None:
    op.drop_table("excerpts")
