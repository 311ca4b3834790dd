"""Shards and lineage: the tree, what is done to the shard under the cursor, and why not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streaming.broker import capabilities
from streaming.lab.commands import (
    MergeShards,
    ReadParentsFirst,
    Reply,
    SetAggregation,
    SetCollection,
    SetLimits,
    SetReading,
    SplitShard,
    SwitchKey,
    UpdateShardCount,
)
from streaming.lab.snapshot import CapabilityView, LabSnapshot
from streaming.lab.stream_snapshot import CollectionView, PackingView
from tests.screens.conftest import Runner
from tests.screens.fakes import kinesis_shard, kinesis_stream, snapshot, starting, stream
from tui import deeds
from tui.glyphs import ASCII, UNICODE
from tui.lines import text_of, width_of
from tui.palette import entries
from tui.views.header import header
from tui.views.lineage import branches, heading, lineage
from tui.views.shards import Order, column_at, next_column, rows
from tui.views.shards import heading as table_heading


def kinesis(seq: int = 1, **changes: Any) -> LabSnapshot:
    more = {name: changes.pop(name) for name in ("parents_first", "readers") if name in changes}
    return snapshot(seq, streams=(kinesis_stream(**changes), stream("orders", 4)), **more)


def without_partitions() -> LabSnapshot:
    view = snapshot()
    lacks = CapabilityView(deeds.ADD_PARTITIONS, "add partitions", "it is a [b]replica[/b]")
    broker = msgspec.structs.replace(view.broker, capabilities=(lacks,))
    return msgspec.structs.replace(view, broker=broker)


def test_the_capability_is_the_broker_s_own() -> None:
    assert deeds.ADD_PARTITIONS == capabilities.ADD_PARTITIONS


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        ("d", SplitShard("clicks", 0)),
        ("jjd", SplitShard("clicks", 4)),
        ("m", None),
        ("jjjjm", MergeShards("clicks", 7, 8)),
        ("jjjjjm", MergeShards("clicks", 8, 6)),
        ("l", SetLimits("course")),
        ("p", ReadParentsFirst(False)),
        ("a", SetAggregation("kpl")),
        ("c", SetCollection(False)),
        ("o", SetReading(1, True)),
        ("n5", UpdateShardCount("clicks", 5)),
    ],
)
async def test_each_key_sends_its_command(lab: Runner, keys: str, command: Any) -> None:
    async with lab(kinesis()) as hand:
        hand.link.reply = Reply(True, "it [b]is[/b] so")
        await hand.pilot.press("h", *keys, *(["enter"] if "n" in keys else []))
        expected = [MergeShards("clicks", 0, 4)] if command is None else [command]
        await hand.until(lambda: hand.link.sent == expected)
        await hand.sees("✓ done: it [b]is[/b] so")


async def test_what_cannot_be_done_says_why(lab: Runner) -> None:
    async with lab(kinesis(), size=(80, 24)) as hand:
        await hand.pilot.press("h", "j", "d")
        await hand.sees("not done: Split shard 01 of clicks: shard 01 is not")
        await hand.pilot.press("m")
        await hand.sees("not done: Merge shard 01")
        await hand.pilot.press("g", *"jjjjjjj", "m")
        await hand.sees("no open shard's hash keys")
        await hand.pilot.press("n", "0", "enter")
        await hand.sees("type a number from 1 to")
        assert hand.link.sent == []


async def test_a_refusal_of_the_service_is_shown(lab: Runner) -> None:
    async with lab(kinesis()) as hand:
        hand.link.reply = Reply(False, "LimitExceededException: [/x]")
        await hand.pilot.press("h", "d")
        await hand.sees("▲ not done: LimitExceededException: [/x]")


async def test_limits_go_round_and_switches_turn(lab: Runner) -> None:
    for now, then in (("off", "today"), ("today", "course"), ("course", "off")):
        deed = deeds.limits(kinesis_stream(limits=now))
        assert deed.commands == (SetLimits(then),)
    assert deeds.parents_first(kinesis_stream(), snapshot(parents_first=False)).commands == (
        ReadParentsFirst(True),
    )
    packed = PackingView("kpl", 94.4, 0.955, 51.2)
    assert deeds.aggregation(kinesis_stream(packing=packed)).commands == (SetAggregation("off"),)
    naive = deeds.naive_aggregation(kinesis_stream())
    assert naive.commands == (SetAggregation("naive"),)
    alone = CollectionView(False, 740.0, 1.0, 6012.4, 9800)
    calling = deeds.collection(kinesis_stream(collection=alone))
    assert calling.commands == (SetCollection(True),)
    assert deeds.collection(kinesis_stream(view="msk")).why == deeds.NOT_KINESIS
    assert deeds.polled_by(kinesis_stream(), 5).commands == (SetReading(5, False),)
    shared = snapshot(readers=5)
    assert deeds.fan_out(kinesis_stream(), shared).commands == (SetReading(5, True),)
    async with lab(kinesis(packing=packed, parents_first=False, readers=5)) as hand:
        await hand.pilot.press("h")
        await hand.sees("packs of 94")
        assert "1 of 5 readers" in hand.text
        assert "children at once" in hand.text and "not aggregated" not in hand.text
    async with lab(kinesis(collection=alone)) as hand:
        await hand.pilot.press("h")
        await hand.sees("one a call, 740 calls/s")
        await hand.sees("6,012 ms to a call")


async def test_the_cursor_stays_on_its_shard(lab: Runner) -> None:
    async with lab(kinesis()) as hand:
        await hand.pilot.press("h", "G")
        await hand.until(lambda: any("> 03" in line for line in hand.lines))
        grown = kinesis_stream()
        more = kinesis_shard(9, 0, 1 / 8, "open", parents=(0,))
        grown = msgspec.structs.replace(grown, shards=(*grown.shards, more))
        await hand.show(snapshot(2, streams=(grown,)))
        assert any("> 03" in line for line in hand.lines)
        assert any("└─09" in line for line in hand.lines)
        await hand.pilot.click("#lineage", offset=(10, 4))
        await hand.until(
            lambda: any(line.startswith("│ > ") and "01" in line for line in hand.lines)
        )


async def test_a_topic_has_no_ranges_and_says_so(lab: Runner) -> None:
    async with lab(snapshot(), size=(80, 24)) as hand:
        await hand.pilot.press("h")
        await hand.sees("clicks is a Kafka topic")
        assert "Split" not in hand.lines[-2] and "n Number" in hand.lines[-2]
        await hand.pilot.press("d", "m", "l", "p", "a", "n", *"24", "enter")
        await hand.until(lambda: hand.link.sent == [SwitchKey("clicks", "country", 24)])
        await hand.sees("✓ done")
        await hand.pilot.press("n", *"3", "enter")
        await hand.sees("partitions can only be added, and")


async def test_a_broker_that_cannot_add_partitions_says_why(lab: Runner) -> None:
    async with lab(without_partitions()) as hand:
        await hand.pilot.press("h")
        await hand.sees("Here none can be added: it is a [b]replica[/b].")
        await hand.pilot.press("n", *"24", "enter")
        await hand.sees("not done: Have 24 partitions in clicks: it is a [b]replica[/b]")
        assert hand.link.sent == []


async def test_keys_change_with_the_view(lab: Runner) -> None:
    async with lab(kinesis()) as hand:
        await hand.pilot.press("h")
        await hand.sees("d Split")
        await hand.pilot.press("f2")
        await hand.sees("orders is a Kafka topic")
        await hand.until(lambda: "d Split" not in hand.text)
        await hand.pilot.press("f2")
        await hand.sees("d Split")
        await hand.pilot.press("q")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_before_the_lab_runs(lab: Runner) -> None:
    async with lab(starting(), size=(80, 24)) as hand:
        await hand.pilot.press("h", "n", "4", "enter")
        await hand.sees("The lab is not running yet.")
        assert hand.link.sent == []


async def test_palette_has_every_deed_with_its_reason(lab: Runner) -> None:
    async with lab(kinesis()) as hand:
        found = {entry.title: entry for entry in entries(hand.app, hand.app.newest)}
        for title in (
            "Key lab",
            "Shards and lineage",
            "Split shard 00 of clicks",
            "Merge shard 00 of clicks with 04",
            "Limits off",
            "Limits course",
            "Parents first off",
            "Aggregation on",
            "Collection off",
            "Change the number of shards of clicks",
        ):
            assert not found[title].why, title
        assert "Limits today" not in found
        found["Split shard 00 of clicks"].run()
        await hand.until(lambda: hand.link.sent == [SplitShard("clicks", 0)])
        found["Shards and lineage"].run()
        await hand.sees("HASH KEYS")
    async with lab(without_partitions()) as hand:
        found = {entry.title: entry for entry in entries(hand.app, hand.app.newest)}
        assert found["Split shard 00 of clicks"].why == deeds.NOT_KINESIS
        assert found["Limits today"].why and found["Aggregation on"].why
        found["Add partitions to clicks"].run()
        await hand.sees("it is a [b]replica[/b]")
        assert hand.link.sent == []


async def test_help_tells_of_the_dialogs_and_their_keys(lab: Runner) -> None:
    async with lab(size=(100, 240)) as hand:
        hand.app.set_keymap({"lineage.split": "z"})
        await hand.pilot.press("question_mark")
        await hand.sees("In shards and lineage")
        assert any(" z " in line and "Split" in line for line in hand.lines)
        assert "WAITING" in hand.text and "THR/S" in hand.text


def test_a_circle_of_parents_ends() -> None:
    views = [
        kinesis_shard(0, 0, 0.5, "open", parents=(1,)),
        kinesis_shard(1, 0.5, 1, "open", parents=(0,)),
        kinesis_shard(2, 0, 1, "open", parents=(2, 99)),
    ]
    assert sorted(branch.shard.id for branch in branches(views)) == [0, 1, 2]


def test_ranges_are_drawn_to_scale_and_never_vanish() -> None:
    ids, lines = lineage(kinesis_stream(), 116, UNICODE)
    drawn = dict(zip(ids, (text_of(line) for line in lines), strict=True))
    assert drawn[6].count("█") == 2 * drawn[0].count("█") or drawn[6].count("█") >= 28
    assert "▒" in drawn[1] and "closed" in drawn[1] and "WAITING" in drawn[7]
    thin = msgspec.structs.replace(
        kinesis_stream(), shards=(kinesis_shard(0, 0.5, 0.5 + 2**-40, "open"),)
    )
    assert "█" in text_of(lineage(thin, 60, UNICODE)[1][0])


@pytest.mark.parametrize("width", [1, 20, 40, 56, 70, 76, 116, 250])
def test_lines_fit(width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        lines = [heading(width), *lineage(kinesis_stream(), width, glyphs)[1]]
        assert all(width_of(line) <= max(width, 42) for line in lines)


def test_the_table_shows_what_a_shard_of_kinesis_has() -> None:
    view = kinesis_stream()
    assert "LOAD" in text_of(table_heading(Order(), 79, UNICODE, True))
    assert "LOAD" not in text_of(table_heading(Order(), 79, UNICODE))
    table = rows(view, Order(), 79, UNICODE)
    drawn = dict(zip(table.shards, map(text_of, table.lines), strict=True))
    assert 2 not in drawn, "expired"
    assert "× CLOSED" in drawn[1] and "○ WAITING" in drawn[7] and "100%" in drawn[4]
    closed = table.lines[table.shards.index(1)]
    assert {style for _, style in closed} == {"dim"}
    off = msgspec.structs.replace(
        view, shards=tuple(
            msgspec.structs.replace(
                s, kinesis=msgspec.structs.replace(s.kinesis, load=None)
            ) for s in view.shards if s.kinesis
        ),
    )  # fmt: skip
    assert "%" not in text_of(rows(off, Order(), 79, UNICODE).lines[0])
    line = text_of(table_heading(Order(), 118, UNICODE, True))
    assert column_at(line.index("THR/S"), 118, True) == "throttled"
    assert next_column("load", 1, 118, True) == "throttled"
    loads = rows(view, Order("load", True), 79, UNICODE).shards
    assert loads[0] == 4 and set(loads[-3:]) == {1, 3, 5}


def test_the_header_counts_open_shards_and_tells_pressure() -> None:
    from tui.moment import Moment

    wide = text_of(header(Moment(kinesis(), 0), 160, UNICODE))
    assert "5 shards" in wide and "throttled 310/s" in wide and "waiting 1,840" in wide
    calm = kinesis(throttled_per_s=0.0, waiting=0)
    assert "throttled" not in text_of(header(Moment(calm, 0), 160, UNICODE))
