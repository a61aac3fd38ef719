"""who may be called on short notice

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    op.create_table(
        "stand_ins",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_stand_ins_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_stand_ins")),
    )


def downgrade() -> None:
    op.drop_table("stand_ins")
