"""`dasprep-tui anomaly`: one's own series in, scores out, one clear message for what is none."""

import csv
import io
import random
from pathlib import Path

import pytest

from tui.cli import main


def _series(path: Path, cells: list[str]) -> Path:
    path.write_text("at,x\n" + "".join(f"t{i},{cell}\n" for i, cell in enumerate(cells)))
    return path


def _noise(count: int) -> list[str]:
    roll = random.Random(4)
    return [f"{roll.gauss(100, 5):.3f}" for _ in range(count)]


def _run(*arguments: str) -> int:
    return main(["anomaly", "--time", "at", *arguments])


def test_scores_go_into_a_file_and_the_anomaly_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _series(tmp_path / "in.csv", [*_noise(300), "", "900"])
    out = tmp_path / "scores.csv"
    assert _run("--csv", str(source), "--value", "x", "--out", str(out)) == 0
    told = capsys.readouterr().out
    assert "t301  evidence" in told and "x is high: 900" in told
    assert "302 rows: 1 ANOMALY, 1 MISSING, 44 OK, 256 WARMING" in told
    rows = list(csv.DictReader(out.open()))
    wanted = {"timestamp", "value", "anomaly_score", "evidence", "grade", "state", "expected_low",
              "expected_high"}  # fmt: skip
    assert wanted <= rows[0].keys()
    assert (rows[0]["timestamp"], rows[0]["state"], rows[0]["evidence"]) == ("t0", "WARMING", "")
    assert rows[300]["state"] == "MISSING" and rows[300]["value"] == ""
    assert rows[301]["state"] == "ANOMALY" and float(rows[301]["grade"]) > 0.2
    assert float(rows[301]["expected_low"]) < 100 < float(rows[301]["expected_high"]) < 900
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "scores.csv"}


def test_kinesis_functions_and_their_parameters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _series(tmp_path / "in.csv", _noise(40))
    mode = ("--mode", "rcf", "--set", "subSampleSize=16", "--out", "-")
    assert _run("--csv", str(source), "--value", "x", *mode) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    scores = [float(row["anomaly_score"]) for row in rows]
    assert not any(scores[:16]) and all(scores[16:])
    assert (
        _run("--csv", str(source), "--value", "x", "--mode", "rcf", "--set", "shingleSize=31") == 2
    )
    assert "shingleSize is 1 to 30, not 31" in capsys.readouterr().err
    assert _run("--csv", str(source), "--value", "x", "--set", "numberOfTrees=5") == 2
    assert "parameters are for Kinesis' functions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty: a CSV begins with a line of column names"),
        ("at,x\n", "has a header and no rows"),
        ("at,y\nt0,1\n", "has no column 'x'; it has at, y"),
        ("at,x,x\nt0,1,2\n", "2 columns called 'x'"),
        ("at,x\nt0,1\nt1,NaN\n", "line 3, x: NaN cannot be scored"),
        ("at,x\nt0,-inf\n", "line 2, x: -inf cannot be scored"),
        ("at,x\nt0,1e39\n", "line 2, x: 1e39 cannot be scored"),
        ("at,x\nt0,many\n", "line 2, x: 'many' is not a number"),
        ("at,x\nt0\n", "line 2: 1 cells, and the header has 2"),
        ("at,x\nt0,\x1b[2J\n", "is not a number"),
    ],
)
def test_what_is_no_series_is_refused_with_its_line(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(text)
    out = tmp_path / "out.csv"
    assert _run("--csv", str(source), "--value", "x", "--out", str(out)) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "\x1b" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_files_that_cannot_be_read_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("--csv", str(tmp_path / "no.csv"), "--value", "x") == 2
    assert "No such file" in capsys.readouterr().err
    source = _series(tmp_path / "in.csv", _noise(5))
    nowhere = str(tmp_path / "no" / "out.csv")
    assert _run("--csv", str(source), "--value", "x", "--out", nowhere) == 2
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "raw.csv").write_bytes(b"at,x\nt0,\xff\xfe\n")
    assert _run("--csv", str(tmp_path / "raw.csv"), "--value", "x") == 2
    assert "no CSV" in capsys.readouterr().err
