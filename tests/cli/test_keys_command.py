"""`dasprep-tui keys` as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.lab_driver import run_cli

ROW = {
    "key", "shards", "view", "max_over_mean", "cv", "gini", "jain", "hottest_share",
    "throttled_share", "distinct_keys", "order_kept",
}  # fmt: skip


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    rows = [{"user": n % 7, "plan": "pro" if n % 10 else "free", "id": f"e{n}"} for n in range(900)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_as_json(tmp_path: Path, sample: Path) -> None:
    done = run_cli(
        "keys", "--sample", str(sample), "--key", "user", "--key", "{plan}:{user}", "--key",
        "country", "--shards", "4,8", "--view", "msk", "--rate", "5000", "--json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [(row["key"], row["shards"]) for row in rows] == [
        ("user", 4), ("user", 8), ("{plan}:{user}", 4), ("{plan}:{user}", 8),
    ]  # fmt: skip
    assert all(set(row) == ROW and row["view"] == "msk" for row in rows)
    assert rows[0]["distinct_keys"] == 7
    assert done.stderr == "left out: country: no record has the field country\n"


def test_the_table_for_people(tmp_path: Path, sample: Path) -> None:
    done = run_cli(
        "keys", "--sample", "-", "--rate", "5000", cwd=tmp_path, stdin=sample.read_text()
    )
    assert done.returncode == 0, done.stderr
    assert "900 records of" in done.stdout and "1,048,576 bytes/s" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    constant = next(line for line in lines if line[:2] == ["constant", "4"])
    assert constant[2:8] == ["4.00", "1.73", "0.75", "0.25", "100.0%", "80.0%"]
    assert "left out: country: no record has the field country" in done.stderr
    course = run_cli(
        "keys", "--sample", str(sample), "--key", "user", "--numbers", "course", cwd=tmp_path
    )
    assert "1,000,000 bytes/s" in course.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--sample", "none.jsonl"), "there is no file none.jsonl"),
        (("--sample", "SAMPLE", "--key", "country"), "no strategy could be tried"),
        (("--sample", "SAMPLE", "--key", "{a b}"), "not the name of a field"),
        (("--sample", "SAMPLE", "--shards", "4,0"), "whole number from 1"),
        (("--sample", "SAMPLE", "--shards", "20000"), "10,000 are allowed"),
        (("--sample", "SAMPLE", "--rate", "0"), "not a rate"),
        (("--sample", "SAMPLE", "--view", "kafka"), "kinesis"),
        (("--shards", "4"), "There is no lab yet"),
        (("--sample", "."), "directory"),
    ],
)
def test_bad_input_is_one_clear_message(
    tmp_path: Path, sample: Path, arguments: tuple[str, ...], says: str
) -> None:
    given = [str(sample) if part == "SAMPLE" else part for part in arguments]
    done = run_cli("keys", *given, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_line_that_is_no_event_is_named(tmp_path: Path) -> None:
    done = run_cli("keys", "--sample", "-", cwd=tmp_path, stdin='{"a":1}\nnot json\n')
    assert done.returncode == 2
    assert "line 2 is not JSON" in done.stderr


def test_hostile_values_reach_no_terminal(tmp_path: Path) -> None:
    key = "{\x1b[31m}"
    done = run_cli("keys", "--sample", "-", "--key", key, cwd=tmp_path, stdin='{"a":1}\n')
    assert done.returncode == 2 and "\x1b" not in done.stdout + done.stderr
