"""`--plain`: sentences without escapes, only what changed, and an end that says so."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from streaming.lab.link import LabError, LinkLost
from tests.screens.fake_chaos import hostile_chaos, troubled
from tests.screens.fake_link import FakeLink
from tests.screens.fakes import NOW_MS, snapshot, starting, stream
from tests.screens.hostile import PAYLOADS, forbidden
from tui.plain import tell
from tui.views.plain import SUMMARY_MS, Teller

ROOT = Path(__file__).parents[2]


def test_what_is_new_is_told_once() -> None:
    teller = Teller()
    first = teller.lines(snapshot(1))
    text = "\n".join(first)
    assert first[0] == "12:03:44 the lab is live"
    assert "12:03:44 clicks shard 03 is hot" in first and "shard 00" not in text
    assert "12:03:31 alarm: shard: shard 03 is hot: 768 records/s, the median is 148" in first
    assert "12:03:44 alarm " in text and "ALARM" in text
    assert "consumer c-0, c-1, c-2 are running" in text
    assert any("stored 690,000 records; clicks: in 2,546 a second" in line for line in first)
    assert teller.lines(snapshot(2)) == []


def test_changes_name_what_was_before() -> None:
    teller = Teller()
    teller.lines(snapshot(1))
    told = teller.lines(troubled(2))
    assert "12:03:44 consumer c-1 is dead, before: running" in told
    assert any("the traffic is running, shape ramp, before: running" in line for line in told)
    calm = snapshot(3, streams=(), consumers=(), alarms=())
    gone = "\n".join(teller.lines(calm))
    assert "consumer c-0 is gone" in gone and "was 0" not in gone


def test_numbers_come_at_most_every_ten_seconds() -> None:
    teller = Teller()
    teller.lines(snapshot(1))
    busy = msgspec.structs.replace(stream(), lag=5)
    assert teller.lines(snapshot(2, streams=(busy,), at_ms=NOW_MS + 500)) != []
    late = snapshot(3, streams=(busy,), at_ms=NOW_MS + SUMMARY_MS)
    assert [line for line in teller.lines(late) if "lag 5" in line]
    unknown = msgspec.structs.replace(stream(), lag=None, in_per_s=None)
    later = snapshot(4, streams=(unknown,), at_ms=NOW_MS + 2 * SUMMARY_MS)
    assert [line for line in teller.lines(later) if "in - a second" in line and "lag -" in line]


def test_a_new_engine_is_told_anew() -> None:
    teller = Teller()
    teller.lines(snapshot(1))
    assert teller.lost("killed [/x]") == "the engine is gone: killed [/x]"
    assert "12:03:44 the lab is live" in teller.lines(snapshot(1))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=list(PAYLOADS))
def test_nothing_a_terminal_would_act_on(payload: str) -> None:
    teller = Teller()
    events = (msgspec.structs.replace(snapshot().events[0], kind=payload, text=payload),)
    view = msgspec.structs.replace(
        hostile_chaos(payload), detail=payload, events=events, streams=(stream(payload),)
    )
    for line in [*teller.lines(view), teller.lost(payload)]:
        assert not list(forbidden(line)) and len(line) <= 500


async def test_it_follows_a_lab_and_lets_go_of_it() -> None:
    link = FakeLink(starting("topics"), snapshot(2), LinkLost("it sends no more"))
    said: list[str] = []
    telling = asyncio.create_task(tell(link, said.append, ascii=True))
    async with asyncio.timeout(20):
        while not any("it sends no more" in line for line in said):
            await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(telling, 20) == 128 + signal.SIGTERM
    assert link.closed == 1
    assert said[0].endswith("the lab is starting: topics") and all(s.isascii() for s in said)


async def test_a_lab_that_cannot_start_is_an_error() -> None:
    link = FakeLink(error=LabError("no disk"))
    with pytest.raises(LabError):
        await tell(link, lambda _: None)
    assert link.closed == 1


@pytest.mark.parametrize("arguments", [("--plain",), ()])
def test_without_a_terminal(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Lines where they were asked for; else a hint and exit code 2, and no lab."""
    (tmp_path / "wrong.toml").write_text("[lab]\nrate = -1\n")
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", *arguments, "--config", "wrong.toml"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "\x1b" not in done.stderr + done.stdout
    assert ("rate" if arguments else "dasprep-tui --plain") in done.stderr
