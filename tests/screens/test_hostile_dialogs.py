"""The key lab and the lineage with texts, numbers and shards that nobody expects."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.widgets import Input

from streaming.lab.alarm_snapshot import BlameView
from streaming.lab.commands import Reply, WindowHistory
from streaming.lab.snapshot import WindowLine
from streaming.lab.stream_snapshot import HeavyKeyView, PredictionView
from tests.screens.conftest import Runner
from tests.screens.fake_alarms import alarms, detectors
from tests.screens.fake_windows import window_history
from tests.screens.fakes import kinesis_shard, kinesis_stream, snapshot
from tests.screens.hostile import PAYLOADS, clean, forbidden
from tests.screens.nasty import nasty_kinesis
from tui.lines import text_of
from tui.panels.base import LinePanel
from tui.views.windowplots import plot_lines

DETECTOR_NUMBERS = (
    "value", "expected_low", "expected_high", "anomaly_score", "novelty", "sustained", "evidence",
    "grade", "confidence",
)  # fmt: skip


@pytest.mark.parametrize(
    ("size", "ascii"), [((120, 40), False), ((80, 24), True), ((30, 12), False)]
)
@pytest.mark.parametrize("key", ["", "e", "h", "t", "a", "ad"])
async def test_key_lab_and_lineage(lab: Runner, size: Any, ascii: bool, key: str) -> None:
    async with lab(size=size, ascii=ascii) as hand:
        await hand.pilot.press(*key)
        for seq, payload in enumerate(PAYLOADS.values()):
            await hand.show(msgspec.structs.replace(nasty_kinesis(payload), seq=seq + 2))
            clean(hand)
            if key:
                await hand.pilot.press("pagedown")
                clean(hand)
        if key:
            for panel in hand.app.screen.query(LinePanel):
                assert not ascii or all(line.isascii() for line in panel.texts)
            await hand.pilot.press("f2")
            clean(hand)
        assert hand.app.return_code is None


@pytest.mark.parametrize("ascii", [False, True])
async def test_window_plots(lab: Runner, ascii: bool) -> None:
    """Keys from outside, and values that are no numbers one can draw."""
    odd = (float("nan"), float("inf"), -1e300, 1e300, None)
    async with lab(size=(80, 24), ascii=ascii) as hand:
        for seq, payload in enumerate(PAYLOADS.values()):
            points = tuple((seq + place, value) for place, value in enumerate(odd))
            line = WindowLine(payload, points)
            lines = plot_lines(payload, [line, line], 70, 8, hand.app.glyphs)
            drawn = "".join(text_of(each) for each in lines)
            assert not list(forbidden(drawn))
        hand.link.answers[WindowHistory] = window_history((payload, "", "x"))
        await hand.pilot.press("t", "p")
        await hand.sees("12:03:04")
        clean(hand)


@pytest.mark.parametrize("key", ["e", "h"])
async def test_answers_in_place(lab: Runner, key: str) -> None:
    async with lab(snapshot(streams=(kinesis_stream(),)), size=(80, 24)) as hand:
        for seq, payload in enumerate(PAYLOADS.values()):
            hand.link.reply = Reply(bool(seq % 2), f"said {seq} {payload}")
            await hand.pilot.press(key)
            await hand.pilot.press(*("down", "enter") if key == "e" else ("a",))
            await hand.sees(f"said {seq} ")
            clean(hand)
            await hand.pilot.press("escape")


async def test_what_is_pasted_into_the_inputs(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("e")
        for payload in PAYLOADS.values():
            for field in hand.app.screen.query(Input):
                field.value = payload
            await hand.pilot.pause()
            clean(hand)
            assert all(not list(forbidden(f.value)) for f in hand.app.screen.query(Input))
            await hand.pilot.press("enter")
            clean(hand)
        assert hand.link.sent == []


async def test_many_shards_in_the_dialogs(lab: Runner) -> None:
    shards = tuple(
        kinesis_shard(id, id / 200, (id + 1) / 200, "open", parents=(id - 1,)) for id in range(200)
    )
    counts = tuple(range(200))
    many = msgspec.structs.replace(
        kinesis_stream(),
        shards=shards,
        epochs=tuple(
            msgspec.structs.replace(item, counts=counts, shards=200)
            for item in kinesis_stream().epochs
        ),
    )
    for size in ((120, 40), (80, 24)):
        async with lab(snapshot(streams=(many,)), size=size) as hand:
            await hand.pilot.press("h", "G")
            await hand.until(lambda: any("> " in line and "199" in line for line in hand.lines))
            await hand.pilot.press("escape", "e")
            await hand.sees("per shard")
            clean(hand)


async def test_odd_numbers_in_the_dialogs(lab: Runner) -> None:
    for value in (float("nan"), float("inf"), -float("inf"), -1.0, 1e300):
        whole = -5 if value < 0 else 10**18
        view = kinesis_stream()
        shards = tuple(
            msgspec.structs.replace(
                s,
                kinesis=msgspec.structs.replace(
                    s.kinesis,
                    width=value,
                    load=value,
                    throttled_per_s=value,
                    start="9" * 5000 if s.id % 2 else "-1",
                ),
            )
            for s in view.shards
            if s.kinesis is not None
        )
        measures = ("max_over_mean", "cv", "gini", "jain", "hottest_load", "distinct_keys")
        broken = msgspec.structs.replace(
            view,
            shards=shards,
            throttled_per_s=value,
            waiting=whole,
            epochs=tuple(
                msgspec.structs.replace(
                    item,
                    **dict.fromkeys(measures, value),
                    began_at_ms=10**18,
                    records=whole,
                    counts=(whole, 0),
                    predicted=PredictionView(value, value, value, whole),
                )
                for item in view.epochs
            ),
            heavy=(HeavyKeyView("k", whole, 10**9),),
        )
        odd = snapshot(
            streams=(broken,),
            alarms=tuple(msgspec.structs.replace(a, value=value) for a in alarms()),
            detectors=tuple(
                msgspec.structs.replace(
                    d, **dict.fromkeys(DETECTOR_NUMBERS, value), trend=(value, 1.0, None),
                    blame=(BlameView("x", True, value), *d.blame),
                )
                for d in detectors()
            ),
        )  # fmt: skip
        for keys in ("e", "h", "a", "ad"):
            async with lab(odd, size=(80, 24)) as hand:
                await hand.pilot.press(*keys)
                await hand.sees("esc closes")
                clean(hand)
                assert hand.app.return_code is None
