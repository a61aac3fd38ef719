"""The web side: where Telegram delivers updates, and what tells machines how the bot is."""
