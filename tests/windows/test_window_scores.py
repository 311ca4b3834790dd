"""`[windows.scores.NAME]`: what can be, the line of what cannot be, and what the commands tell."""

from pathlib import Path

import pytest

from streaming.anomaly.plan import plan_detectors
from streaming.declarations.file import DeclarationsError, read_declarations
from streaming.declarations.specification import Declarations
from streaming.windows.planning import make_plan
from tui.cli import main

FILE = """\
[[windows]]
name = "pulse"
stream = "clicks"
size = "5s"
[windows.values]
clicks = "count()"
load_mean = "avg(load_ms)"
page = "last(page)"
[windows.scores.unlike]
values = ["clicks", "log(load_mean)"]
"""
HOTSPOTS = """\
function = "HOTSPOTS"
windowSize = 100
scanRadius = 0.5
minimumNumberOfPointsInAHotspot = 5
"""


def read(tmp_path: Path, text: str) -> Declarations:
    path = tmp_path / "dasprep.toml"
    path.write_text(text)
    return read_declarations(path)


@pytest.mark.parametrize(
    ("more", "line", "says"),
    [
        ("numberOfTrees = 0\n", 11, "numberOfTrees: numberOfTrees is 1 to 1,000, not 0"),
        ("shingleSize = 31\n", 11, "shingleSize is 1 to 30"),
        ("subSampleSize = 10.5\n", 11, "subSampleSize is a whole number"),
        ("parameters = { shingleSize = 31 }\n", 9, "shingleSize is 1 to 30"),
        ("subSampleSize = 50\ntimeDecay = 50\n", 11, "subSampleSize must be below timeDecay"),
        ("withDirectionality = true\n", 9, "RANDOM_CUT_FOREST has no 'withDirectionality'"),
        ('function = "DETECTOR"\n', 11, "function: it is RANDOM_CUT_FOREST"),
        ('function = "HOTSPOTS"\n', 11, "HOTSPOTS needs windowSize"),
        (HOTSPOTS.replace("0.5", "-1"), 13, "scanRadius is above 0"),
        ("numberOfTrees = 1000\nsubSampleSize = 1000\n", 9, "at most 16"),
        ('colour = "red"\n', 11, "a score has no 'colour'"),
        ('fill = "ones"\n', 11, "fill: "),
        ('prefix = "A B"\n', 11, "prefix: "),
        ('[windows.scores.second]\nvalues = ["clicks"]\n', 11, "a column ANOMALY_SCORE already"),
        ('[windows.scores.other]\nvalues = ["page"]\nprefix = "o_"\n', 12, "no number 'page'"),
        ('[windows.scores.other]\nprefix = "o_"\n', 11, "values: Field required"),
        ('[windows.scores.other]\nvalues = ["clicks", "clicks"]\n', 12, "one is there twice"),
        ('[windows.scores.other]\nvalues = ["a b"]\n', 12, "is no NAME and no log(NAME)"),
        ('[[detectors]]\nname = "a.b"\nwindow = "pulse"\nvalues = ["clicks"]\n', 12, "with a dot"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_line(
    more: str, line: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeclarationsError) as error:
        read(tmp_path, FILE + more)
    assert says in str(error.value)
    assert f", line {line}," in str(error.value), str(error.value)
    assert main(["windows", "check", str(tmp_path / "dasprep.toml")]) == 2
    assert says in capsys.readouterr().err


def test_a_value_that_is_missing_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DeclarationsError, match=r"line 10, values: .* has no number 'clicks'"):
        read(tmp_path, FILE.replace('clicks = "count()"\n', 'views = "count()"\n'))
    first = '[windows.scores.first]\nvalues = ["nothing"]\nprefix = "f_"\n[windows.values]'
    early = FILE.replace("[windows.values]", first).replace("count()", "counts()")
    with pytest.raises(DeclarationsError, match=r"line 8, values: "):
        read(tmp_path, early)


def test_scores_are_detectors_of_their_window(tmp_path: Path) -> None:
    declared = read(tmp_path, FILE + "numberOfTrees = 5\nsubSampleSize = 20\n")
    (spec,) = (spec for spec in declared.every_detector() if "." in spec.name)
    assert (spec.name, spec.window, spec.function) == ("pulse.unlike", "pulse", "RANDOM_CUT_FOREST")
    (detecting,) = plan_detectors([spec], make_plan(1, declared, ["clicks"], 10_000, 7))
    assert detecting.model.parameters == {"numberOfTrees": 5.0, "subSampleSize": 20.0}
    assert detecting.row({"clicks": 3, "load_mean": 99.0}) == [3.0, 2.0]
    assert Declarations.model_validate_json(declared.model_dump_json()) == declared
    alarm = '[[alarms]]\nname = "a"\ndetector = "pulse.unlike"\nthreshold = 2\n'
    assert read(tmp_path, FILE + alarm).alarms[0].detector == "pulse.unlike"


def test_a_window_is_the_same_with_other_scores(tmp_path: Path) -> None:
    with_scores = read(tmp_path, FILE)
    without = read(tmp_path, FILE.partition("[windows.scores")[0])
    plans = [make_plan(1, each, ["clicks"], 10_000, 7) for each in (with_scores, without)]
    assert plans[0] == plans[1]


def test_the_commands_tell_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dasprep.toml"
    why = 'function = "RANDOM_CUT_FOREST_WITH_EXPLANATION"\nwithDirectionality = true\n'
    path.write_text(FILE + why + f'[windows.scores.dense]\nvalues = ["clicks"]\n{HOTSPOTS}')
    assert main(["windows", "check", str(path)]) == 0
    told = capsys.readouterr().out
    assert "  scores dense: HOTSPOTS of clicks, to HOTSPOTS_RESULT\n" in told
    assert "to ANOMALY_SCORE, ANOMALY_EXPLANATION" in told
    assert main(["alarms", "check", str(path)]) == 0
    assert "detector pulse.dense: HOTSPOTS of clicks in pulse" in capsys.readouterr().out
