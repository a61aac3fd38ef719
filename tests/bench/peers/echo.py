"""A stock python-telegram-bot echo bot: no database, every update answered straight from the handler."""

import os

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, ContextTypes, MessageHandler, filters

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("OK", callback_data="ok")]])


async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Say the same."""
    if update.effective_message:
        await update.effective_message.reply_text(update.effective_message.text or "", reply_markup=BUTTON)


async def pressed(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answer the press and change the message, as a bot with buttons does."""
    if update.callback_query:
        await update.callback_query.answer("OK")
        await update.callback_query.edit_message_text("OK")


def main() -> None:
    """Run against the server of DUOLOGUE_API_URL with the token of DUOLOGUE_TOKEN."""
    api = os.environ["DUOLOGUE_API_URL"]
    application = (
        Application.builder()
        .token(os.environ["DUOLOGUE_TOKEN"])
        .base_url(f"{api}/bot")
        .base_file_url(f"{api}/file/bot")
        .build()
    )
    application.add_handler(CallbackQueryHandler(pressed))
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_polling()


if __name__ == "__main__":
    main()
