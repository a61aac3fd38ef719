"""A stock python-telegram-bot bot with one SQLModel transaction an update and a direct reply.

The database is tuned as a careful author would (WAL, writing transactions that take their lock at once).
It promises little: what dies between the commit and the reply, or before it, is lost or repeated.
"""

import os
from datetime import UTC, datetime

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import Field, SQLModel, select
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, ContextTypes, MessageHandler, filters

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("OK", callback_data="ok")]])
engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['DUOLOGUE_DATA']}/peer.db")


class Visitor(SQLModel, table=True):
    """Who wrote, how often and when last."""

    id: int | None = Field(default=None, primary_key=True)
    telegram_id: int = Field(unique=True)
    updates: int = 0
    votes: int = 0
    seen_at: datetime


@event.listens_for(engine.sync_engine, "connect")
def _connected(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


async def _count(update: Update, *, vote: bool = False) -> int:
    user = update.effective_user
    async with AsyncSession(engine) as session, session.begin():
        found = await session.execute(select(Visitor).where(Visitor.telegram_id == (user.id if user else 0)))
        visitor = found.scalar_one_or_none()
        if visitor is None:
            visitor = Visitor(telegram_id=user.id if user else 0, seen_at=datetime.now(UTC))
            session.add(visitor)
        visitor.updates += 1
        visitor.votes += vote
        visitor.seen_at = datetime.now(UTC)
        return visitor.updates


async def status(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Say how often somebody wrote."""
    count = await _count(update)
    if update.effective_message:
        await update.effective_message.reply_text(f"Update {count}", reply_markup=BUTTON)


async def pressed(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Count a vote, answer the press and change the message."""
    count = await _count(update, vote=True)
    if update.callback_query:
        await update.callback_query.answer("OK")
        await update.callback_query.edit_message_text(f"Update {count}")


async def _prepare(_application: object) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)


def main() -> None:
    """Run against the server of DUOLOGUE_API_URL with the token of DUOLOGUE_TOKEN."""
    api = os.environ["DUOLOGUE_API_URL"]
    application = (
        Application.builder()
        .token(os.environ["DUOLOGUE_TOKEN"])
        .base_url(f"{api}/bot")
        .base_file_url(f"{api}/file/bot")
        .post_init(_prepare)
        .build()
    )
    application.add_handler(CallbackQueryHandler(pressed))
    application.add_handler(MessageHandler(filters.TEXT, status))
    application.run_polling()


if __name__ == "__main__":
    main()
