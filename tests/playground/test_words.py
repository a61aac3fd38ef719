"""The page's own words: the same in both languages, all of them used, and a name for everything that is due."""

import re

from bot.demo.cast import Cast
from bot.demo.story import Story
from bot.demo.theatre import Theatre
from bot.playground.due import QUIET
from bot.playground.server import PAGES
from bot.services.due import RINGS

WORDS = (PAGES / "words.js").read_text()
OTHERS = "".join(path.read_text() for path in PAGES.glob("*.js") if path.name != "words.js")


def keys(name: str, text: str = WORDS) -> set[str]:
    """The keys of an object in the page's words."""
    begin = re.search(rf"\b{name}(?: =|:) {{", text)
    assert begin is not None, name
    depth, end = 1, begin.end()
    while depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    tokens = re.findall(r'"([^"]*)"(:?)|(\w+):', text[begin.end() : end])
    return {bare or quoted for quoted, colon, bare in tokens if colon or bare}


def test_both_languages_say_the_same() -> None:
    """No word is missing in either."""
    assert keys("const en") == keys("const zh")


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    """A word that no page says is gone from both; the bot's light is said by its name."""
    said, mentioned = set(re.findall(r'say\("(\w+)"', OTHERS)), set(re.findall(r'"(\w+)"', OTHERS))
    known = keys("const en")
    assert said - known == set()
    assert known - mentioned == {"bot_on", "bot_off", "bot_fell"}


def test_everything_that_is_due_has_a_name() -> None:
    """In both languages, but for what goes round for ever."""
    due = WORDS[WORDS.index("const due") :]
    assert keys("en", due) == keys("zh", due) == set(RINGS) - set(QUIET)


def test_every_step_of_the_story_has_a_chinese_name() -> None:
    """The English one is the story's own."""
    story = Story(Cast.__new__(Cast), Theatre.__new__(Theatre))
    assert keys("const steps") == {step.name for step in story.steps}
