"""All formats together: names, whole files or none, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.recording.films import HOSTILE, dashboard, film_of, hostile, line, look
from tui.recording import cast, mp4
from tui.recording.film import Caption, Film, Note, frame_at
from tui.recording.formats import KINDS, FormatError, Options, UnknownKind, kind_of, write

FFMPEG = pytest.mark.skipif(
    shutil.which("ffmpeg") is None and not os.environ.get("CI"),
    reason="there is no ffmpeg (apt install ffmpeg)",
)
WITHOUT_TOOLS = [kind for kind in KINDS if kind != "mp4"]

SAME = """
import hashlib, json, sys, tempfile
from pathlib import Path
from tests.recording.films import dashboard
from tui.recording.formats import write
with tempfile.TemporaryDirectory() as folder:
    done = {}
    for kind in sys.argv[1:]:
        for path in write(dashboard(1.5), Path(folder) / f"a.{kind}"):
            done[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
print(json.dumps(done))
"""


@pytest.mark.parametrize("kind", WITHOUT_TOOLS)
def test_each_kind_is_written_by_its_name(kind: str, tmp_path: Path) -> None:
    film = film_of([line(4, ("a", look()))])
    path = tmp_path / f"Demo.{kind.upper()}"
    assert write(film, path) == (path,)
    assert list(tmp_path.iterdir()) == [path] and path.stat().st_size


def test_a_kind_can_be_named(tmp_path: Path) -> None:
    film = film_of([line(4, ("a", look()))])
    (path,) = write(film, tmp_path / "demo", "txt")
    assert path.read_text().startswith("A film\n======\n")


@pytest.mark.parametrize(("name", "why"), [
    ("demo.mov", r"\.mov is no format of films"), ("demo", "its name has no ending"),
])  # fmt: skip
def test_an_unknown_name_is_told_with_the_known_ones(name: str, why: str) -> None:
    with pytest.raises(UnknownKind, match=rf"{name} cannot be written: {why}.*\.cast, \.gif"):
        kind_of(Path(name))


def test_an_unknown_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownKind, match="There is no format 'mov'"):
        write(hostile(), tmp_path / "a.cast", "mov")


@pytest.mark.parametrize("wrong", [
    {"font_px": 5}, {"font_px": 65}, {"fps": 0}, {"fps": 51}, {"video_fps": 61},
    {"cast_version": 1},
])  # fmt: skip
def test_options_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Options(**wrong)


def test_bytes_repeat_under_another_seed_zone_and_locale() -> None:
    told = []
    for seed, zone, more in (
        ("0", "UTC", {}),
        ("1", "Asia/Tokyo", {"NO_COLOR": "1", "LC_ALL": "C"}),
        ("77", "America/New_York", {"TERM": "dumb", "SOURCE_DATE_EPOCH": "1"}),
    ):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, **more}
        done = subprocess.run(
            [sys.executable, "-c", SAME, *WITHOUT_TOOLS],
            env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        told.append(json.loads(done.stdout))
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == len(WITHOUT_TOOLS) + 2, "with a picture of each still"


def test_nothing_is_left_of_a_film_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.cast"
    path.write_text("the one before")

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cast, "_line", full)
    with pytest.raises(FormatError, match=r"a\.cast cannot be written: No space left.*folder"):
        write(hostile(), path)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["the one before"]


def test_all_pictures_come_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = dashboard(1)
    calls = []

    def once(film: Film, *more: object) -> str:
        calls.append(more)
        if len(calls) > 1:
            raise RuntimeError("a mistake of ours")
        return "<svg/>"

    monkeypatch.setattr("tui.recording.svg.svg", once)
    with pytest.raises(RuntimeError):
        write(film, tmp_path / "a.svg")
    assert len(calls) == 2 and not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="No such file or directory"):
        write(hostile(), tmp_path / "none" / "a.cast")


def test_the_transcript_tells_the_story_in_order(tmp_path: Path) -> None:
    film = film_of(
        [line(10, ("one", look())), line(10, ("", look()))],
        step_ms=3_700_000,
        title="Hot",
        chapters=(Note(0, "Calm"), Note(65_000, "Hot")),
        captions=(Caption(0, "All is well."), Caption(9_000, ""), Caption(65_000, "Look:")),
    )
    write(film, tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == (
        "Hot\n===\n\n1:01:40 long, 10 x 2 cells.\n\n"
        "[0:00] Calm\n  0:00  All is well.\n\n[1:05] Hot\n  1:05  Look:\n\n"
        "The last screen:\n\none\n"
    )


def test_hostile_texts_make_a_transcript(tmp_path: Path) -> None:
    write(hostile(), tmp_path / "a.txt")
    text = (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert all(each.replace("\ud83d", "?") in text for each in HOSTILE)


def test_the_frame_at_an_instant() -> None:
    film = film_of(*[[line(4, (text, look()))] for text in "abc"])
    assert [frame_at(film, at).at_ms for at in (-5, 0, 99, 100, 250, 9_999)] == [
        0, 0, 0, 100, 200, 200,
    ]  # fmt: skip


@FFMPEG
def test_a_video_has_the_films_length_size_and_chapters(tmp_path: Path) -> None:
    film = dashboard(2, width=61, height=31)
    hostile_notes = tuple(Note(n * 300, text) for n, text in enumerate(HOSTILE))
    film = replace(film, chapters=hostile_notes, title="a=b;#c\\")
    (path,) = write(film, tmp_path / "a.mp4")
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-print_format", "json", "-show_streams", "-show_format",
         "-show_chapters", str(path)],
        capture_output=True, check=True,
    )  # fmt: skip
    about = json.loads(probe.stdout)
    video = next(each for each in about["streams"] if each["codec_type"] == "video")
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 488, 496)
    assert float(about["format"]["duration"]) == pytest.approx(2, abs=0.1)
    assert about["format"]["tags"]["title"].rstrip() == "a=b;#c\\"
    assert [each["tags"]["title"] for each in about["chapters"]] == [
        each.replace("\ud83d", "?").replace("\ufffe", "\ufffd") for each in HOSTILE
    ]
    first = hashlib.sha256(path.read_bytes()).digest()
    write(film, path)
    assert hashlib.sha256(path.read_bytes()).digest() == first


def test_without_ffmpeg_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FormatError, match=r"needs ffmpeg.*apt install ffmpeg"):
        write(hostile(), tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_a_failing_ffmpeg_is_told_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ffmpeg").write_text("#!/bin/sh\necho Unknown encoder libx264 >&2\nexit 8\n")
    (tools / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(FormatError, match=r"code 8: Unknown encoder libx264.*another format"):
        mp4.write_mp4(hostile(), tmp_path / "a.mp4", font_px=13, fps=10)
    assert [path.name for path in tmp_path.iterdir()] == ["tools"]


def test_naming_a_format_imports_nothing_heavy() -> None:
    script = (
        "import sys; from tui.recording.formats import kind_of; from pathlib import Path; "
        "kind_of(Path('a.gif')); "
        "print(*sorted({'PIL', 'numpy', 'textual', 'rich', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
