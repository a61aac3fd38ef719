"""Telegram itself: the transport, fetching updates and files, sending, and hearing."""

import os

# python-telegram-bot asks to be told that spans of time are wanted as such; the other way is going away.
os.environ.setdefault("PTB_TIMEDELTA", "true")
