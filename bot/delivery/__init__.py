"""What must not get lost: updates in, messages out, long work, and what is due. Knows no Telegram."""
