"""What studios are called."""

import pytest

from bot.rules.commands import AddStudio
from bot.rules.oneline import TooLong
from bot.rules.studios import city_names_in, names_in, names_of


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Dazhongsi studio / 大钟寺录音棚", {"en": "Dazhongsi studio", "zh": "大钟寺录音棚"}),
        ("大钟寺录音棚／Dazhongsi", {"en": "Dazhongsi", "zh": "大钟寺录音棚"}),
        ("  North   studio ", {"en": "North studio"}),
        ("北京", {"zh": "北京"}),
        ("One / Two", {"en": "One"}),
        (" / ", {}),
    ],
)
def test_a_line_gives_a_name_in_each_script(text: str, names: dict[str, str]) -> None:
    """The script tells the language, in whatever order."""
    assert names_of(text) == names


def test_a_name_must_fit_a_button() -> None:
    """Each name on its own."""
    with pytest.raises(TooLong) as caught:
        names_of("x" * 81)
    assert (caught.value.length, caught.value.limit) == (81, 80)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, {"en": "North"}),
        ({"zh": "北棚"}, {"en": "North", "zh": "北棚"}),
        ({"en": "North studio"}, {"en": "North studio", "zh": "North"}),
        ({"en": "North studio", "zh": "北棚"}, {"en": "North studio", "zh": "北棚"}),
    ],
)
def test_the_plain_name_fills_the_gap(given: dict[str, str], names: dict[str, str]) -> None:
    """A key of a language wins over the name without a key."""
    assert names_in(AddStudio("beijing", "North", "Asia/Shanghai", **given)) == names  # type: ignore[arg-type]


def test_a_chinese_name_is_the_chinese_one() -> None:
    """The script tells the language here too."""
    assert names_in(AddStudio("beijing", "北棚", "Asia/Shanghai")) == {"zh": "北棚"}
    assert names_in(AddStudio("beijing", "北棚", "Asia/Shanghai", en="North")) == {
        "en": "North",
        "zh": "北棚",
    }


def test_a_city_is_named_only_if_told() -> None:
    """Nothing is made up."""
    assert city_names_in(AddStudio("beijing", "North", "Asia/Shanghai")) == {}
    named = AddStudio("beijing", "North", "Asia/Shanghai", city_zh="北京", city_en="Beijing")
    assert city_names_in(named) == {"en": "Beijing", "zh": "北京"}
