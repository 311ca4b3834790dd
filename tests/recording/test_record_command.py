"""`dasprep-tui record` and `replay`: what is wrong is told, and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recording.takes import take
from tui.cli import main
from tui.demos import write_index

IMPOSSIBLE = """\
title: Never
lab: {seed: 1, shards: 2, rate: 100, consumers: 1}
steps:
  - until: lag < 0
    timeout: 1s
"""


def run(*arguments: object) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as leaving:  # wrong usage
        return int(leaving.code or 0)


def test_films_of_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = take(tmp_path / "a.trace")
    out = tmp_path / "film.gif"
    given = ("--from-trace", trace, "-o", out, "--txt", "--size", "60x16", "--language", "fr")
    assert run("record", *given, "--fps", 2) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.trace", "film.gif", "film.txt",
    ]  # fmt: skip
    assert out.read_bytes().startswith(b"GIF89a")
    assert "60 x 18 cells" in (tmp_path / "film.txt").read_text()
    said = capsys.readouterr().err
    assert "film.gif  " in said and "not told in 'fr': en, de" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-o", "a.gif"), "name a tape, or a trace"),
        (("hot_shard", "--from-trace", "a", "-o", "a.gif"), "and not both"),
        (("--from-trace", "{trace}", "-o", "a.xyz"), ".xyz is no format"),
        (("--from-trace", "{trace}", "-o", "nowhere/a.gif"), "folder of nowhere/a.gif"),
        (("--from-trace", "nowhere.trace", "-o", "a.gif"), "cannot be read"),
        (("--from-trace", "{junk}", "-o", "a.gif"), "not a trace"),
        (("--from-trace", "{trace}", "-o", "a.gif", "--size", "5x5"), "no size such as"),
        (("--from-trace", "{trace}", "-o", "a.gif", "--font-px", "1"), "--font-px goes from"),
        (("no_such_tape", "-o", "a.gif"), "no scenario 'no_such_tape'"),
        (("{wrong}", "-o", "a.gif"), "wrong.yaml:4"),
    ],
)
def test_wrong_usage_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        "{trace}": take(tmp_path / "t.trace"),
        "{junk}": tmp_path / "junk.trace",
        "{wrong}": tmp_path / "wrong.yaml",
    }
    files["{junk}"].write_text("junk")
    files["{wrong}"].write_text(IMPOSSIBLE.replace("until", "untill"))
    before = sorted(tmp_path.iterdir())
    assert run("record", *(files.get(each, each) for each in arguments)) == 2
    assert says in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_a_take_that_fails_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tmp_path / "never.yaml"
    tape.write_text(IMPOSSIBLE)
    out = tmp_path / "a.gif"
    assert run("record", tape, "-o", out, "--trace", tmp_path / "a.trace") == 1
    assert list(tmp_path.iterdir()) == [tape]
    said = capsys.readouterr().err
    assert "never.yaml:4: step 1 failed" in said and "lag < 0" in said


def test_a_replay_needs_a_terminal_and_a_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("replay", take(tmp_path / "a.trace")) == 2
    assert "shown on a terminal" in capsys.readouterr().err


def test_the_list_of_demos_has_what_is_there(tmp_path: Path) -> None:
    write_index(tmp_path)
    assert "<li" not in (tmp_path / "index.html").read_text()
    (tmp_path / "hot_shard.txt").write_text("A film\n======\n\n1:05 long, 120 x 38 cells.\n")
    (tmp_path / "hot_shard-de.html").write_text("")
    write_index(tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert "hot_shard.html" in text and "1:05" in text and "auf Deutsch" in text
