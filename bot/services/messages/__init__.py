"""Every message the bot can queue, a module a subject: facts, not words."""

from bot.services.messages.base import KINDS, IfUncertain, Lane, Message, dump, load

__all__ = ["KINDS", "IfUncertain", "Lane", "Message", "dump", "load"]
