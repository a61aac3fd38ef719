"""A local Telegram Bot API server on which every role can be played without a token; see docs/sandbox.md.

It knows nothing of the bot it serves: any bot that speaks HTTP to the Bot API can be played on it.
"""

from bot.sandbox.client import Answer, Button, Group, Heard, NotHeard, Person, SandboxClient, SandboxError
from bot.sandbox.server import Sandbox, serve

__all__ = [
    "Answer",
    "Button",
    "Group",
    "Heard",
    "NotHeard",
    "Person",
    "Sandbox",
    "SandboxClient",
    "SandboxError",
    "serve",
]
