"""The book: periods, maths over several metrics, bands, composites, people, and dumps."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.alarms.book import AlarmBook, Change
from streaming.alarms.plan import Alarming, plan_alarms
from streaming.alarms.specification import AlarmSpec
from streaming.windows.plan import Window, WindowPlan

OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"


def windows(*names: str) -> WindowPlan:
    made = tuple(
        Window(name, 1, "tumbling", 5_000, 5_000, 0, 0, 0, (), "set", "{}") for name in names
    )
    return WindowPlan(1, (), made)


def plan(*specs: dict[str, Any]) -> tuple[Alarming, ...]:
    made = [AlarmSpec(**spec) for spec in specs]
    return plan_alarms(made, windows("orders", "clicks"), {"prices": False, "rates": True})


def on_orders(**how: Any) -> dict[str, Any]:
    return {"name": "a", "window": "orders", "value": "n", "threshold": 10.0, **how}


def book(*specs: dict[str, Any]) -> AlarmBook:
    made = AlarmBook()
    made.follow(plan(*specs))
    return made


def fed(made: AlarmBook, values: list[float | None], alarm: str = "a", key: str = "") -> list[str]:
    """The states that a series goes through, by its changes."""
    changes: list[Change] = []
    for i, value in enumerate(values):
        changes += made.feed(alarm, key, "m1", (i + 1) * 5_000, value)
    return [change.after for change in changes]


def test_a_window_alarm_goes_on_and_off_and_tells_when() -> None:
    made = book(on_orders(datapoints_to_alarm=2, evaluation_periods=3))
    assert fed(made, [1.0, 20.0, 30.0, 1.0, 1.0, None]) == [OK, ALARM, OK]
    standing = made.standings["a", ""]
    assert (standing.state, standing.since_ms) == (OK, 25_000)


def test_keys_stand_for_themselves() -> None:
    made = book(on_orders())
    assert fed(made, [20.0], key="DE") == [ALARM]
    assert fed(made, [2.0], key="FR") == [OK]
    assert {id_: s.state for id_, s in made.standings.items()} == {
        ("a", "DE"): ALARM, ("a", "FR"): OK
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statistic", "states"),
    [("Sum", [ALARM, OK]), ("Average", [OK]), ("Maximum", [OK]), ("SampleCount", [OK])],
)
def test_a_period_of_several_windows_is_one_datapoint(statistic: str, states: list[str]) -> None:
    made = book(on_orders(period="20s", statistic=statistic, threshold=18.0))
    assert fed(made, [5.0, 5.0, 5.0, 5.0, 1.0, None, None, 1.0]) == states


def test_samples_of_the_lab_are_gathered_by_the_clock() -> None:
    made = AlarmBook()
    made.follow(plan({"name": "lag", "metric": "Lag", "threshold": 100.0, "period": "5s"}))
    changes = []
    for at_ms in range(100_300, 112_000, 500):
        changes += made.feed("lag", "clicks", "m1", at_ms, 300.0 if at_ms > 105_000 else 0.0)
    assert [(c.at_ms, c.after) for c in changes] == [(105_000, OK), (110_000, ALARM)]
    # Nothing came for four periods: the first of them still has its samples.
    changes = made.feed("lag", "clicks", "m1", 136_000, None)
    assert [(c.at_ms, c.after) for c in changes] == [(130_000, NO_DATA)]


def test_maths_waits_for_all_its_metrics() -> None:
    made = book(
        {"name": "a", "maths": "m1 / m2", "threshold": 0.5,
         "metrics": {"m1": "orders.n", "m2": "clicks.n"}}
    )  # fmt: skip
    assert made.feed("a", "", "m1", 5_000, 6.0) == []
    assert made.feed("a", "", "m1", 10_000, 1.0) == []
    (on,) = made.feed("a", "", "m2", 5_000, 10.0)
    assert (on.at_ms, on.after, on.value) == (5_000, ALARM, 0.6)
    (off,) = made.feed("a", "", "m2", 10_000, 10.0)
    assert (off.at_ms, off.after) == (10_000, OK)


def test_a_band_is_learnt_before_it_is_used() -> None:
    made = book(
        on_orders(threshold=None, band=3.0, comparison="LessThanLowerOrGreaterThanUpperThreshold")
    )
    usual = [10.0 + i % 3 for i in range(30)]
    assert fed(made, usual) == [], "no datapoint has a band yet"
    changes = made.feed("a", "", "m1", 155_000, 11.0) + made.feed("a", "", "m1", 160_000, 40.0)
    assert [c.after for c in changes] == [OK, ALARM]


COMPOSITE = (
    on_orders(name="a"),
    on_orders(name="b", window="clicks"),
    {"name": "both", "rule": "ALARM(a) AND ALARM(b)"},
)


def test_composites_follow_the_times_not_the_arrivals() -> None:
    """a is on from 5 s to 15 s, b from 10 s on: both at 10 s, whichever comes first."""
    for order in ("ab", "ba"):
        made = book(*COMPOSITE)
        series = {"a": [20.0, 20.0, 1.0, 1.0], "b": [1.0, 20.0, 20.0, 20.0]}
        changes: list[Change] = []
        for alarm in order:
            for i, value in enumerate(series[alarm]):
                changes += made.feed(alarm, "", "m1", (i + 1) * 5_000, value)
        assert made.settle(9_999)[0].after == OK
        told = made.settle(20_000)
        assert [(c.alarm, c.at_ms, c.after) for c in told] == [
            ("both", 10_000, ALARM), ("both", 15_000, OK)
        ]  # fmt: skip


def test_people() -> None:
    made = book(on_orders())
    fed(made, [1.0])
    assert not made.acknowledge(("a", ""), "me")
    fed(made, [20.0])
    assert made.acknowledge(("a", ""), "me")
    assert made.standings["a", ""].acknowledged == "me"
    fed(made, [1.0])
    assert made.standings["a", ""].acknowledged == "", "the next time is another time"
    made.suppress(("a", ""), 99)
    assert fed(made, [20.0]) == [ALARM], "only actions are off"
    assert made.of("a") == [("a", "")] and made.of("b") == []


def test_an_alarm_that_changes_begins_anew_and_others_go_on() -> None:
    made = book(on_orders(), on_orders(name="b"))
    fed(made, [20.0])
    fed(made, [20.0], alarm="b")
    made.follow(plan(on_orders(threshold=11.0), on_orders(name="b", title="another title")))
    assert list(made.standings) == [("b", "")]


samples = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.one_of(st.none(), st.floats(0, 30, allow_nan=False))),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(samples, st.integers(0, 40), st.integers(1, 7))
def test_a_dump_changes_nothing_nor_does_any_batching(
    rows: list[tuple[str, float | None]], cut: int, batch: int
) -> None:
    def played(dump_at: int | None, settle_every: int) -> tuple[list[Change], bytes]:
        made = book(*COMPOSITE)
        ends, told = {"a": 0, "b": 0}, []
        for i, (alarm, value) in enumerate(rows):
            if i == dump_at:
                again = AlarmBook()
                again.follow(plan(*COMPOSITE))
                again.load(made.dump())
                made = again
            ends[alarm] += 5_000
            told += made.feed(alarm, "", "m1", ends[alarm], value)
            if i % settle_every == 0:
                told += made.settle(min(ends.values()))
        told += made.settle(2**60)
        return sorted(told, key=lambda c: (c.at_ms, c.alarm)), made.dump()

    assert played(None, 1) == played(cut, batch)
