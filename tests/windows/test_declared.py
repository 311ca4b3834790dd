"""Declared windows: five kinds against plain SQL, whatever the batches, shards and restarts."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.windows.declared_support import (
    KINDS,
    Run,
    assert_same,
    by_sql,
    event,
    every_kind,
    plan_of,
    spec,
)

SLOW = [HealthCheck.data_too_large, HealthCheck.too_slow]
LATENESS = 3_000


@st.composite
def streams(draw, disorder=0):
    """Events in order of time, each moved ahead by up to `disorder` ms; sometimes silence."""
    at, events = 0, []
    for number in range(draw(st.integers(0, 40))):
        at += draw(st.sampled_from([0, 1, 300, 999, 1_000, 2_500, 4_000, 4_001, 9_000, 31_000]))
        events.append(
            event(
                number,
                at,
                type=draw(st.sampled_from(["view", "land"])),
                country=draw(st.sampled_from(["DE", "JP", ""])),
                device=draw(st.sampled_from(["mobile", "desktop"])),
                customer_id=f"u{draw(st.integers(0, 9))}",
                page=f"/{draw(st.integers(0, 3))}",
                load_ms=draw(st.integers(0, 500)),
            )
        )
    if disorder:
        keys = [e["ts"] + draw(st.integers(0, disorder)) for e in events]
        events = [e for _, e in sorted(zip(keys, events, strict=True), key=lambda pair: pair[0])]
    return events


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW)
@given(st.data(), streams(disorder=12_000), st.sampled_from(["", "country", "{region}:{device}"]))
def test_each_kind_agrees_with_sql_and_every_event_is_in_one_place(data, events, group_by):
    plan = every_kind(group_by)
    run, at = Run(plan), 0
    while at < len(events):
        size = data.draw(st.integers(1, 10))
        run.read(0, events[at : at + size])
        at += size
        if data.draw(st.booleans()):
            run.hand_over(0)
            run.store()
            if data.draw(st.booleans()):
                run.restart()
    run.hand_over(0)
    run.store()
    assert_same(run.finals(), by_sql(plan, events, run.late, run.marks[0]))
    for row in run.late:
        (panes,) = (s for s in plan.sets if s.id == row.set)
        assert panes.closes(row.event_ms) <= row.watermark_ms
    assert len({(r.set, r.offset) for r in run.late}) == len(run.late)


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(st.data(), streams())
def test_neither_order_within_the_lateness_nor_shards_nor_batches_matter(data, events):
    plan = every_kind()
    straight = Run(plan)
    straight.read(0, [*events, event(9999, 10**7)])
    straight.hand_over(0)
    straight.store()
    keys = [e["ts"] + data.draw(st.integers(0, LATENESS)) for e in events]
    mixed = [e for _, e in sorted(zip(keys, events, strict=True), key=lambda pair: pair[0])]
    other = Run(plan, shards=3)
    for e in mixed:
        shard = data.draw(st.integers(0, 2))
        other.read(shard, [e])
        if data.draw(st.booleans()):
            other.hand_over(shard)
            other.store()
    for shard in range(3):
        other.read(shard, [event(9999, 10**7)] if shard == 0 else [])
        other.marks[shard] = other.marks[0]
        other.hand_over(shard)
    other.store()
    assert not straight.late and not other.late
    assert other.finals() == straight.finals()


@pytest.mark.parametrize("early", ["1s", "5s"])
@settings(max_examples=15, deadline=None, suppress_health_check=SLOW)
@given(data=st.data(), events=streams(disorder=3_000))
def test_early_results_give_way_to_final_ones(data, events, early):
    plan = plan_of(
        *(
            spec(name, **{**KINDS[name], "size": "4s", "early": early})
            for name in ("uneven", "stagger")
        ),
        spec("session", **KINDS["session"], early=early),
    )
    run = Run(plan)
    for e in events:
        run.read(0, [e])
        if data.draw(st.booleans()):
            run.hand_over(0)
            run.store()
    run.read(0, [event(9999, 10**7)])
    run.hand_over(0)
    run.store()
    left = [r for r in run.results.values() if not r.is_final and r.end_ms < run.marks[0] - 10_000]
    assert not left
    assert_same(run.finals(), by_sql(plan, [*events, event(9999, 10**7)], run.late, run.marks[0]))


def test_early_results_come_before_the_final_one():
    plan = plan_of(spec("stagger", size="7s", early="2s"))
    run = Run(plan)
    for number, at in enumerate((0, 2_500, 5_000)):
        run.read(0, [event(number, at, load_ms=number)])
        run.hand_over(0)
        run.store()
    (early,) = run.results.values()
    assert (early.n, early.is_final, early.start_ms) == (3, False, event(0, 0)["ts"])
    run.restart()
    run.read(0, [event(9, 60_000)])
    run.hand_over(0)
    run.store()
    assert [r.n for r in run.results.values() if r.is_final] == [3]


def test_sql_takes_a_gap_before_events_of_one_moment_for_one_gap():
    plan = plan_of(spec("session", gap="4s", group_by=""))
    events = [event(i, i // 2 * 5_000) for i in range(30)] + [event(30, 900_000)]
    random.Random(0).shuffle(events)
    found = by_sql(plan, events, [], events[0]["ts"] + 10**7)
    assert sorted(n for _, n, _ in found.values()) == [1] + [2] * 15
