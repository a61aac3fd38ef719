"""Telegram itself: the transport, fetching updates and files, sending, and hearing."""
