"""What studios and cities are called: one line may give a name in two languages."""

import re

from bot.rules.commands import AddStudio, option_value

_HAN = re.compile(r"[\u3400-\u9fff]")


def script(name: str) -> str:
    """The language that a name is written in, as far as its script tells."""
    return "zh" if _HAN.search(name) else "en"


def names_of(text: str) -> dict[str, str]:
    """The names in a line such as ``Dazhongsi studio / 大钟寺录音棚``, by language code.

    What is written in Chinese characters is the Chinese name, all else the English one; of two in one
    script the first counts. Raises `TooLong`.
    """
    found: dict[str, str] = {}
    for part in re.split("[/／|｜]", text):
        name = " ".join(part.split())
        if name:
            found.setdefault(script(name), str(option_value("name", name)))
    return found


def names_in(studio: AddStudio) -> dict[str, str]:
    """The names that the one-line form gives a studio.

    The name without a key stands for the language that has no key of its own.
    """
    given = {code: name for code, name in (("en", studio.en), ("zh", studio.zh)) if name}
    own = script(studio.name)
    other = "en" if own == "zh" else "zh"
    given.setdefault(own if own not in given else other, studio.name)
    return given


def city_names_in(studio: AddStudio) -> dict[str, str]:
    """The names that the one-line form gives the city; empty if it gives none."""
    return {code: name for code, name in (("en", studio.city_en), ("zh", studio.city_zh)) if name}
