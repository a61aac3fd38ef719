"""The bot as its next version might be: `python newer.py run --webhook`.

Its schema has a column, an index and a table more, its release is higher, and it answers `/help` with a kind of message
that the version of today does not know.
"""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot import cli
from bot.delivery import crew
from bot.services.messages import Message
from bot.texts import Html, Speech
from handlers import everyone
from handlers.screen import Screen, renders
from storage import migrate

GREETING = "Greetings from the next version"

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "future"
down_revision = "{newest}"


def upgrade():
    op.add_column("people", sa.Column("favourite_colour", sa.String(), nullable=True))
    op.add_column("inbox", sa.Column("weight", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("ix_people_favourite_colour", "people", ["favourite_colour"])
    op.create_table("futures", sa.Column("id", sa.BigInteger(), primary_key=True))
"""


@dataclass(frozen=True)
class FutureHelp(Message):
    """What `/help` says then."""

    commands: tuple[str, ...]


@renders(FutureHelp)
def future_help(message: FutureHelp, _say: Speech) -> Screen:
    """Less than today."""
    return Screen(Html(f"{GREETING}, with {len(message.commands)} commands"))


def become_newer() -> None:
    """Before anything starts."""
    crew.RELEASE += 1
    everyone.Help = FutureHelp
    migrations = Path(tempfile.mkdtemp()) / "migrations"
    shutil.copytree(migrate.HERE, migrations)
    text = MIGRATION.format(newest=migrate.newest())
    (migrations / "versions" / "future.py").write_text(re.sub(r"^\n", "", text))
    migrate.HERE = migrations


if __name__ == "__main__":
    become_newer()
    cli.main()
