"""Pieces, quotes and city codes of one-line commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.oneline import BadCityCode, UnclosedQuote, Word, arguments, city_code, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   ", []),
        ("add beijing", [Word("add"), Word("beijing")]),
        ("add　beijing\nx", [Word("add"), Word("beijing"), Word("x")]),
        ('"Dazhongsi studio" x', [Word("Dazhongsi studio"), Word("x")]),
        ("“Dazhongsi studio”", [Word("Dazhongsi studio")]),
        ("“two openers“", [Word("two openers")]),
        ("「大钟寺 录音棚」", [Word("大钟寺 录音棚")]),
        ("『大钟寺』", [Word("大钟寺")]),
        ('zh="大钟寺录音棚"', [Word("大钟寺录音棚", "zh")]),
        ("ZH＝“大钟寺”", [Word("大钟寺", "zh")]),
        ("zh=", [Word("", "zh")]),
        ('zh=""', [Word("", "zh")]),
        ('""', [Word("")]),
        ('"zh=not a key"', [Word("zh=not a key")]),
        (r'"say \"hello\" now"', [Word('say "hello" now')]),
        ("“ spaces\n  collapse ”", [Word("spaces collapse")]),
        ("O'Brien 5\"room", [Word("O'Brien"), Word('5"room')]),
        ('map=https://e.org/?q=a"b', [Word('https://e.org/?q=a"b', "map")]),
        ("大=小", [Word("大=小")]),
    ],
)
def test_words(text: str, expected: list[Word]) -> None:
    """Spaces part the words, quotes keep them together, and only an unquoted Latin word before = is a key."""
    assert list(words(text)) == expected


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ('add "half', '"half'),
        ('add zh="half a name', 'zh="half a name'),
        ("add zh=「half", "zh=「half"),
        ('"a"b', '"a"b'),
        ('x "', '"'),
    ],
)
def test_unclosed_quotes(text: str, token: str) -> None:
    """A quote that never closes, or closes inside a word, is shown from where it begins."""
    with pytest.raises(UnclosedQuote) as caught:
        list(words(text))
    assert caught.value == UnclosedQuote(token, ('"…"', "“…”", "「…」"))


@given(st.lists(st.text(st.characters(exclude_characters='"“”\\', exclude_categories=["Cs"])), max_size=5))
def test_quoted_words_come_back(values: list[str]) -> None:
    """Whatever stands in quotes is one word, with its spaces collapsed."""
    line = " ".join(f'"{value}"' for value in values)
    assert list(words(line)) == [Word(" ".join(value.split())) for value in values]


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Reading ends for every text, and loses no letter of one without quotes, backslashes and keys."""
    try:
        found = [word.text for word in words(text)]
    except UnclosedQuote as error:
        found = [error.token]
    special = set(text) & set('"“”「」『』\\=＝')
    assert special or found == text.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/studio add x", "add x"),
        ("/studio@duologue_bot  add x ", "add x"),
        ("  /studio\nadd", "add"),
        ("/studio", ""),
        ("add /x", "add /x"),
        ("/one/two three", "/one/two three"),
    ],
)
def test_arguments(text: str, expected: str) -> None:
    """A leading command is dropped, once, and nothing else."""
    assert arguments(text) == expected


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("beijing", "beijing"),
        ("Beijing", "beijing"),
        ("ＳＨ", "sh"),
        ("new-york2", "new-york2"),
        ("a" * 24, "a" * 24),
    ],
)
def test_city_codes(token: str, code: str) -> None:
    """Codes are lower case ASCII, however they were typed."""
    assert city_code(token) == code


@pytest.mark.parametrize("token", ["b", "a" * 25, "北京", "new_york", "new york", "", "é-é"])
def test_bad_city_codes(token: str) -> None:
    """What cannot travel in a button is refused, with the token."""
    with pytest.raises(BadCityCode) as caught:
        city_code(token)
    assert caught.value == BadCityCode(token, ("beijing", "new-york"))
