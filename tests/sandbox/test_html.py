"""HTML in, text and entities out; what Telegram refuses is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.entities import cut, found_in, utf16_length, with_found
from bot.sandbox.errors import ApiError
from bot.sandbox.html import is_url, parse_html


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    """Write an entity short."""
    return {"offset": offset, "length": length, "type": kind, **more}


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>a</b>", "a", [entity("bold", 0, 1)]),
        ("<strong>a</strong>", "a", [entity("bold", 0, 1)]),
        ("<i>a</i><em>b</em>", "ab", [entity("italic", 0, 1), entity("italic", 1, 1)]),
        ("<u>a</u><ins>b</ins>", "ab", [entity("underline", 0, 1), entity("underline", 1, 1)]),
        ("<s>a</s>", "a", [entity("strikethrough", 0, 1)]),
        ("<strike>a</strike>", "a", [entity("strikethrough", 0, 1)]),
        ("<del>a</del>", "a", [entity("strikethrough", 0, 1)]),
        ("<code>a</code>", "a", [entity("code", 0, 1)]),
        ("<pre>a</pre>", "a", [entity("pre", 0, 1)]),
        (
            '<pre><code class="language-python">x = 1</code></pre>',
            "x = 1",
            [entity("pre", 0, 5, language="python")],
        ),
        ("<tg-spoiler>a</tg-spoiler>", "a", [entity("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [entity("spoiler", 0, 1)]),
        ("<blockquote>a</blockquote>", "a", [entity("blockquote", 0, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [entity("expandable_blockquote", 0, 1)]),
        (
            '<a href="https://example.org/?a=1&amp;b=2">x</a>',
            "x",
            [entity("text_link", 0, 1, url="https://example.org/?a=1&b=2")],
        ),
        (
            "<a href='tg://user?id=7'>x</a>",
            "x",
            [entity("text_mention", 0, 1, user={"id": 7, "is_bot": False, "first_name": ""})],
        ),
        ("<a>x</a>", "x", []),
        ('<a href="http://[">x</a>', "x", []),
        ("<B>a</b >", "a", [entity("bold", 0, 1)]),
        ("<b></b>a", "a", []),
        ("&lt;b&gt; &amp; &quot; &#39; &#x4e2d;", "<b> & \" ' 中", []),
        ("😀<b>中文</b>", "😀中文", [entity("bold", 2, 2)]),
        ("<b>a<i>b</i></b>", "ab", [entity("bold", 0, 2), entity("italic", 1, 1)]),
        ("  <b> a </b>  ", "a", [entity("bold", 0, 1)]),
    ],
)
def test_what_is_read(source: str, text: str, entities: list[dict[str, Any]]) -> None:
    """Each tag and entity that Telegram knows, with offsets in UTF-16 units."""
    assert parse_html(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("中<br>", 'Unsupported start tag "br" at byte offset 3'),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("a & b", "Unsupported entity at byte offset 2: write & as &amp;"),
        ("&nbsp;", "Unsupported entity at byte offset 0: write & as &amp;"),
        ("&#0;", "Unsupported entity at byte offset 0: write & as &amp;"),
        ("&#xd800;", "Unsupported entity at byte offset 0: write & as &amp;"),
    ],
)
def test_what_is_refused(source: str, why: str) -> None:
    """The whole description, as a bot would read it."""
    with pytest.raises(ApiError) as refused:
        parse_html(source)
    assert (refused.value.code, refused.value.description) == (
        400,
        f"Bad Request: can't parse entities: {why}",
    )


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1))
def test_escaped_text_comes_back(words: str) -> None:
    """Whatever a person is called, escaped it reads as written and the entity covers exactly it."""
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text, entities = parse_html(f"x <b>{escaped}</b>!")
    assert text == f"x {words}!"
    assert [cut(text, found) for found in entities] == [words]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start abc", [entity("bot_command", 0, 6)]),
        ("go /stop@duologue_bot now", [entity("bot_command", 3, 18)]),
        ("hi @ann_b!", [entity("mention", 3, 6)]),
        ("write to a.b@example.org", [entity("email", 9, 15)]),
        ("see https://t.me/x_bot?start=a1.", [entity("url", 4, 27)]),
        ("#tag 中 /a", [entity("hashtag", 0, 4), entity("bot_command", 7, 2)]),
        ("and/or, 1/2", []),
    ],
)
def test_what_is_found_in_plain_text(text: str, found: list[dict[str, Any]]) -> None:
    """Commands, mentions and links are marked without being told."""
    assert found_in(text) == found


def test_nothing_is_found_inside_code() -> None:
    """A command in code stays code."""
    code = [entity("code", 0, 4)]
    assert with_found("/abc /d", code) == [*code, entity("bot_command", 5, 2)]


@pytest.mark.parametrize(("text", "length"), [("abc", 3), ("中文", 2), ("😀", 2), ("", 0)])
def test_lengths_are_utf16(text: str, length: int) -> None:
    """An emoji counts twice, a Chinese character once."""
    assert utf16_length(text) == length


@pytest.mark.parametrize(
    ("link", "good"),
    [
        ("https://example.org", True),
        ("example.org/x", True),
        ("http://127.0.0.1:8080/x", True),
        ("tg://user?id=1", True),
        ("http://localhost/x", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("ftp://example.org", False),
        ("https://a b.org", False),
        ("", False),
    ],
)
def test_addresses(link: str, good: bool) -> None:
    """What Telegram takes as a button's address."""
    assert is_url(link) is good
