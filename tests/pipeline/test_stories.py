"""Every tape that ships comes out on a lab of its own: its own conditions are the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.lab_driver import run_cli
from tui.tapes.library import load, shipped_names
from tui.tapes.reference import FIRST

LONG_S = 400
TRIES = 2
"""Stories are told in real time, and what else a machine does may spoil one; not twice."""


def test_thirteen_ship() -> None:
    assert set(shipped_names()) == {
        "tour", "aggregation", "flash_sale", "hot_shard", "kill_consumer", "late_data",
        "more_shards", "parent_first", "payment_outage", "poison_pill", "rate_alarm",
        "replay_after_crash", "split",
    }  # fmt: skip


@pytest.mark.parametrize("name", shipped_names())
def test_each_tells_its_story_with_chapters_captions_stills_and_checks(name: str) -> None:
    tape = load(name)
    verbs = [placed.step.VERB for placed in tape.steps]
    assert tape.story
    assert verbs.count("marker") >= 2 and verbs.count("caption") >= 3
    assert "screenshot" in verbs and "expect" in verbs


@pytest.mark.soak
@pytest.mark.timeout(TRIES * LONG_S + 60)
@pytest.mark.parametrize("name", [str(FIRST), *shipped_names()])
def test_it_comes_out(name: str, tmp_path: Path) -> None:
    for _ in range(TRIES):
        done = run_cli("scenario", "run", name, "--json", "out.json", cwd=tmp_path, timeout=LONG_S)
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr[-6000:]
    said = json.loads((tmp_path / "out.json").read_text())
    assert said["ok"] and len(said["steps"]) == len(load(name).steps)
