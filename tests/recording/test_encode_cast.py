"""A .cast shows what the film shows, on a terminal that knows nothing of either."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recording.films import BLUE, HOT, dashboard, film_of, hostile, line, look
from tests.recording.terminal import Terminal, read_cast, wanted
from tui.recording.cast import write_cast
from tui.recording.film import Film, Look, Note, Run
from tui.recording.formats import Options, write

VERSIONS = pytest.mark.parametrize("version", [2, 3])


def styled() -> Film:
    """Every attribute set and unset, colours changed alone, wide characters half covered."""
    plain, red = look(), look(HOT)
    every = Look(HOT, BLUE, bold=True, italic=True, underline=True, strike=True)
    rows = [
        [line(12, ("abcdefghijkl", plain)), line(12, ("a世b世c", plain))],
        [line(12, ("abc", plain), ("def", red), ("ghi", every)), line(12, ("世a世bc", plain))],
        [line(12, ("abX", plain), ("def", red), ("ghY", every)), line(12, ("ab世cd", red))],
        [line(12, ("Xbcdefghijkl", plain)), line(12, ("ab世cd世", red))],
        [line(12, ("XbcdefghijkZ", plain)), line(12, ("ab世cd世", red), ("  ", every))],
        [line(12, ("XbcdefghijkZ", plain)), line(12, ("  ", every), ("e\u0301", plain))],
    ]
    return film_of(*rows)


@VERSIONS
@pytest.mark.parametrize("film", [dashboard(), styled()], ids=["dashboard", "styled"])
def test_a_terminal_shows_every_frame_cell_by_cell(
    film: Film, version: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.cast"
    write(film, path, options=Options(cast_version=version))
    _, events = read_cast(path)
    terminal = Terminal(film.width, film.height)
    for frame in film.frames:
        for at, code, data in events:
            if code == "o" and at == frame.at_ms / 1000:
                terminal.feed(data)
        # pyte composes a character and its mark; elsewhere both say the same.
        assert terminal.shown == [
            [(re.sub("e\u0301", "é", cell[0]), *cell[1:]) for cell in row] for row in wanted(frame)
        ]
    assert events[-1][0] == film.duration_ms / 1000


@VERSIONS
def test_asciinema_itself_plays_it(version: int, tmp_path: Path) -> None:
    film = dashboard(1)
    path = tmp_path / "a.cast"
    write_cast(film, path, version=version)
    played = subprocess.run(
        [sys.executable, "-m", "asciinema", "cat", str(path)],
        capture_output=True,
        env={**os.environ, "HOME": str(tmp_path), "ASCIINEMA_CONFIG_HOME": str(tmp_path)},
        check=False,
    )
    if version == 3 and played.returncode:
        # The Python asciinema reads versions 1 and 2 only, and says so.
        assert b"only asciicast v1 and v2" in played.stderr
        return
    assert played.returncode == 0, played.stderr
    terminal = Terminal(film.width, film.height)
    terminal.feed(played.stdout.decode())
    assert terminal.shown == wanted(film.frames[-1])


def test_only_what_differs_is_told(tmp_path: Path) -> None:
    film = film_of(
        [line(80, ("x" * 80, look())), line(80, ("y" * 80, look()))],
        [line(80, ("x" * 40 + "!" + "x" * 39, look())), line(80, ("y" * 80, look()))],
        [line(80, ("x" * 40 + "!" + "x" * 39, look())), line(80, ("y" * 80, look()))],
    )
    path = tmp_path / "a.cast"
    write_cast(film, path)
    _, events = read_cast(path)
    assert [data for _, code, data in events if code == "o"][1:] == ["\x1b[1;41H!", ""]


def test_nothing_is_asked_of_the_terminal_and_the_header_tells_of_no_machine(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.cast"
    write_cast(dashboard(1), path)
    header, events = read_cast(path)
    assert header == {"version": 2, "width": 120, "height": 38, "duration": 1.0,
                      "title": "Hot shard"}  # fmt: skip
    said = "".join(data for _, code, data in events if code == "o")
    assert said.startswith("\x1b[?1049h\x1b[?25l\x1b[?7l")
    # All other sequences move the cursor or set a style: no mouse, no query, no way back.
    rest = re.sub(r"\x1b\[[0-9;]*[HmC]", "", said.removeprefix("\x1b[?1049h\x1b[?25l\x1b[?7l"))
    assert "\x1b" not in rest


@VERSIONS
def test_chapters_and_keys_stand_at_their_times(version: int, tmp_path: Path) -> None:
    keys = ("k", "enter", "ctrl+c", "f9", "question_mark", "no_such_key")
    film = film_of(
        *[[line(5, ("a", look()))], [line(5, ("b", look()))]],
        keys=tuple(Note(100, name) for name in keys), chapters=(Note(0, "One"), Note(100, "Two")),
    )  # fmt: skip
    path = tmp_path / "a.cast"
    write_cast(film, path, version=version)
    _, events = read_cast(path)
    assert [(at, code, data) for at, code, data in events if code != "o"] == [
        (0, "m", "One"),
        *[(0.1, "i", typed) for typed in ("k", "\r", "\x03", "\x1b[20~", "?")],
        (0.1, "m", "Two"),
    ]
    codes = [code for at, code, _ in events if at == 0.1]
    assert codes == ["i"] * 5 + ["o", "m"], "a key is before what it does, a chapter after it"


def test_a_minute_of_a_lively_screen_is_small(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    write_cast(dashboard(6), path)
    assert path.stat().st_size * 10 < 4_000_000


@VERSIONS
def test_hostile_texts_stay_texts(version: int, tmp_path: Path) -> None:
    film = hostile()
    path = tmp_path / "a.cast"
    write_cast(film, path, version=version)
    header, events = read_cast(path)
    assert header["title"] == film.title
    terminal = Terminal(film.width, film.height)
    for _, code, data in events:
        if code == "o":
            terminal.feed(data)
    shown = ["".join(cell[0] for cell in row).rstrip() for row in terminal.shown]
    assert shown == [
        "<script>alert(1)</script>",
        "]]> --> </pre></script><!--",
        "abc &amp; \"q\" 'x' `${y}`",
        "世界 wide, é ö marks, 🎉 👩 ❤",
        "? lone, \ufffe none, \\x1b[31m",
    ]


def test_runs_are_not_needed_to_be_minimal(tmp_path: Path) -> None:
    one = film_of([(Run("ab", look()), Run("cd", look()))])
    other = film_of([(Run("abcd", look()),)])
    write_cast(one, tmp_path / "a.cast")
    write_cast(other, tmp_path / "b.cast")
    assert (tmp_path / "a.cast").read_bytes() == (tmp_path / "b.cast").read_bytes()


def test_there_are_two_versions(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no asciicast 1"):
        write_cast(hostile(), tmp_path / "a.cast", version=1)
