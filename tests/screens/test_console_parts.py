"""The console's parts that need no screen: completion, history, the grid's lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streaming.store.catalogue import Catalogue, Table
from streaming.store.jail import SqlResult
from streaming.store.results import plan_rows
from tests.screens.fake_console import CATALOGUE, COLUMNS, TYPES, rows
from tests.screens.hostile import PAYLOADS, forbidden
from tui.console.completion import offer
from tui.console.history import KEPT, History
from tui.glyphs import ASCII, UNICODE
from tui.lines import text_of, width_of
from tui.views.console import copy_line, error_lines, offer_lines
from tui.views.grid import Spot, first_column, grid_lines, heading, shaped, spot_line

# --- completion -----------------------------------------------------------------------------


def offered(text: str, catalogue: Catalogue = CATALOGUE) -> list[str]:
    """What is offered at the bar in a text."""
    before, _, after = text.partition("|")
    return [item.text for item in offer(before + after, len(before), catalogue).items]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("from |", ["windows", "w_visits", "dead_letters"]),
        ("from W|", ["windows", "w_visits"]),
        ("select 1 from windows join d|", ["dead_letters"]),
        ("describe w_|", ["w_visits"]),
        ("select * from windows w, d|", ["dead_letters"]),
        ("select w.| from windows w", ["stream", "start_at", "n"]),
        ("select W.st| from windows AS w", ["stream", "start_at"]),
        ('select "off| from dead_letters', ['"offset"']),
        ("select re| from dead_letters", ["reason"]),
        ("select off| from dead_letters", ['"offset"', "OFFSET"]),
        ("select clic| from w_visits", ["clicks"]),
        ("sel|", ["SELECT"]),
        ("select date_t|", ["date_trunc("]),
        ("select visits| from w_visits", ["w_visits"]),
    ],
)
def test_what_is_offered(text: str, first: list[str]) -> None:
    assert offered(text)[: len(first)] == first


@pytest.mark.parametrize(
    "text", ["select 'from |", "select 1 -- from |", "/* from |", "select 'it''s |"]
)
def test_nothing_within_strings_and_comments(text: str) -> None:
    assert not offered(text)


@pytest.mark.parametrize("text", ["select 'a' from |", "/* x */ from |", "-- x\nfrom |"])
def test_what_stands_behind_strings_and_comments(text: str) -> None:
    assert offered(text)[0] == "windows"


def test_names_that_cannot_stand_on_the_screen_are_not_offered() -> None:
    tables = tuple(Table(text, ((text, "VARCHAR"),)) for text in PAYLOADS.values())
    for text in ("from |", "select |"):
        for item in offered(text, Catalogue(tables)):
            assert not list(forbidden(item))
    assert '"[/x]"' in offered("from |", Catalogue(tables))


def test_odd_kinds_are_cleaned_in_the_list() -> None:
    tables = tuple(Table("t", ((f"c{n}", p),)) for n, p in enumerate(PAYLOADS.values()))
    found = offer("select c", 8, Catalogue(tables))
    for chosen in range(len(found.items)):
        for line in offer_lines(found, chosen, 44, UNICODE):
            assert width_of(line) == 44 and not list(forbidden(text_of(line)))


# --- history --------------------------------------------------------------------------------


def test_history_goes_both_ways_and_keeps_what_was_typed(tmp_path: Path) -> None:
    history = History(tmp_path / "deep" / "history.jsonl")
    for query in ("one", "two\nlines", "two\nlines", "é\ud800"):
        if history.add(query):
            assert history.save(query) == ""
    again = History(tmp_path / "deep" / "history.jsonl")
    again.load()
    assert [again.step(-1, "typed") for _ in range(4)] == ["é\ud800", "two\nlines", "one", None]
    assert [again.step(1, "") for _ in range(4)] == ["two\nlines", "é\ud800", "typed", None]


def test_what_is_no_history_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b'"good"\n\xff\xfe\n{"a":1}\nnull\n"' + b"x" * 30_000 + b'"\n"better"')
    history = History(path)
    history.load()
    assert [history.step(-1, "") for _ in range(3)] == ["better", "good", None]
    folder = History(tmp_path)
    folder.load()
    assert "cannot be written" in folder.save("select 1")


def test_an_old_history_is_shortened(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("".join(json.dumps(f"q{n}") + "\n" for n in range(3 * KEPT)))
    History(path).load()
    lines = path.read_text().splitlines()
    assert len(lines) == KEPT and lines[-1] == json.dumps(f"q{3 * KEPT - 1}")
    assert path.stat().st_mode & 0o077 == 0


# --- grid -----------------------------------------------------------------------------------

RESULT = SqlResult(COLUMNS, TYPES, rows(0, 20))


@pytest.mark.parametrize("width", [20, 40, 76, 116, 300])
def test_the_chosen_column_is_in_sight(width: int) -> None:
    grid = shaped(RESULT)
    first = 0
    for column in (0, 2, 4, 3, 1):
        first = first_column(grid, 100, first, column, width)
        assert first <= column
        line = text_of(heading(grid, 100, first, Spot(0, column), width)[0])
        assert COLUMNS[column] in line
        if width > 60:
            place = line.index(COLUMNS[column])
            assert place + grid.widths[column] <= width
        assert width_of(spot_line(RESULT, 100, Spot(3, column), width)) <= width


def test_no_value_looks_like_none() -> None:
    result = SqlResult(("a",), ("VARCHAR",), ((None,), ("NULL",), ("",)))
    words = [text_of(spot_line(result, 0, Spot(y, 0), 60)).strip() for y in range(3)]
    assert words[0].endswith("NULL (no value)") and words[1].endswith("  NULL")
    assert words[2].endswith("'' (empty text)")
    null, text, _ = grid_lines(shaped(result), 0, 0, Spot(9, 9), 40, UNICODE)
    assert null[1:] != text[1:] and "NULL" in text_of(null) and "NULL" in text_of(text)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_anything_from_outside_is_harmless(payload: str) -> None:
    result = SqlResult((payload,), (payload,), ((payload,), (None,)))
    grid = shaped(result)
    lines = [*grid_lines(grid, 0, 0, Spot(), 60, UNICODE), *heading(grid, 0, 0, Spot(), 60)]
    lines += [spot_line(result, 0, Spot(), 60), *error_lines(payload, 60, ASCII)]
    for line in lines:
        assert not list(forbidden(text_of(line)))
    assert all(width_of(line) <= 60 for line in error_lines(payload, 60, ASCII))


def test_plans_are_lines() -> None:
    plan = SqlResult(("explain_key", "explain_value"), ("VARCHAR",) * 2, (("p", "a\n  b"),))
    assert plan_rows(plan).rows == (("a",), ("  b",))
    assert plan_rows(RESULT) is RESULT


def test_without_a_copy_nothing_is_claimed() -> None:
    assert text_of(copy_line(None, None, 60, UNICODE)).strip() == "no copy of the store yet"
