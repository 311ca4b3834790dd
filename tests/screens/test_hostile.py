"""Texts from outside that try to crash, to style, to click or to write to the terminal."""

from __future__ import annotations

import msgspec
import pytest

from streaming.lab.commands import AddConsumer, Reply, Verify
from streaming.lab.link import LabError, LinkLost
from streaming.lab.snapshot import ConsumerView
from tests.screens.conftest import Runner
from tests.screens.fakes import (
    shard,
    snapshot,
    starting,
    stream,
)
from tests.screens.hostile import PAYLOADS, clean, forbidden
from tests.screens.nasty import nasty
from tui.safe import fit, safe


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
