"""Lines made from snapshots, without a screen."""

from __future__ import annotations

import math

import msgspec
import pytest

from streaming.lab.link import LinkLost
from tests.screens.fakes import NOW_MS, history, shard, snapshot, starting, stream
from tui import numbers
from tui.glyphs import ASCII, UNICODE, as_ascii
from tui.lines import crop, text_of, width_of
from tui.moment import Moment
from tui.safe import fit
from tui.views.columns import columns_for
from tui.views.events import events
from tui.views.header import header
from tui.views.rates import nice_top, placed, rates, span_of
from tui.views.shards import Order, column_at, heading, ordered, rows
from tui.views.texts import plain_lines


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (None, 0, "-"),
        (math.nan, 0, "-"),
        (0, 0, "0"),
        (43735, 0, "43,735"),
        (43735, 5, "43.7k"),
        (999_950, 5, "1M"),
        (1_254_000, 6, "1.3M"),
        (-12_345, 5, "-12.3k"),
        (math.inf, 0, "inf"),
        (10**40, 6, "1e+22E"),
    ],
)
def test_counts(value: float | None, width: int, text: str) -> None:
    assert numbers.count(value, width) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0s"),
        (59.4, "59s"),
        (65, "1m05"),
        (3600, "1h00"),
        (math.inf, "∞"),
        (90_000, "1d"),
        (1e12, ">999d"),
        (-3, "0s"),
    ],
)
def test_durations_fit_five_cells(seconds: float | None, text: str) -> None:
    assert numbers.duration(seconds) == text
    assert len(text) <= 5


def test_a_clock_outside_of_time_is_unknown() -> None:
    assert numbers.clock(10**30) == numbers.clock(None) == "-"
    assert numbers.clock(NOW_MS) == "12:03:44"


@pytest.mark.parametrize("width", [0, 1, 5, 20, 40, 59, 60, 79, 80, 99, 100, 120, 160, 300])
def test_no_line_is_wider_than_asked(width: int) -> None:
    view = stream()
    order = Order("lag", True)
    for glyphs in (UNICODE, ASCII):
        lines = [
            heading(order, width, glyphs),
            *rows(view, order, width, glyphs).lines,
        ]
        assert len({width_of(line) for line in lines}) == 1
        assert all(width_of(crop(line, width)) <= width for line in lines)
        for line in rates(history(), width, 9, glyphs):
            assert width_of(line) <= width
        moment = Moment(snapshot(), NOW_MS, lost="x" * 500, paused=True)
        assert width_of(header(moment, width, glyphs)) <= width
        if width:
            assert all(
                width_of(line) <= width for _, line in events(snapshot().events, width, glyphs)
            )


@pytest.mark.parametrize(
    ("width", "ids"),
    [
        (118, "shard share in out lag clear age trend mark burrow owner state"),
        (79, "shard share in out lag clear trend owner state"),
        (60, "shard in out lag clear owner state"),
        (48, "shard in lag clear owner state"),
        (40, "shard in lag clear state"),
        (24, "shard lag state"),
        (5, "shard"),
    ],
)
def test_columns_go_in_order_of_their_worth(width: int, ids: str) -> None:
    columns = columns_for(width)
    assert " ".join(column.id for column in columns) == ids
    assert sum(column.width for column in columns) + len(columns) + 1 <= max(width, 5)


def test_columns_are_found_where_they_are_drawn() -> None:
    line = text_of(heading(Order(), 118, UNICODE))
    for title, id in (("LAG", "lag"), ("OWNER", "owner"), ("IN/S", "in"), ("STATE", "state")):
        assert column_at(line.index(title), 118) == id
    assert column_at(0, 118) is None and column_at(500, 118) is None


def test_unknown_values_sort_last_either_way() -> None:
    views = [shard(0, lag=None), shard(1, lag=3), shard(2, lag=9)]
    assert [view.id for view in ordered(views, Order("lag", False))] == [1, 2, 0]
    assert [view.id for view in ordered(views, Order("lag", True))] == [2, 1, 0]


@pytest.mark.parametrize("column", [column.id for column in columns_for(1000)])
def test_every_column_sorts(column: str) -> None:
    assert len(ordered(stream().shards, Order(column))) == 12


