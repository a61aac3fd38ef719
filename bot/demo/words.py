"""What the messages of the story must say, and when two of them are the same."""

import re
from typing import Any

from bot.sandbox.heard import Heard

CHINESE = re.compile("[\u4e00-\u9fff]")

WORDS = {
    "received": "收到",
    "not accepted": "未通过检查",
    "balance": "不均衡",
    "too quiet": "音量太低",
    "reviewers": "审核员",
    "approved": "审核通过",
    "rejected": "审核未通过",
    "partner": "搭子",
    "confirmed": "已确认",
    "cancelled": "已取消",
    "reminder": "提醒",
}
"""What the messages of the story must say, in English and in Chinese."""


def says(text: str, word: str) -> bool:
    """Whether a text holds a word, or what it is in the other language."""
    return word.casefold() in text.casefold() or WORDS.get(word, word) in text


def fingerprint(heard: Heard) -> tuple[object, ...]:
    """What makes two messages of a chat the same to who reads them. An edit is never the same as another."""
    file: Any = heard.message.get(heard.kind, {}) if heard.kind != "text" else {}
    described = file[-1] if isinstance(file, list) else file
    buttons = tuple((button.text, button.data, button.url) for button in heard.buttons)
    name = (described.get("file_name"), described.get("file_size"))
    return heard.chat_id, heard.kind, name, heard.text, buttons, heard.seq if heard.edited else 0
