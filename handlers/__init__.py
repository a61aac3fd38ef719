"""The bot's ears and mouth: one file a role or subject, and the only code that knows Telegram."""
