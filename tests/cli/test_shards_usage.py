"""`dasprep-tui shards` as people type it, without a lab; tests/pipeline has one with a lab."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from msgspec.structs import replace

from streaming.lab.commands import (
    Command,
    MergeShards,
    ReadParentsFirst,
    SetAggregation,
    SetCollection,
    SetLimits,
    SetReading,
    SplitShard,
    SwitchKey,
    UpdateShardCount,
)
from streaming.lab.snapshot import ApplicationView
from streaming.lab.stream_snapshot import (
    CollectionView,
    KinesisShardView,
    PackingView,
    ShardView,
    StreamView,
)
from streaming.shards.kpl import Aggregator, UserRecord
from streaming.shards.shardmap import ShardMap
from tests.pipeline.lab_driver import run_cli
from tests.shards.kafka_moves import moved_share
from tui import cli_texts
from tui.cli import build_parser
from tui.commands import shards_options
from tui.commands.shards import command_of
from tui.commands.shards_table import Row, applications, rows_of, table

DOCS = Path(__file__).parents[2] / "docs"
README = DOCS.parent / "README.md"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("split clicks 3", SplitShard("clicks", 3)),
        ("split clicks shardId-000000000003 --at 99", SplitShard("clicks", 3, "99")),
        ("split clicks 3 --at -5", SplitShard("clicks", 3, "-5")),
        ("merge clicks shardId-000000000012 13", MergeShards("clicks", 12, 13)),
        ("update-count orders 8", UpdateShardCount("orders", 8)),
        ("key clicks country", SwitchKey("clicks", "country")),
        ("key clicks {country}:{device} --shards 6", SwitchKey("clicks", "{country}:{device}", 6)),
        ("limits on", SetLimits("on")),
        ("reading 5", SetReading(5, False)),
        ("reading fan-out", SetReading(1, True)),
        ("limits course", SetLimits("course")),
        ("aggregate off", SetAggregation("off")),
        ("aggregate on", SetAggregation("on")),
        ("aggregate kpl", SetAggregation("kpl")),
        ("aggregate naive", SetAggregation("naive")),
        ("collect off", SetCollection(False)),
        ("collect on", SetCollection(True)),
        ("parents-first off", ReadParentsFirst(False)),
        ("parents-first on", ReadParentsFirst(True)),
    ],
)
def test_what_is_typed_is_what_the_lab_is_asked(typed: str, asked: Command) -> None:
    assert command_of(build_parser().parse_args(["shards", *typed.split()])) == asked


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "ACTION"),
        (("explode",), "invalid choice: 'explode'"),
        (("split", "clicks"), "SHARD"),
        (("split", "clicks", "x3"), "'x3' is no shard"),
        (("split", "clicks", "-1"), "'-1' is no shard"),
        (("split", "clicks", "shardId-"), "is no shard"),
        (("split", "clicks", "0", "--at", ""), "leave --at out"),
        (("merge", "clicks", "1"), "OTHER"),
        (("update-count", "clicks", "0"), "not a whole number from 1"),
        (("key", "clicks", "country", "--shards", "0"), "not a whole number from 1"),
        (("limits", "tomorrow"), "course"),
        (("aggregate",), "required: packing"),
        (("aggregate", "zip"), "naive"),
        (("collect", "maybe"), "'on', 'off'"),
        (("parents-first", "yes"), "'on', 'off'"),
        (("list", "clicks"), "unrecognized arguments"),
        (("key", "clicks", "country\udcff"), "SerializationException: the key is not UTF-8"),
        (("split", "cl\udcffcks", "0"), "the stream is not UTF-8"),
        (("list",), "There is no lab yet"),
        (("split", "clicks", "0"), "There is no lab yet"),
        (("limits", "on", "--data-dir", "nowhere"), "There is no lab in nowhere"),
    ],
)
def test_wrong_usage_and_no_lab_are_one_clear_message(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = run_cli("shards", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    message = done.stderr.strip().splitlines()[-1]
    assert message.startswith("dasprep-tui") and says in message
    assert done.stdout == "" and "Traceback" not in done.stderr


def test_a_lab_that_has_ended_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "lab.duckdb").touch()
    for action in (("list",), ("update-count", "clicks", "8")):
        done = run_cli("shards", *action, "--data-dir", "old", cwd=tmp_path)
        assert done.returncode == 2
        assert "No lab is running in" in done.stderr and "--data-dir" in done.stderr


def typed_in(text: str) -> list[str]:
    """The commands of a text: between backticks, or to the next gap or end of the line."""
    text = re.sub(r"\\\n\s*", " ", text)
    return re.findall(r"dasprep-tui ((?:shards|run|--view)\b.*?)(?=`|\s{3,}|\n|$)", text)


HELP = [text for name, text in vars(shards_options).items() if name.isupper()]
TEXTS = {
    "docs/shards.md": (DOCS / "shards.md").read_text(),
    "docs/keys.md": (DOCS / "keys.md").read_text(),
    "README.md": README.read_text(),
    "the help": "\n".join([*map(str, HELP), cli_texts.TOP_EXAMPLES, cli_texts.RUN_EXAMPLES]),
}


@pytest.mark.parametrize("where", TEXTS)
def test_every_example_parses(where: str) -> None:
    examples = typed_in(TEXTS[where])
    assert any(example.startswith("shards ") for example in examples), examples
    for example in examples:
        options = build_parser().parse_args(shlex.split(example))
        if options.module == "shards" and options.action != "list":
            command_of(options)


def test_the_totals_of_scaling_are_true() -> None:
    rows = re.findall(
        r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", TEXTS["docs/shards.md"], re.M
    )
    assert len(rows) > 5
    for before, after, splits, merges, ever in (map(int, row) for row in rows):
        scaled = ShardMap.even("clicks", before).update_count(after)
        assert (len(scaled.open), len(scaled.shards)) == (after, ever)
        assert before + 2 * splits + merges == ever


def test_every_field_of_the_json_is_explained() -> None:
    explained = re.findall(r"`(\w+)`", TEXTS["docs/shards.md"])
    assert set(Row.__struct_fields__) <= set(explained)


def test_the_aggregate_in_the_docs_is_what_is_packed() -> None:
    block = re.search(r"^f3 89 9a c2 .*?(?=```)", TEXTS["docs/shards.md"], re.M | re.S)
    packer = Aggregator()
    for record in (UserRecord("k1", None, b"x"), UserRecord("k2", None, b"y")):
        assert packer.add(record)
    assert block is not None and bytes.fromhex(block[0]) == packer.finish().data


def test_the_shares_of_moved_keys_are_true() -> None:
    keys = [f"cust-{number:05}".encode() for number in range(40_000)]
    for before, after, share in ((4, 8, 1 / 2), (4, 6, 2 / 3), (4, 5, 4 / 5)):
        assert moved_share(keys, before, after).keys == pytest.approx(share, abs=0.01)


KINESIS = KinesisShardView(
    name="", start="0", end="99", width=0.25, lifecycle="open", parents=(), children=(),
    held=False, load=0.5, throttled=3, throttled_per_s=1.0, waiting=2,
)  # fmt: skip
SHARD = ShardView(
    id=0, records=12345, bytes=99, end_offset=9, stored_offset=9, share=0.5, in_per_s=1000.4,
    out_per_s=1.0, lag=7, lag_ms=3.0, clear_s=None, trend=(), owner="c-0", state="ok",
    watermark_at_ms=None, idle=False,
)  # fmt: skip
STREAM = StreamView(
    name="clicks", key="country", shards=(), skew=None, in_per_s=None, out_per_s=None, lag=None,
    lag_ms=None, watermark_at_ms=None,
)  # fmt: skip


def shard(number: int, kinesis: KinesisShardView | None, **changes: object) -> ShardView:
    return replace(SHARD, id=number, kinesis=kinesis, **changes)


def ranged(number: int, lifecycle: str, **changes: object) -> KinesisShardView:
    return replace(KINESIS, name=f"shardId-{number:012}", lifecycle=lifecycle, **changes)


def stream(*shards: ShardView, **changes: object) -> StreamView:
    return replace(STREAM, shards=shards, **changes)


def test_the_table_of_kinesis_shards() -> None:
    seen = stream(
        shard(0, ranged(0, "closed", load=None), state="closed", in_per_s=None),
        shard(1, ranged(1, "closed", load=None)),
        shard(2, ranged(2, "open", parents=(0, 1), held=True), state="waiting", owner=None),
        view="kinesis", limits="today", waiting=1234,
    )  # fmt: skip
    heading, titles, *lines = table(seen).splitlines()
    assert heading == (
        "clicks, kinesis view, key country, 1 open shards, limits today, "
        "1,234 records wait for full shards"
    )
    assert titles.split() == [
        "id", "name", "width", "state", "parents", "records", "in/s", "load", "throttled", "lag",
        "owner", "range",
    ]  # fmt: skip
    assert [re.split(r"\s{2,}", line.strip()) for line in lines] == [
        ["0", "shardId-000000000000", "25.00%", "closed", "-", "12,345", "-", "-", "3", "7",
         "c-0", "0–99"],
        ["1", "shardId-000000000001", "25.00%", "closed, ok", "-", "12,345", "1,000", "-", "3",
         "7", "c-0", "0–99"],
        ["2", "shardId-000000000002", "25.00%", "waiting", "0+1", "12,345", "1,000", "50%", "3",
         "7", "-", "0–99"],
    ]  # fmt: skip


def test_partitions_of_kafka_have_no_ranges() -> None:
    seen = stream(shard(0, None), shard(1, None, lag=None))
    heading, titles, *lines = table(seen).splitlines()
    assert heading == "clicks, msk view, key country, 2 partitions"
    assert titles.split() == ["id", "state", "records", "in/s", "lag", "owner"]
    assert lines[1].split() == ["1", "ok", "12,345", "1,000", "-", "c-0"]
    row = rows_of(seen)[0]
    assert (row.view, row.name, row.start, row.parents, row.throttled) == ("msk", *[None] * 4)


def test_an_aggregated_stream_says_so() -> None:
    packing = PackingView("kpl", 94.44, 0.955, 51.2)
    seen = stream(shard(0, ranged(0, "open")), view="kinesis", packing=packing)
    heading, packed, titles, _ = table(seen).splitlines()
    assert heading.startswith("clicks, kinesis view") and titles.lstrip().startswith("id")
    assert packed == (
        "aggregated as the KPL does it, 94.4 records a pack, 96% of a pack is data, 51 ms added"
    )
    row = rows_of(seen)[0]
    assert (row.aggregate, row.records_per_pack) == ("kpl", 94.44)
    assert (row.efficiency, row.delay_ms) == (0.955, 51.2)
    seen = replace(seen, packing=PackingView("naive", None, None, None))
    assert table(seen).splitlines()[1] == "aggregated across shards (naive), nothing packed yet"
    row = rows_of(replace(seen, packing=None))[0]
    assert (row.aggregate, row.records_per_pack, row.delay_ms) == ("off", None, None)


def test_a_stream_says_by_which_calls_it_is_put() -> None:
    calls = CollectionView(True, 12.4, 80.51, 61.2, 40)
    seen = stream(shard(0, ranged(0, "open")), view="kinesis", collection=calls)
    assert table(seen).splitlines()[1] == (
        "many records a call (PutRecords), 12 calls/s, 80.5 records a call, 61 ms added"
    )
    row = rows_of(seen)[0]
    assert (row.collect, row.calls_per_s, row.records_per_call, row.call_delay_ms) == (
        True, 12.4, 80.51, 61.2,
    )  # fmt: skip
    seen = replace(seen, collection=CollectionView(False, None, None, None, 0))
    assert table(seen).splitlines()[1] == "one record a call (PutRecord), no call yet"
    row = rows_of(replace(seen, collection=None))[0]
    assert (row.collect, row.records_per_call, row.call_delay_ms) == (None, None, None)


def test_other_applications_are_listed_with_what_they_read() -> None:
    one = ApplicationView("app-1", 42, 7.6, 812_345.0, 1249.0, 0)
    gone = ApplicationView("app-2", None, None, None, None, 3)
    new = ApplicationView("app-3", 43, None, None, None, 0)
    assert applications([one, gone, new]).splitlines() == [
        "other applications that poll these shards:",
        "app-1: 8 reads/s, 812 kB/s, 1.2 s behind",
        "app-2: starts again",
        "app-3: - reads/s, - kB/s, -",
    ]