def test_states_are_words_with_shapes() -> None:
    words = {"hot": "▲ HOT", "stalled": "▲ STALLED", "moving": "↻ MOVING", "halted": "● HALTED"}
    for state, word in words.items():
        line = rows(stream_of(shard(0, state=state)), Order(), 80, UNICODE).lines[0]
        assert word in text_of(line)


def stream_of(*views: object) -> object:
    return msgspec.structs.replace(stream(), shards=views)


def test_the_header_keeps_what_matters_when_it_is_narrow() -> None:
    paused = Moment(snapshot(), NOW_MS, paused=True)
    for width in (20, 30, 60, 80, 120):
        assert "PAUSED" in text_of(header(paused, width, UNICODE))
        gone = Moment(snapshot(), NOW_MS, lost="why")
        assert "ENGINE GONE" in text_of(header(gone, width, UNICODE))
    wide = text_of(header(Moment(snapshot(), NOW_MS), 200, UNICODE))
    for text in ("dasprep › clicks", "12 shards", "key country", "3 consumers", "LIVE 2 Hz"):
        assert text in wide
    assert "embedded broker, not Apache Kafka" in wide and "12:03:44" in wide


def test_the_header_tells_the_lab_s_pause_from_the_display_s() -> None:
    assert "LAB PAUSED" in text_of(header(Moment(snapshot(state="paused"), NOW_MS), 120, UNICODE))
    assert "LAB" not in text_of(header(Moment(snapshot(), NOW_MS, paused=True), 120, UNICODE))


def test_a_broker_that_is_down_is_in_the_header() -> None:
    view = snapshot()
    broker = msgspec.structs.replace(view.broker, state="restarting", since_at_ms=NOW_MS - 4000)
    moment = Moment(msgspec.structs.replace(view, broker=broker), NOW_MS)
    assert "BROKER RESTARTING 4s" in text_of(header(moment, 80, UNICODE))


def test_moments_know_when_they_are_old() -> None:
    assert not Moment(None, 0, age_s=99).stale
    assert not Moment(snapshot(), 0, age_s=1.9).stale
    assert Moment(snapshot(), 0, age_s=2.1).stale
    assert Moment(snapshot(), 0, lost=LinkLost("x").reason).stale
    assert Moment(starting(), 0).shown_stream is None
    assert Moment(snapshot(), 0, stream="gone").shown_stream == snapshot().streams[0]


def test_gaps_in_the_measurement_stay_gaps() -> None:
    points = [point for point in history(61) if not 20 <= (NOW_MS - point.at_ms) / 1000 < 40]
    slots = placed(points, lambda point: point.in_per_s, 60, span_of(points))
    assert slots[0] is not None and slots[-1] is not None
    assert all(slot is None for slot in slots[21:38])


def test_measurements_are_joined_when_there_are_more_columns() -> None:
    points = history(61)
    slots = placed(points, lambda point: point.in_per_s, 240, span_of(points))
    assert all(slot is not None for slot in slots)


def test_scales_are_round() -> None:
    assert [nice_top([value]) for value in (0, 1, 7, 2546, 43_735, 10)] == [
        1,
        1,
        8,
        3000,
        50_000,
        10,
    ]


@pytest.mark.parametrize("height", range(12))
def test_a_plot_is_as_high_as_asked(height: int) -> None:
    for glyphs in (UNICODE, ASCII):
        assert len(rates(history(), 100, height, glyphs)) == height
        assert len(rates((), 100, height, glyphs)) == height


def test_in_and_out_differ_by_shape() -> None:
    drawn = "".join(text_of(line) for line in rates(history(), 100, 12, ASCII))
    assert "*" in drawn and "o" in drawn and "#" in drawn and drawn.isascii()


def test_plain_lines_break_and_keep_lines() -> None:
    assert [text_of(line) for line in plain_lines("ab cd\n\nef", 3)] == ["ab ", "cd", "", "ef"]


def test_ascii_replacement_keeps_the_width() -> None:
    assert as_ascii("漢a…é") == "??a~?"
    assert fit("漢字", 3) == "漢…" and fit("ab", 4, right=True) == "  ab" and fit("abc", 0) == ""
