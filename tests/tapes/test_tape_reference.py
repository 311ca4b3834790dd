"""The reference page is what the code says, and its first tape is a right one."""

from __future__ import annotations

from pathlib import Path

from tui.tapes.metrics import CHECK, LAB
from tui.tapes.reading import read_tape
from tui.tapes.reference import FIRST, metric_rows, page
from tui.tapes.steps import VERBS
from tui.tapes.stream_metrics import STREAM

DOCS = Path(__file__).parents[2] / "docs" / "tapes.md"


def test_the_page_is_up_to_date() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), (
        "write it anew: python -m tui.tapes.reference > docs/tapes.md"
    )


def test_it_tells_every_verb_and_metric() -> None:
    text = page()
    for name in (*VERBS, *STREAM, *LAB, *CHECK, *(row.name for row in metric_rows())):
        assert f"`{name}" in text, name


def test_the_first_tape_is_right_and_stands_there_whole() -> None:
    assert read_tape(FIRST).title == "My first tape"
    assert FIRST.read_text(encoding="utf-8").rstrip() in page()
