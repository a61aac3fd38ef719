"""heard: pictures, copies and fingerprints of samples

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from storage.rebuilding import rebuilding

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with rebuilding("samples") as samples:  # it has no triggers
        samples.add_column(sa.Column("pictures", sa.JSON(none_as_null=True), nullable=True))
        samples.add_column(sa.Column("copies", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "fingerprints",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["samples.id"], name="fk_fingerprints_sample_id"),
        sa.PrimaryKeyConstraint("sample_id", name="pk_fingerprints"),
    )


def downgrade() -> None:
    op.drop_table("fingerprints")
    with op.batch_alter_table("samples") as samples:
        samples.drop_column("copies")
        samples.drop_column("pictures")
