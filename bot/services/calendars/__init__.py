"""Calendars that people's own programs subscribe to: the secret links, and what is read under them."""
