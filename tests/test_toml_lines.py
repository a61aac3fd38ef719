"""On which line of a TOML file each key is found."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from bot.config.toml_lines import locate


def test_lines_of_all_forms_of_keys() -> None:
    """Dotted, quoted, inline, in arrays, behind texts that look like keys."""
    text = '''\
top = 1 # a = 2
"quoted key" = """
[not.a.table]
no = "key"\\"""
""" # still the same
'lit.eral' = 'x = "'
[a . "b c"]
d.e = 2026-12-01 09:00:00 # a date
f = [1.5, [
  2, # ]
  "]"], { g = { h = 1 }, i = [ ] },
]
[[list]]
one = 1
[[list]]
two = {}
  [list.three]
'''
    tomllib.loads(text)
    assert locate(text) == {
        ("top",): 1,
        ("quoted key",): 2,
        ("lit.eral",): 6,
        ("a",): 7,
        ("a", "b c"): 7,
        ("a", "b c", "d"): 8,
        ("a", "b c", "d", "e"): 8,
        ("a", "b c", "f"): 9,
        ("a", "b c", "f", "g"): 11,
        ("a", "b c", "f", "g", "h"): 11,
        ("a", "b c", "f", "i"): 11,
        ("list",): 13,
        ("list", "one"): 14,
        ("list", "two"): 16,
        ("list", "three"): 17,
    }
    assert locate(text.replace("\n", "\r\n")) == locate(text)


names = st.text("ab-_ .#[=\"'é", min_size=1, max_size=4)
plain_values = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "07:32:00.5",
        '"x # = ["',
        "'\\'",
        "[\n1,\n 2]",
        '"""\n[t]\nk = 1\n"""',
        "'''\n'x'\n'''",
        "[]",
        "{}",
    ]
)


@given(st.dictionaries(names, st.dictionaries(names, plain_values, max_size=3), max_size=4), st.data())
def test_every_key_is_found_on_its_line(tables: dict[str, dict[str, str]], data: st.DataObject) -> None:
    """Whatever stands in names and values, with comments and blank lines between."""

    def quoted(name: str) -> str:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text, expected = "", {}
    for table, pairs in tables.items():
        text += data.draw(st.sampled_from(["", "\n", "# [x] = 1\n", " \t\n"]))
        expected[(table,)] = text.count("\n") + 1
        text += f"[ {quoted(table)} ]\n"
        for name, value in pairs.items():
            expected[(table, name)] = text.count("\n") + 1
            text += f"  {quoted(name)}={value}{data.draw(st.sampled_from(['', ' # z = 1']))}\n"
    tomllib.loads(text)
    assert locate(text) == expected
