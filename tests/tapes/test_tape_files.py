"""Tapes as files: what is wrong is told with its line, all at once; nothing breaks the reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui.cli import main
from tui.tapes.library import find, shipped_names
from tui.tapes.problems import TapeError
from tui.tapes.reading import read_tape

HEAD = "title: A tape\nlab: {seed: 1, shards: 2}\nsteps:\n"


def wrong(folder: Path, text: str | bytes) -> list[str]:
    """The problems of a tape, a line each."""
    path = folder / "tape.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(TapeError) as caught:
        read_tape(path)
    return str(caught.value).splitlines()


def test_a_good_tape_has_its_steps_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "tape.yaml"
    path.write_text(HEAD + "  - press: a\n  - sleep: 1.5s\n  - until: lag < 5\n    timeout: 2m\n")
    tape = read_tape(path)
    assert [(p.number, p.place.line, p.step.VERB) for p in tape.steps] == [
        (1, 4, "press"), (2, 5, "sleep"), (3, 6, "until"),
    ]  # fmt: skip
    assert tape.settings.shards == 2 and tape.title == "A tape"


@pytest.mark.parametrize(
    ("steps", "line", "says"),
    [
        ("  - pres: a\n", 4, "did you mean press"),
        ("  - press: no_such_key\n", 4, "no_such_key"),
        ("  - sleep: soon\n", 4, "soon"),
        ("  - press: a\n  - until: lagg < 5\n", 5, "did you mean lag"),
        ("  - until: lag\n", 4, "compare it with something"),
        ("  - until: lag <\n", 4, "cannot be read"),
        ("  - until: __import__('os').system('true')\n", 4, "tape.yaml:4"),
        ("  - until: lag < 5\n    timeot: 5s\n", 5, "did you mean timeout"),
        ("  - inject: payment_outtage\n", 4, "did you mean payment_outage"),
        ("  - set: {keyy: country}\n", 4, "did you mean key"),
        ("  - set: {key: country:}\n", 4, "tape.yaml"),
        ("  - include: nowhere.yaml\n", 4, "nowhere.yaml"),
        ("  - wait: {screen: /(/}\n", 4, "tape.yaml:4"),
        ('  - caption: "{nothing_known}"\n', 4, "nothing_known"),
        ("  - caption: '{lag.__class__}'\n", 4, "tape.yaml:4"),
        ("  - screenshot: ../../etc/passwd\n", 4, "tape.yaml:4"),
        ("  - press: a\n    press: b\n", 5, "twice"),
        ("  - [press, a]\n", 4, "tape.yaml:4"),
    ],
)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, steps: str, line: int, says: str
) -> None:
    lines = wrong(tmp_path, HEAD + steps)
    assert any(f"tape.yaml:{line}" in each and says in each for each in lines), lines


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    lines = wrong(
        tmp_path,
        "title: A tape\nlab: {shard: 2}\nsteps:\n  - pres: a\n  - sleep: 1s\n  - until: lagg < 1\n",
    )
    assert [each.split(":")[1].split(" ")[0] for each in lines] == ["2", "4", "6"]


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\x00\x01", b"\xff\xfe", b"[]", b"- a\n- b", b"title: x", b"title: [", b"{" * 2000,
        b"title: !!python/object/apply:os.system [true]\nsteps: [{sleep: 1s}]\n",
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c, *c]\ntitle: x\nsteps: *c\n",
        b"title: x\nsteps:\n" + b"  - sleep: 1s\n" * 100_000,
        b"title: x\nsteps: " + b"[" * 500 + b"]" * 500,
        "title: x\u202e\nsteps:\n  - press: \x1b[31m".encode(),
    ],
)  # fmt: skip
def test_what_is_no_tape_is_refused(tmp_path: Path, text: bytes) -> None:
    for line in wrong(tmp_path, text):
        assert "\x1b" not in line and "\u202e" not in line


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("0[", "tour", 0)
@given(
    st.text(alphabet="abst: -{}[]\n\"'#&*!|>%@`0159.", max_size=200),
    st.sampled_from(shipped_names()),
    st.integers(0, 3000),
)
def test_no_text_breaks_the_reader(tmp_path: Path, text: str, name: str, place: int) -> None:
    good = find(name).read_text()
    path = tmp_path / "tape.yaml"
    for bad in (text, HEAD + text, good[:place] + text + good[place:]):
        path.write_text(bad)
        try:
            read_tape(path)
        except TapeError as error:
            assert str(error)


def test_included_steps_are_part_of_it_and_circles_are_refused(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("steps:\n  - press: a\n  - press: escape\n")
    path = tmp_path / "tape.yaml"
    path.write_text(HEAD + "  - include: part.yaml\n  - press: h\n")
    try:
        tape = read_tape(path)
    except TapeError:  # a part is a tape with a title of its own
        (tmp_path / "part.yaml").write_text(
            "title: Part\nsteps:\n  - press: a\n  - press: escape\n"
        )
        tape = read_tape(path)
    assert [Path(p.place.file).name for p in tape.steps] == ["part.yaml"] * 2 + ["tape.yaml"]
    path.write_text(HEAD + "  - include: tape.yaml\n")
    with pytest.raises(TapeError):
        read_tape(path)


@pytest.mark.parametrize("name", shipped_names())
def test_what_ships_is_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "run", name, "--dry-run"]) == 0
    assert "nothing wrong" in capsys.readouterr().out


def test_the_commands_say_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "list"]) == 0
    assert "hot_shard" in capsys.readouterr().out
    assert main(["scenario", "metrics"]) == 0
    assert "max_utilisation" in capsys.readouterr().out
    assert main(["scenario", "run", "hot_shart"]) == 2
    assert "did you mean hot_shard" in capsys.readouterr().err
