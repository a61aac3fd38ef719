"""calendars to subscribe to

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

OWN = sa.text("studio_id IS NULL")
STUDIOS = sa.text("studio_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("studio_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("read_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_calendar_feeds_person_id")),
        sa.ForeignKeyConstraint(["studio_id"], ["studios.id"], name=op.f("fk_calendar_feeds_studio_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("digest", name=op.f("uq_calendar_feeds_digest")),
    )
    op.create_index(op.f("ix_calendar_feeds_person_id"), "calendar_feeds", ["person_id"])
    op.create_index(op.f("ix_calendar_feeds_studio_id"), "calendar_feeds", ["studio_id"])
    op.create_index(
        "uq_calendar_feeds_own",
        "calendar_feeds",
        ["person_id"],
        unique=True,
        sqlite_where=OWN,
        postgresql_where=OWN,
    )
    op.create_index(
        "uq_calendar_feeds_studio",
        "calendar_feeds",
        ["person_id", "studio_id"],
        unique=True,
        sqlite_where=STUDIOS,
        postgresql_where=STUDIOS,
    )


def downgrade() -> None:
    op.drop_table("calendar_feeds")
