"""What `dasprep-tui sql` writes, and what it will not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tui.cli import main


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "lab.duckdb")) as con:
        con.execute("CREATE TABLE t AS SELECT i FROM range(3000) r(i)")
    return tmp_path


def sql(lab: Path, *arguments: str) -> int:
    return main(["sql", "--data-dir", str(lab), *arguments])


def test_a_whole_result_goes_to_a_file(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("csv", "parquet"):
        out = lab / f"out.{kind}"
        assert sql(lab, "--format", kind, "--out", str(out), "FROM t") == 0
        with duckdb.connect() as con:
            assert con.execute(f"SELECT count(*) FROM '{out}'").fetchall() == [(3000,)]
        told = capsys.readouterr()
        assert "3,000 rows" in told.err and told.out == ""
        assert sql(lab, "--format", kind, "--out", str(out), "FROM t") == 1
        assert "exists already" in capsys.readouterr().err
        assert sql(lab, "--format", kind, "--out", str(out), "--overwrite", "FROM t LIMIT 1") == 0


def test_what_makes_no_sense_is_told(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql(lab, "--format", "parquet", "FROM t") == 2
    assert "--out" in capsys.readouterr().err
    assert sql(lab, "--format", "json", "--out", str(lab / "x.json"), "FROM t") == 2
    assert sql(lab, "--format", "csv", "--out", str(lab / "x.csv"), "DROP TABLE t") == 1
    assert not (lab / "x.csv").exists() and not (lab / "x.json").exists()
