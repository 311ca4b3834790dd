"""A tape at work on the screens, with a lab that is a list of snapshots and a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from streaming.lab.commands import Reply, SetRate
from tests.screens.conftest import Hand, Runner, lab, steady  # noqa: F401 - fixtures
from tests.screens.fakes import snapshot, starting
from tui.tapes.reading import read_tape
from tui.tapes.runner import TapeResult, failure_lines, run_tape

HEAD = "title: A tape\nlab: {seed: 1, shards: 2}\nsteps:\n"


class Notes:
    """Takes down what a recorder would hear."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def key(self, key: str) -> None:
        self.heard.append(("key", key))

    def caption(self, text: Mapping[str, str]) -> None:
        self.heard.append(("caption", text.get("de", text.get("en", ""))))

    def marker(self, text: Mapping[str, str]) -> None:
        self.heard.append(("marker", text["en"]))

    def still(self, name: str) -> None:
        self.heard.append(("still", name))

    def hide(self) -> None:
        self.heard.append(("hide", ""))

    def show(self) -> None:
        self.heard.append(("show", ""))


class Clock:
    """Time passes when somebody waits for it; the app gets turns meanwhile."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        for _ in range(20):
            await asyncio.sleep(0)


async def play(hand: Hand, folder: Path, steps: str) -> tuple[TapeResult, Notes, list[str], Clock]:
    path = folder / "tape.yaml"
    path.write_text(HEAD + steps)
    notes, said, clock = Notes(), [], Clock()
    result = await run_tape(
        read_tape(path), hand.app, hand.pilot.press, notes, said.append, clock=clock
    )
    return result, notes, said, clock


async def test_it_presses_tells_waits_and_checks(lab: Runner, tmp_path: Path) -> None:  # noqa: F811
    steps = """\
  - marker: Help
  - caption: {en: "{shards} shards, key {key}", de: "{shards} Shards"}
  - press: a
  - wait: {screen: /What anomaly means/}
  - screenshot: alarms
  - hide
  - press: escape
  - show
  - sleep: 3s
  - expect: {screen: /Shards/, state: shards == 12 and lag > 0}
  - set: {rate: 4000}
"""
    async with lab() as hand:
        result, notes, said, clock = await play(hand, tmp_path, steps)
        assert result.ok, result.failure
        assert hand.link.sent == [SetRate(4000.0)]
    assert notes.heard == [
        ("marker", "Help"), ("caption", "12 Shards"), ("key", "a"), ("still", "alarms"),
        ("hide", ""), ("key", "escape"), ("show", ""),
    ]  # fmt: skip
    assert len(said) == 11 and clock.time >= 3.0


async def test_a_condition_that_does_not_come_names_its_step(
    lab: Runner,  # noqa: F811
    tmp_path: Path,
) -> None:
    async with lab() as hand:
        result, _, _, clock = await play(
            hand, tmp_path, "  - sleep: 1s\n  - until: shards > 99\n    timeout: 5s\n"
        )
    assert not result.ok and result.failure is not None and result.failure.placed is not None
    text = "\n".join(failure_lines(result.failure, 40))
    assert "tape.yaml:5: step 2 failed" in text and "shards > 99" in text
    assert "1 Shards" in text, "what the screen was is told"
    assert 6.0 <= clock.time < 8.0


async def test_what_is_expected_and_refused(lab: Runner, tmp_path: Path) -> None:  # noqa: F811
    async with lab() as hand:
        result, _, _, _ = await play(hand, tmp_path, "  - expect: {absent: /Shards/}\n")
        assert not result.ok
        hand.link.reply = Reply(False, "the load cannot be that")
        result, _, _, _ = await play(hand, tmp_path, "  - set: {rate: 5}\n")
        assert result.failure is not None and "cannot be that" in result.failure.text
        result, _, _, _ = await play(hand, tmp_path, "  - set: {rate: 5}\n    refused: true\n")
        assert result.ok


async def test_a_lab_that_is_never_live_begins_no_tape(
    lab: Runner,  # noqa: F811
    tmp_path: Path,
) -> None:
    async with lab(starting()) as hand:
        result, _, _, clock = await play(hand, tmp_path, "  - sleep: 1s\n")
        assert result.failure is not None and result.failure.placed is None
        assert clock.time >= 90.0
        await hand.show(snapshot(2))
        result, _, _, _ = await play(hand, tmp_path, "  - until: dead_letters == 2\n")
        assert result.ok
