"""The live screen at 120x40 on a lab with 64 shards and 10,000 records a second."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.measure import Row, spread
from benchmarks.sides.table_app import HERTZ, SHARDS
from benchmarks.terminal import Terminal
from streaming import platform
from streaming.lab.client import LocalLab
from streaming.lab.settings import LabSettings

RATE: Final = 10_000
WATCHED_S: Final = 15.0
PRESSES: Final = 40
CPU_MS: Final = 25.0
BYTES: Final = 16 * 1024
KEY_P95_MS: Final = 50.0
FIRST_PAINT_S: Final = 1.0
_HERE: Final = Path(__file__).resolve().parents[2]


class Watched(NamedTuple):
    """What a tick cost: CPU in ms, bytes to the terminal."""

    cpu_ms: float
    sent: float


def measure(records: int, rounds: int, folder: Path) -> Row:
    """Watch both screens in turns beside one lab (the sizes are fixed)."""
    row = Row("screen", "live screen", "DataTable", f"<= {CPU_MS:g} ms, <= 16 KiB, p95 <= 50 ms")
    return asyncio.run(_beside(row, rounds, folder))


async def _beside(row: Row, rounds: int, folder: Path) -> Row:
    settings = LabSettings(rate=RATE, shards=SHARDS, consumers=2)
    lab = LocalLab(settings, folder / "lab")
    await lab.open()
    watching = asyncio.create_task(_watch(lab))
    try:
        await asyncio.to_thread(_turns, row, rounds, folder)
    finally:
        watching.cancel()
        await lab.close()
    return row


async def _watch(lab: LocalLab) -> None:
    async for _ in lab.snapshots():
        pass


def _turns(row: Row, rounds: int, folder: Path) -> None:
    ours: list[Watched] = []
    other: list[Watched] = []
    keys: list[float] = []
    paints: list[float] = []
    for _ in range(rounds):
        with_keys = _screen(folder, keys, paints)
        ours.append(with_keys)
        other.append(_table(folder))
    ratios = [theirs.cpu_ms / mine.cpu_ms for mine, theirs in zip(ours, other, strict=True)]
    row.ratio = spread(ratios)
    p95 = statistics.quantiles(keys, n=20)[-1]
    cpu = spread([each.cpu_ms for each in ours])
    sent = spread([each.sent for each in ours])
    row.met = cpu.median <= CPU_MS and sent.median <= BYTES and p95 <= KEY_P95_MS
    row.equal = True
    row.figures = {
        "cpu_ms_a_tick": cpu.median,
        "bytes_a_tick": sent.median,
        "other_cpu_ms_a_tick": statistics.median(each.cpu_ms for each in other),
        "key_p50_ms": statistics.median(keys),
        "key_p95_ms": p95,
        "first_paint_s": min(paints),
    }
    row.notes = [
        f"{cpu.median:.1f} ms ({cpu.low:.1f}–{cpu.high:.1f}) and {sent.median / 1024:.1f} KiB a "
        f"tick at {HERTZ:g} Hz; the other {row.figures['other_cpu_ms_a_tick']:.1f} ms",
        f"key press to paint p50 {statistics.median(keys):.0f} ms, p95 {p95:.0f} ms of "
        f"{len(keys)}; first paint after {min(paints):.2f} s at best (goal {FIRST_PAINT_S:g} s)",
    ]


def _env(folder: Path) -> dict[str, str]:
    """No settings of this user's, and no tour."""
    mine = {"XDG_CONFIG_HOME": str(folder / "config"), "DASPREP_SCREEN_TOUR_HIDDEN": "true"}
    return {**os.environ, **platform.child_env(), **mine, "PYTHONPATH": str(_HERE)}


def _screen(folder: Path, keys: list[float], paints: list[float]) -> Watched:
    arguments = ["-m", "tui.cli", "attach", "--data-dir", str(folder / "lab"), "--hz", "2"]
    terminal = Terminal(arguments, folder, _env(folder))
    try:
        begun = time.monotonic() - terminal.started
        paints.append(begun + terminal.until(lambda text: "dasprep" in text, 60))
        terminal.until(lambda text: "LIVE" in text and "what if" in text, 60)
        watched = _watched(terminal)
        for press in range(PRESSES):
            row = _cursor(terminal.text)
            terminal.press(b"j" if press < PRESSES // 2 else b"k")
            keys.append(1000 * terminal.until(lambda text, row=row: _cursor(text) != row, 10))
        return watched
    finally:
        terminal.close()


def _cursor(text: str) -> str:
    """The shard under the cursor."""
    return next((line[:6] for line in text.splitlines() if line[1:2] == ">"), "")


def _table(folder: Path) -> Watched:
    terminal = Terminal(["-m", "benchmarks.sides.table_app"], folder, _env(folder))
    try:
        terminal.until(lambda text: "shard" in text, 60)
        return _watched(terminal)
    finally:
        terminal.close()


def _watched(terminal: Terminal) -> Watched:
    terminal.watch(2.0)  # what comes with the first paint is no tick's
    cpu_s, sent = terminal.cpu_s(), terminal.written
    terminal.watch(WATCHED_S)
    ticks = WATCHED_S * HERTZ
    return Watched(1000 * (terminal.cpu_s() - cpu_s) / ticks, (terminal.written - sent) / ticks)
