"""Alarms and detectors made by hand, and the instant at which everything made by hand is seen."""

from __future__ import annotations

from typing import Any

from streaming.lab.alarm_snapshot import AlarmChangeView, AlarmView, BlameView, DetectorView

NOW_MS = 1_767_614_624_000  # 2026-01-05 12:03:44 UTC


def alarms() -> tuple[AlarmView, ...]:
    """One of each state, one that somebody knows of, one that is quiet."""

    def alarm(name: str, state: Any, key: str = "", **how: Any) -> AlarmView:
        known: dict[str, Any] = {
            "title": f"What {name} means", "severity": "alarm", "clock": "event",
            "since_at_ms": NOW_MS - 95_000, "value": 1.37, "bound": ">= 0.9, 3 of 5",
            "reason": "3 of 5 datapoints beyond 0.9: 0.1, 1.3, 2.41, 0.2, 1.37",
            "acknowledged": "", "suppressed_until_at_ms": 0, **how,
        }  # fmt: skip
        return AlarmView(name=name, key=key, state=state, **known)

    return (
        alarm("anomaly", "ALARM", "declines"),
        alarm("hot_shard", "ALARM", "clicks", severity="warn", clock="wall", value=0.97,
              acknowledged="somebody"),
        alarm("consumers_too_slow", "OK", value=None, title="",
              bound="ALARM(iterator_age) AND NOT ALARM(hot_shard)"),
        alarm("iterator_age", "OK", "orders", value=31_250.0, clock="wall",
              suppressed_until_at_ms=NOW_MS + 600_000),
        alarm("sudden", "INSUFFICIENT_DATA", "prices", value=None, since_at_ms=0),
    )  # fmt: skip


def alarm_changes() -> tuple[AlarmChangeView, ...]:
    return (
        AlarmChangeView("anomaly", "declines", NOW_MS - 95_000, "OK", "ALARM", "3 of 5 beyond 0.9"),
        AlarmChangeView(
            "anomaly", "declines", NOW_MS - 900_000, "INSUFFICIENT_DATA", "OK", "0 of 5"
        ),
    )


def detectors() -> tuple[DetectorView, ...]:
    """An anomaly with two features, one that warms up, and a function of Kinesis."""
    calm = tuple(0.1 + 0.05 * (i % 4) for i in range(50))
    return (
        DetectorView(
            "declines", "", "orders_5s: declined, log(revenue)", "DETECTOR", "ANOMALY", 256, 256,
            1.1, 3, True, NOW_MS - 20_000, "declined", 12.0, -0.07, 1.3, 4.9, 0.6, 0.9, 1.0, 2.5,
            1.0, 0.42,
            "declined is high: 12, -0.07 to 1.3 expected; outside of all it was before",
            (BlameView("declined", True, 4.1), BlameView("log(revenue)", False, 0.8)),
            (*calm, 0.4, 1.7, 2.5), "declined is high: 12", NOW_MS - 20_000,
        ),
        DetectorView(
            "prices", "toys", "orders_5s: log(cheapest)", "DETECTOR", "WARMING", 100, 256, 1.1, 0,
            True, NOW_MS - 20_000, "log(cheapest)", 2.8, 2.5, 3.1, None, None, None, None, None,
            None, None, "warming up, 100 of 256 points", (), (None,) * 60, "", None,
        ),
        DetectorView(
            "exam", "", "clicks_5s: clicks", "RANDOM_CUT_FOREST", "OK", 256, 256, 1.1, 0, False,
            NOW_MS - 20_000, "clicks", None, None, None, 0.93, None, None, None, None, None, None,
            "", (), tuple(0.8 + 0.1 * (i % 3) for i in range(60)), "", None,
        ),
    )  # fmt: skip
