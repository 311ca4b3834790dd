"""The screen over a real lab, in a real pseudo-terminal; and a second view of the same lab."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from streaming.lab.client import AttachedLab
from streaming.lab.commands import SetRate
from streaming.lab.link import LabError, LinkLost
from tests.pipeline.lab_driver import alive, assert_exact, lab
from tests.pipeline.pseudo_terminal import terminal

SIZES = [(120, 40), (80, 24)]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
async def test_the_lab_on_the_screen(tmp_path: Path, columns: int, rows: int) -> None:
    async with terminal(tmp_path, columns, rows, "--shards", "6", "--rate", "1500") as screen:
        await screen.until("LIVE", "customer_id", "c-0", "c-1", " 05 ", "Help")
        family = psutil.Process(screen.process.pid).children(recursive=True)
        screen.press(b"q")
        assert await screen.ended() == 0
        assert screen.is_restored()
        assert not alive(family)


async def test_a_lab_that_cannot_start_says_why_on_a_restored_terminal(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can take it
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with terminal(tmp_path, 120, 40, "--bootstrap", address) as screen:
            assert await screen.ended() == 2
            assert screen.is_restored()
            said = screen.raw[screen.raw.rfind(b"\x1b[?1049l") :].decode()
            assert "No Kafka broker can be reached" in said
            assert "Traceback" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="finds the screen's own process by its parent")
async def test_a_killed_screen_leaves_terminal_and_machine_clean(tmp_path: Path) -> None:
    async with terminal(tmp_path, 120, 40) as screen:
        await screen.until("LIVE")
        guard = psutil.Process(screen.process.pid)
        family = guard.children(recursive=True)
        guard.children()[0].send_signal(signal.SIGKILL)
        assert await screen.ended() == 128 + signal.SIGKILL
        assert screen.is_restored()
        assert not alive(family)


async def test_a_second_view_joins_steers_and_leaves(tmp_path: Path) -> None:
    async with lab(tmp_path) as driven:
        await driven.until(lambda s: s.state == "live")
        second = AttachedLab(tmp_path)
        await second.open()
        news = second.snapshots()
        assert (await anext(news)).data_dir == str(tmp_path)
        assert (await second.send(SetRate(500))).ok
        await driven.until(lambda s: s.traffic.target_per_s == 500, "both views see it")
        await second.close()
        before = driven.latest
        assert before is not None
        await driven.stored(before.store.stored + 500)
        third = AttachedLab(tmp_path)
        await third.open()
        assert_exact(await driven.finish())
        await driven.stop()
        seen = [one async for one in third.snapshots()]
        assert isinstance(seen[-1], LinkLost)
        await third.close()
    with pytest.raises(LabError, match="No lab is running"):
        await AttachedLab(tmp_path).open()
