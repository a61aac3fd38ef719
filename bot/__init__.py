"""Duologue: recruit people in pairs to record studio dialogues."""
