"""Films: the same trace gives the same bytes anywhere, and shows what the screens show."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
import pytest

from tests.recording.takes import SIZE, Hands, header, news, take
from tests.recording.terminal import Terminal, read_cast
from tests.screens.conftest import Runner, lab, steady  # noqa: F401 - fixtures
from tui.recording.captions import caption_lines
from tui.recording.job import Job, Said, Written
from tui.recording.shot import Shot
from tui.recording.studio import FilmError, make
from tui.recording.writing import TraceWriter

SHOT = Shot(*SIZE, "textual-dark")
OTHER_PLACES = (
    {"TZ": "Asia/Tokyo", "NO_COLOR": "1", "PYTHONHASHSEED": "1", "TERM": "dumb"},
    {"TZ": "America/Lima", "COLUMNS": "40", "TEXTUAL_THEME": "nord", "LC_ALL": "C"},
    {"TEXTUAL_FPS": "1", "FORCE_COLOR": "1", "PYTHONHASHSEED": "77"},
)


def films(
    trace: Path, folder: Path, shot: Shot = SHOT, more: dict[str, str] | None = None
) -> dict[str, Path]:
    folder.mkdir()
    said: list[Said] = []
    outputs = tuple(str(folder / f"film.{kind}") for kind in ("cast", "txt", "svg", "html"))
    make(Job(str(trace), shot, outputs), said.append, {**os.environ, **(more or {})})
    return {Path(item.path).name: Path(item.path) for item in said if isinstance(item, Written)}


def screens(cast: Path) -> dict[float, str]:
    """What an independent terminal shows after each event, by the seconds since the start."""
    head, events = read_cast(cast)
    terminal = Terminal(head["width"], head["height"])
    found = {}
    for at, kind, data in events:
        if kind == "o":
            terminal.feed(data)
            found[at] = "\n".join(terminal.screen.display)
    return found


def test_the_same_trace_is_the_same_film_everywhere(tmp_path: Path) -> None:
    trace = take(tmp_path / "a.trace")
    first = films(trace, tmp_path / "here")
    assert set(first) == {"film.cast", "film.txt", "film.svg", "film.html", "film-help.svg"}
    for number, place in enumerate(OTHER_PLACES):
        again = films(trace, tmp_path / f"there{number}", more=place)
        for name, path in first.items():
            assert again[name].read_bytes() == path.read_bytes(), name


def test_it_shows_the_story(tmp_path: Path) -> None:
    written = films(take(tmp_path / "a.trace"), tmp_path / "out")
    at = screens(written["film.cast"])
    times = sorted(at)
    help_open = [time for time in times if "Help" in at[time] and "Everywhere" in at[time]]
    toast = [time for time in times if "5,000 a second" in at[time]]
    assert help_open and toast and times.index(toast[0]) < times.index(help_open[0])
    assert times[-1] not in toast, "toasts go after a while"
    assert any("ENGINE GONE" in text for text in at.values())
    captions = [text for text in at.values() if "A caption of the take" in text]
    assert captions and "First chapter" in captions[0]
    assert "A caption of the take" not in at[times[-1]]
    assert "STARTING" not in at[times[0]], "a lab's start is no part of a story"
    # 15 s, less the first half second, what is painted first, and the two seconds left out.
    assert 11.0 < times[-1] < 12.6
    script = written["film.txt"].read_text()
    assert "First chapter" in script and "A caption of the take" in script


def test_another_size_theme_and_language(tmp_path: Path) -> None:
    trace = take(tmp_path / "a.trace")
    small = Shot(72, 20, "dasprep-projector", language="de", caption_rows=3)
    written = films(trace, tmp_path / "small", small)
    shown = screens(written["film.cast"]).values()
    assert {(len(text.splitlines()[0]), len(text.splitlines())) for text in shown} == {(72, 23)}
    assert any("Eine Unterschrift" in text for text in shown)
    assert not any("A caption of" in text for text in shown)
    assert '<dl lang="de">' in written["film.html"].read_text()


async def test_the_last_frame_is_the_apps_own_screen(
    tmp_path: Path,
    lab: Runner,  # noqa: F811
) -> None:
    clock = Hands()
    writer = TraceWriter(tmp_path / "a.trace", header(), clock)
    for number in range(1, 8):
        writer.news(news(number))
        clock.now += 0.5
    trace = writer.close()
    written = films(trace, tmp_path / "out", msgspec.structs.replace(SHOT, caption_rows=0))
    shown = screens(written["film.cast"])
    last = shown[max(shown)].splitlines()
    async with lab(news(7), size=SIZE) as hand:
        own = [line.ljust(SIZE[0]) for line in hand.lines]
        # The time of day at the right of the header goes on by itself.
        assert [line.rstrip() for line in last[1:]] == [line.rstrip() for line in own[1:]]
        assert re.sub(r"[\d:]{8} *$", "", last[0]) == re.sub(r"[\d:]{8} *$", "", own[0])


def test_what_cannot_be_filmed_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.trace"
    bad.write_bytes(b"nothing of the kind")
    with pytest.raises(FilmError, match="not a trace"):
        films(bad, tmp_path / "out")
    trace = take(tmp_path / "a.trace")
    with pytest.raises(FilmError, match="cannot be written"):
        make(Job(str(trace), SHOT, (str(tmp_path / "nowhere" / "a.cast"),)), lambda _: None)
    assert not list((tmp_path / "out").iterdir())


def test_captions_fit_their_rows() -> None:
    assert caption_lines("", "", 40, 0) == []
    assert caption_lines("short", "One", 40, 2) == [("short", "One"), ("", "")]
    long = "many words " * 30
    lines = caption_lines(long, "A chapter with a long name", 40, 2)
    assert lines[1][0].endswith("…") and all(len(text) <= 38 for text, _ in lines)
    assert lines[0][1] == ""
