"""Texts from outside that try to crash, to style, to click or to write to the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from textual.widgets import Input

from streaming.lab.commands import AddConsumer, Reply, Verify
from streaming.lab.link import LabError, LinkLost
from streaming.lab.snapshot import ConsumerView, EventView, LabSnapshot
from streaming.lab.stream_snapshot import HeavyKeyView, PredictionView
from tests.screens.conftest import Hand, Runner
from tests.screens.fakes import (
    NOW_MS,
    kinesis_shard,
    kinesis_stream,
    shard,
    snapshot,
    starting,
    stream,
)
from tui.panels.base import LinePanel
from tui.safe import fit, safe

PAYLOADS = {
    "closing tag": "[/x]",
    "open tag": "a [b unterminated",
    "click": "[@click=app.quit]pay[/]",
    "json": '{"a": ["[/]"]}',
    "escape": "\x1b[31mred\x1b[0m",
    "clipboard": "\x1b]52;c;aGFja2Vk\x07",
    "clipboard st": "\x1b]52;c;aGFja2Vk\x1b\\",
    "title": "\x1b]0;owned\x07",
    "dcs": "\x1bPq#0\x1b\\",
    "c1": "\x9b31m \x9d52;c;eA==\x9c \x90",
    "bidi": "abc\u202ecba\u2066\u2069\u200f",
    "zero width": "a\u200bb\u200dc\ufeffd\u2060e\ufe0f",
    "nul": "a\x00b\x7fc\x08d",
    "surrogate": "a\ud800b",
    "lines": "one\ntwo\rthree\u2028four\u2029five\x85six\x0b\x0c",
    "tags": "x\U000e0041\U000e0042",
    "wide": "漢字" * 40,
    "marks": "e" + "\u0301" * 300,
    "huge": "[b]" * 500_000,
    "private": "\ue000\U000f0000",
    "tab": "a\tb",
    "hangul filler": "\u3164\u115f",
}


def forbidden(text: str) -> Iterator[str]:
    """Yield what a terminal must never be sent by data."""
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            yield f"U+{ord(character):04X}"


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=list(PAYLOADS))
def test_safe_lets_nothing_through(payload: str) -> None:
    text = safe(payload, 50)
    assert not list(forbidden(text))
    assert len(text) <= 50
    text.encode("utf-8")
    assert len(fit(text, 10).encode()) >= 5


def test_safe_keeps_ordinary_words() -> None:
    for text in ("shard 03", "Zürich → 漢字 café", "[b]literal[/b]", ""):
        assert safe(text, 80) == text


def nasty(payload: str) -> LabSnapshot:
    """Put one text wherever a snapshot has a text."""
    view = snapshot()
    shards = tuple(shard(id, owner=payload) for id in range(3))
    odd: Any = payload
    shards += (shard(3, state=odd),)
    event = EventView(1, NOW_MS, "warn", payload, payload)
    return msgspec.structs.replace(
        view,
        detail=payload,
        data_dir=payload,
        key=payload,
        broker=msgspec.structs.replace(view.broker, label=payload, address=payload, state="down"),
        streams=(msgspec.structs.replace(stream(), name=payload, key=payload, shards=shards),),
        consumers=(ConsumerView(payload, 1, "running", (payload,), 1, 1.0, 0),),
        history=tuple(
            msgspec.structs.replace(point, mark=payload if index == 50 else "")
            for index, point in enumerate(view.history)
        ),
        events=(event, msgspec.structs.replace(event, seq=2, level=odd)),
        state="draining",
    )


def clean(hand: Hand) -> None:
    """Look at every cell of the screen, and for actions hidden in their styles."""
    for strip in hand.app.screen._compositor.render_strips():
        assert not list(forbidden(strip.text)), strip.text
        strip.text.encode("utf-8")
        for segment in strip:
            meta = segment.style.meta if segment.style is not None else {}
            assert "pay" not in segment.text or "@click" not in meta


async def test_panels(lab: Runner) -> None:
    async with lab() as hand:
        for seq, payload in enumerate(PAYLOADS.values()):
            await hand.show(msgspec.structs.replace(nasty(payload), seq=seq + 2))
            clean(hand)
            assert hand.app.return_code is None
        assert "DRAINING" in hand.header


async def test_panels_narrow_and_ascii(lab: Runner) -> None:
    async with lab(size=(80, 24), ascii=True) as hand:
        for seq, payload in enumerate(PAYLOADS.values()):
            await hand.show(msgspec.structs.replace(nasty(payload), seq=seq + 2))
            clean(hand)
            for panel in ("header", "shards", "events", "rates"):
                assert all(line.isascii() for line in hand.app.main.query_one(f"#{panel}").texts)


async def test_starting_and_gone(lab: Runner) -> None:
    async with lab(starting()) as hand:
        for payload in PAYLOADS.values():
            await hand.show(starting(payload))
            clean(hand)
            await hand.show(LinkLost(payload))
            clean(hand)


async def test_toasts(lab: Runner) -> None:
    async with lab(size=(120, 100)) as hand:
        for payload in PAYLOADS.values():
            hand.link.reply = Reply(False, "said " + payload)
            hand.app.ask(AddConsumer())
        await hand.until(lambda: len(hand.app._notifications) == len(PAYLOADS))
        await hand.until(lambda: "said [/x]" in hand.text or "said" in hand.text)
        clean(hand)
        hand.app.clear_notifications()
        hand.app.tell(PAYLOADS["click"], ok=True)
        await hand.sees("[@click=app.quit]pay[/]")
        clean(hand)


async def test_dialog(lab: Runner) -> None:
    async with lab() as hand:
        hand.link.reply = Reply(True, "\n".join(PAYLOADS.values()))
        hand.app.ask(Verify(), True)
        await hand.sees("[@click=app.quit]pay[/]")
        clean(hand)
        await hand.pilot.press("G")
        clean(hand)


async def test_palette(lab: Runner) -> None:
    consumers = tuple(
        ConsumerView(payload[:4000], 1, "running", (), 1, 1.0, 0) for payload in PAYLOADS.values()
    )
    async with lab(snapshot(1, consumers=consumers), size=(120, 100)) as hand:
        await hand.pilot.press("ctrl+p")
        await hand.sees("Kill consumer [@click=app.quit]pay[/]")
        clean(hand)
        await hand.pilot.press(*"kill")
        await hand.sees("Kill consumer [/x]")
        clean(hand)


def nasty_kinesis(payload: str) -> LabSnapshot:
    """Put one text wherever a stream of the Kinesis view and its epochs have one."""
    odd: Any = payload
    view = kinesis_stream()
    shards = tuple(
        msgspec.structs.replace(
            s,
            owner=payload,
            state=odd if s.id == 3 else s.state,
            kinesis=msgspec.structs.replace(
                s.kinesis,
                name=payload,
                start=payload if s.id < 3 else s.kinesis.start,
                end=payload if s.id > 5 else s.kinesis.end,
                lifecycle=odd if s.id == 4 else s.kinesis.lifecycle,
            ),
        )
        for s in view.shards
        if s.kinesis is not None
    )
    texts = dict.fromkeys(("key", "view", "keeps", "loses", "why"), payload)
    stream_ = msgspec.structs.replace(
        view,
        name=payload,
        key=payload,
        limits=odd,
        shards=shards,
        epochs=tuple(msgspec.structs.replace(item, **texts) for item in view.epochs),
        heavy=tuple(HeavyKeyView(payload, 10, shard) for shard in (1, None)),
    )
    return snapshot(streams=(stream_, msgspec.structs.replace(stream_, name="next", view="msk")))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (30, 12)])
@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("key", ["", "e", "h"])
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


@pytest.mark.parametrize("key", ["e", "h"])
async def test_answers_in_place(lab: Runner, key: str) -> None:
    async with lab(snapshot(streams=(kinesis_stream(),)), size=(80, 24)) as hand:
        for ok in (True, False):
            for seq, payload in enumerate(PAYLOADS.values()):
                hand.link.reply = Reply(ok, f"said {seq} {payload}")
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
        for key in ("e", "h"):
            async with lab(snapshot(streams=(broken,)), size=(80, 24)) as hand:
                await hand.pilot.press(key)
                await hand.sees("esc closes")
                clean(hand)
                assert hand.app.return_code is None


async def test_filter_bar_and_frame(lab: Runner) -> None:
    async with lab() as hand:
        for name in ("click", "closing tag", "clipboard", "bidi", "surrogate", "wide"):
            payload = PAYLOADS[name]
            await hand.pilot.press("slash")
            hand.app.main.query_one("FilterInput").value = payload[:40]  # type: ignore[attr-defined]
            await hand.pilot.pause()
            clean(hand)
            await hand.pilot.press("escape")


async def test_odd_numbers(lab: Runner) -> None:
    odd = [float("nan"), float("inf"), -float("inf"), -1.0, 1e300, 0.0]
    views = tuple(
        shard(
            index,
            share=value,
            in_per_s=value,
            out_per_s=value,
            lag=-5 if value < 0 else 10**18,
            lag_ms=value,
            clear_s=value,
            trend=(0, -5, 10**18),
            watermark_at_ms=10**18,
        )
        for index, value in enumerate(odd)
    )
    view = snapshot()
    history = tuple(
        msgspec.structs.replace(point, in_per_s=odd[index % 6], out_per_s=odd[index % 5], lag=-1)
        for index, point in enumerate(view.history)
    )
    broken = msgspec.structs.replace(
        view,
        streams=(msgspec.structs.replace(stream(), shards=views, in_per_s=1e300, lag=10**30),),
        history=history,
    )
    for size in ((120, 40), (80, 24), (30, 10)):
        async with lab(broken, size=size) as hand:
            clean(hand)
            for _ in range(11):
                hand.app.main.shards.sort_next(1)
            assert hand.app.return_code is None


def test_a_lab_errors_text_is_made_harmless_for_stderr() -> None:
    from tui.session import _clean

    for payload in PAYLOADS.values():
        text = _clean(str(LabError(payload)), 2000)
        assert not list(forbidden(text.replace("\n", "")))
