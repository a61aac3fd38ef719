"""wishes: waiting for any time of a kind, waves and what came of announcements

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sqlmodel.sql.sqltypes.AutoString()
_MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()
_OPEN = sa.text("state IN ('waiting', 'offered')")


def upgrade() -> None:
    _wishes()
    _announcements()


def _wishes() -> None:
    op.create_table(
        "wishes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("pair_id", sa.Integer(), nullable=False),
        sa.Column("city", _TEXT, nullable=False),
        sa.Column("part", _TEXT, nullable=False),
        sa.Column("days", _TEXT, nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("waiting_id", sa.Integer(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["city"], ["cities.code"], name=op.f("fk_wishes_city")),
        sa.ForeignKeyConstraint(["pair_id"], ["pairs.id"], name=op.f("fk_wishes_pair_id")),
        sa.ForeignKeyConstraint(["waiting_id"], ["waitlist.id"], name=op.f("fk_wishes_waiting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wishes")),
    )
    op.create_index("ix_wishes_city_state", "wishes", ["city", "state"])
    op.create_index(op.f("ix_wishes_pair_id"), "wishes", ["pair_id"])
    op.create_index(op.f("ix_wishes_waiting_id"), "wishes", ["waiting_id"])
    op.create_index(
        "uq_wishes_open",
        "wishes",
        ["pair_id", "city", "part", "days"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def _announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", _ID, nullable=False),
        sa.Column("city", _TEXT, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("about", _TEXT, nullable=False),
        sa.Column("topic", _TEXT, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("opens_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["slot_batches.id"], name=op.f("fk_announcements_batch_id")),
        sa.ForeignKeyConstraint(["city"], ["cities.code"], name=op.f("fk_announcements_city")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
        sa.UniqueConstraint("about", name=op.f("uq_announcements_about")),
    )
    op.create_index(op.f("ix_announcements_batch_id"), "announcements", ["batch_id"])
    op.create_index(op.f("ix_announcements_city"), "announcements", ["city"])
    op.create_table(
        "announced_slots",
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_announced_slots_announcement_id")
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name=op.f("fk_announced_slots_slot_id")),
        sa.PrimaryKeyConstraint("announcement_id", "slot_id", name=op.f("pk_announced_slots")),
    )
    op.create_index(op.f("ix_announced_slots_slot_id"), "announced_slots", ["slot_id"])
    op.create_table(
        "announced_to",
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_announced_to_announcement_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_announced_to_person_id")),
        sa.PrimaryKeyConstraint("announcement_id", "person_id", name=op.f("pk_announced_to")),
    )
    op.create_index(op.f("ix_announced_to_person_id"), "announced_to", ["person_id"])


def downgrade() -> None:
    for table in ("announced_to", "announced_slots", "announcements", "wishes"):
        op.drop_table(table)
