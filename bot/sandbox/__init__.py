"""A local Telegram Bot API server on which every role can be played without a token; see docs/sandbox.md.

It knows nothing of the bot it serves: any bot that speaks HTTP to the Bot API can be played on it.
"""

from bot.sandbox.cast import Group, NotHeard, Person
from bot.sandbox.client import SandboxClient, SandboxError, wait_for_sandbox
from bot.sandbox.heard import Answer, Button, Heard
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
    "wait_for_sandbox",
]
