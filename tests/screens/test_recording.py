"""F9 takes down what a person does; replay shows it again, forward and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streaming.lab.commands import CompareKeys, SetRate, SwitchKey
from streaming.lab.link import LinkLost
from tests.recording.takes import Hands, header, news, take
from tests.screens.conftest import Hand, Runner
from tests.screens.fake_keys import compared
from tests.screens.fake_link import FakeLink
from tui.recording.job import Job
from tui.recording.player import Player, ReplayLink
from tui.recording.pressing import point
from tui.recording.shot import Shot
from tui.recording.studio import make
from tui.recording.trace import Answered, News, Pointed, Pressed, read_trace
from tui.recording.tracelink import RECORDED
from tui.recording.writing import TraceWriter
from tui.replaying import ReplayApp


def traces(folder: Path) -> list[Path]:
    return list(folder.glob("lab-*.trace"))


async def test_what_a_person_does_is_taken_down(
    lab: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with lab() as hand:
        await hand.pilot.press("question_mark")
        await hand.sees("Everywhere")
        await hand.pilot.press("escape", "f9")
        await hand.sees("REC 0:00")
        await hand.pilot.press("j", "right_square_bracket")
        await hand.show(news(2))
        await hand.until(lambda: hand.link.sent)
        assert not traces(tmp_path), "it is not there before it is whole"
        await hand.pilot.press("f9")
        await hand.until(lambda: traces(tmp_path))
        await hand.sees("Saved lab-")
        assert "REC" not in hand.text
        await hand.pilot.press("k")
        assert hand.app.link is hand.link
    trace = read_trace(traces(tmp_path)[0])
    assert [e.key for e in trace.events if isinstance(e, Pressed)] == ["j", "right_square_bracket"]
    assert [e.snapshot.seq for e in trace.events if isinstance(e, News)] == [1, 2]
    assert any(isinstance(e, Answered) and isinstance(e.command, SetRate) for e in trace.events)
    assert (trace.header.columns, trace.header.rows) == (120, 40)
    assert not list(tmp_path.glob(".*.part"))


async def test_the_mouse_is_taken_down_and_films_do_the_same(
    lab: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with lab() as hand:
        await hand.pilot.press("f9")
        await hand.sees("REC 0:00")
        row = next(n for n, line in enumerate(hand.lines) if "│   03" in line)
        point(hand.app, "down", 6, row, 1)
        point(hand.app, "up", 6, row, 1)
        await hand.until(lambda: hand.app.main.shards.cursor == 3)
        point(hand.app, "wheel_down", 6, row, 0)
        point(hand.app, "wheel_up", 6, row, 0)
        hand.clocks["monotonic"] += 1.0
        await hand.show(news(2))
        await hand.pilot.press("f9")
        await hand.until(lambda: traces(tmp_path))
    (path,) = traces(tmp_path)
    done = [(e.what, e.x, e.y, e.button) for e in read_trace(path).events if isinstance(e, Pointed)]
    assert done == [
        ("down", 6, row, 1), ("up", 6, row, 1), ("wheel_down", 6, row, 0), ("wheel_up", 6, row, 0),
    ]  # fmt: skip
    assert last_row(path, Shot(120, 40, "textual-dark"), "03").startswith("│>")
    # At another size the click would meet something else.
    assert not last_row(path, Shot(110, 40, "textual-dark"), "03").startswith("│>")


def last_row(trace: Path, shot: Shot, shard: str) -> str:
    """The row of a shard at the end of the trace's film."""
    out = trace.with_suffix(".txt")
    make(Job(str(trace), shot, (str(out),)), lambda said: None, dict(os.environ))
    return next(line for line in out.read_text().splitlines() if f" {shard} " in line)


async def test_a_recording_begins_on_the_live_screen(
    lab: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with lab() as hand:
        await hand.pilot.press("a")
        await hand.until(lambda: len(hand.app.screen_stack) == 2)
        await hand.pilot.press("f9")
        await hand.until(lambda: len(hand.app.screen_stack) == 1)
        hand.app.end_take()
        assert len(traces(tmp_path)) == 1


async def test_where_nothing_can_be_written_nothing_is_recorded(
    lab: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/proc")
    async with lab() as hand:
        await hand.pilot.press("f9")
        await hand.sees("Nothing is recorded")
        assert "REC" not in hand.header


def test_a_player_goes_anywhere(tmp_path: Path) -> None:
    clock = Hands()
    player = Player(read_trace(take(tmp_path / "a.trace")), clock)

    def seq() -> int:
        return player.news.snapshot.seq if isinstance(player.news, News) else -1

    clock.now += 5
    assert (player.at_ms, seq(), player.chapter) == (5000, 10, "First chapter")
    player.step(-1)
    clock.now += 100
    assert (player.at_ms, seq(), player.paused) == (4500, 9, True)
    player.step(1)
    player.step(1)
    assert seq() == 11
    player.faster(1)
    player.pause(False)
    clock.now += 1
    assert (player.at_ms, player.speed) == (7500, 2.0)
    player.skip(-100)
    assert (player.at_ms, player.chapter) == (0, "")
    player.skip(10.8)
    clock.now += 1000
    assert player.ended and player.at_ms == 15_000 and seq() == 30
    player.pause(True)
    player.pause(False)
    assert player.at_ms == 0 and not player.ended


async def test_a_replay_answers_what_it_knows(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "a.trace", header(), Hands())
    writer.news(news(1))
    writer.reply(CompareKeys("clicks"), compared(), 0.1)
    link = ReplayLink(Player(read_trace(writer.close()), Hands()))
    assert await link.send(CompareKeys("orders")) == compared()
    assert await link.send(SwitchKey("clicks", "country")) == RECORDED


async def test_a_recording_is_shown_and_steered(tmp_path: Path) -> None:
    clock = Hands()
    app = ReplayApp(read_trace(take(tmp_path / "a.trace")), monotonic=clock)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        clocks: dict[str, float] = {}
        hand = Hand(pilot, app, FakeLink(), clocks)

        async def at(seconds: float, text: str) -> None:
            clock.now += seconds
            await hand.until(lambda: app.beat() or app.second() or text in hand.text)

        await at(2.0, "1,004")
        await hand.sees("REPLAY 0:02/0:15 x1 First chapter")
        await pilot.press("greater_than_sign")
        await at(1.0, "1,005")
        await at(100.0, "REPLAY PAUSED 0:02/0:15")
        assert "STALE" not in hand.text
        await pilot.press("right_square_bracket", "space")
        await at(1.0, "1,009")
        await hand.sees("x2")
        await pilot.press("shift+left")
        await at(1.0, "REPLAY 0:0")
        await pilot.press("ctrl+end")
        await at(1.0, "REPLAY END 0:15/0:15")
        await hand.sees("1,030")
        await pilot.press("f9")
        await hand.sees("a recording already")
        await pilot.press("ctrl+home")
        await at(1.0, "REPLAY 0:0")
        assert not isinstance(app.player.news, LinkLost)
