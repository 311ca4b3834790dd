"""Results as a table, CSV and JSON: pure functions of the result."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.store.jail import SqlResult
from streaming.store.results import _cells, format_csv, format_json, format_table

RESULT = SqlResult(
    columns=("name", "n"),
    types=("VARCHAR", "BIGINT"),
    rows=(("shirt", "12"), (None, "-7"), ("日本", None)),
)


def test_a_table():
    assert format_table(RESULT, 40).splitlines() == [
        "name      n", "─────  ────", "shirt    12", "NULL     -7", "日本   NULL", "3 rows"
    ]  # fmt: skip


def test_what_is_not_shown_is_said():
    result = SqlResult(("a", "b", "c"), ("VARCHAR",) * 3, (("x" * 30, "y" * 9, "z"),), True)
    assert format_table(result, 12).splitlines() == [
        "a      b", "─────  ─────", "xxxx…  yyyy…", "1 row, ther…"
    ]  # fmt: skip
    assert "there are more" in format_table(result, 80)


def test_plans_keep_their_lines():
    result = SqlResult(
        ("explain_key", "explain_value"), ("VARCHAR",) * 2, (("physical_plan", "╭─╮\n│x│\x1b\n"),)
    )
    assert format_table(result, 80) == "╭─╮\n│x│\\x1b"


def test_errors_are_shown_without_control_characters():
    assert format_table(SqlResult(error="no \x1b[2J\nLINE 1"), 80) == "no \\x1b[2J\nLINE 1"


HOSTILE = [
    "\x1b]52;c;eA==\x07",
    "a\rb",
    "\x9b2J",
    "\u202egpj.exe",
    "\u200b",
    "\x00",
    "\u2028",
    "\t",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_cells_and_names(text):
    result = SqlResult((text,), ("VARCHAR",), ((text,),))
    shown = format_table(result, 60)
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert format_json(result).isascii()


@given(
    st.lists(st.lists(st.none() | st.text(max_size=30), min_size=3, max_size=3), max_size=4),
    st.integers(1, 60),
)
def test_tables_never_pass_their_width(rows, width):
    result = SqlResult(("a", "b", "c"), ("VARCHAR",) * 3, tuple(map(tuple, rows)))
    lines = format_table(result, width).split("\n")
    assert all(_cells(line) <= width for line in lines)
    assert len(lines) == len(rows) + 3
    assert all(c.isprintable() for line in lines for c in line)


def test_csv():
    result = SqlResult(
        ("text", "n"), ("VARCHAR", "BIGINT"), (("a,b", "-1"), ("=1+1", None), ('q"\n', "2"))
    )
    assert format_csv(result) == 'text,n\n"a,b",-1\n\'=1+1,\n"q""\n",2\n'


def test_json_gives_the_result_back():
    told = json.loads(format_json(RESULT))
    assert told["columns"] == ["name", "n"] and told["rows"][2] == ["日本", None]
    assert told["error"] is None and told["truncated"] is False
