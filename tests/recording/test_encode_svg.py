"""Stills: valid XML whatever is on the screen, columns that stand, nothing from elsewhere."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.recording.films import HOSTILE, HOT, dashboard, film_of, hostile, line, look
from tui.recording.film import Film, Note
from tui.recording.formats import write
from tui.recording.svg import CELL_WIDTH, svg

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def texts(document: str) -> list[tuple[float, float, str]]:
    """Where each text starts, how long it is, what it says."""
    root = ET.fromstring(document)  # noqa: S314 - our own
    return [
        (float(each.get("x", "")), float(each.get("textLength", "")), each.text or "")
        for each in root.iterfind(".//svg:text", NAMES)
    ]


@pytest.mark.parametrize("film", [dashboard(1), hostile()], ids=["dashboard", "hostile"])
def test_it_is_xml_and_names_nothing_elsewhere(film: Film) -> None:
    document = svg(film, film.frames[-1])
    root = ET.fromstring(document)  # noqa: S314 - our own
    kinds = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert kinds <= {"svg", "title", "style", "rect", "g", "path", "text"}
    assert not re.search(r"https?:|url\(|@import|href|\bon\w+=", document.replace(
        'xmlns="http://www.w3.org/2000/svg"', ""))  # fmt: skip
    assert root.findtext("svg:title", "", NAMES) == film.title


def test_hostile_texts_are_read_back_as_texts() -> None:
    film = film_of([line(40, (text, look())) for text in HOSTILE])
    said = "".join(text for _, _, text in texts(svg(film, film.frames[0])))
    assert "<script>alert(1)</script>" in said and "]]> --> </pre></script><!--" in said
    assert "世" in said and "👩\u200d🚀" in said
    assert "\ud83d" not in said and "\ufffe" not in said and said.count("\ufffd") == 2


def test_every_text_is_as_long_as_its_cells() -> None:
    film = film_of([line(20, ("ab  cd ", look()), ("世é▲", look(HOT)), ("x", look()))])
    assert texts(svg(film, film.frames[0])) == [
        (0, 6 * CELL_WIDTH, "ab  cd"),
        (7 * CELL_WIDTH, 2 * CELL_WIDTH, "世"),
        (9 * CELL_WIDTH, CELL_WIDTH, "é"),
        (10 * CELL_WIDTH, CELL_WIDTH, "▲"),
        (11 * CELL_WIDTH, CELL_WIDTH, "x"),
    ]


def test_blocks_are_one_rectangle_not_many_letters() -> None:
    film = film_of([line(10, ("████", look(HOT)))])
    document = svg(film, film.frames[0])
    assert not texts(document)
    (drawn,) = re.findall(r'd="([^"]+)" fill="#f4005f"', document)
    assert drawn == f"M0 0H{4 * CELL_WIDTH}V18H0Z"


def test_there_is_a_picture_for_each_still_and_one_of_the_end(tmp_path: Path) -> None:
    rows = [[line(5, (text, look()))] for text in ("one", "two", "three")]
    film = film_of(*rows, stills=(Note(0, "calm"), Note(150, "calm"), Note(199, "../../Very hot!")))
    written = write(film, tmp_path / "demo.svg")
    assert {path.name: texts(path.read_text())[0][2] for path in written} == {
        "demo.svg": "three", "demo-calm.svg": "one", "demo-calm-2.svg": "two",
        "demo-very-hot.svg": "two",
    }  # fmt: skip
    assert sorted(written) == sorted(tmp_path.iterdir())
