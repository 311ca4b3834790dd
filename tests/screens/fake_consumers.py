"""A group made by hand: members of every state, one without shards, and its rebalances."""

from __future__ import annotations

from typing import Any

import msgspec

from streaming.lab.consumer_snapshot import MoveView, RebalanceView
from streaming.lab.snapshot import ConsumerView, LabSnapshot
from tests.screens.fake_alarms import NOW_MS
from tests.screens.fakes import snapshot, stream


def consumers() -> tuple[ConsumerView, ...]:
    def one(n: int, state: Any, shards: int, **changes: Any) -> ConsumerView:
        names = tuple(f"clicks/{id}" for id in range(12) if id % 3 == n)[:shards]
        view = ConsumerView(f"c-{n}", 100 + n, state, names, 5000, 800.0, 0)
        return msgspec.structs.replace(view, **changes)

    return (
        one(0, "paused", 4, records_per_s=0.0),
        one(1, "running", 4),
        one(2, "slowed", 4, limit_per_s=100.0, restarts=2),
        one(3, "joining", 0, records=0, records_per_s=None),
        one(4, "dead", 0, pid=None, restarts=1, records_per_s=None),
    )


def timeline() -> tuple[RebalanceView, ...]:
    def one(number: int, seconds: int, **changes: Any) -> RebalanceView:
        view = RebalanceView(
            number, number + 3, 1, NOW_MS - seconds * 1000, 3.1, 31.0, (), (), (), "cooperative"
        )  # fmt: skip
        return msgspec.structs.replace(view, **changes)

    return (
        one(5, 4, took_s=None, unowned_s=16.0, left=("c-4",)),
        one(4, 90, left=("c-2",), moves=(MoveView("c-2", "c-0", 2), MoveView("c-2", "c-1", 2))),
        one(3, 200, took_s=0.84, unowned_s=10.1, came=("c-3",), protocol="eager", let_go=12),
        one(
            2, 290, took_s=0.0, unowned_s=0.0, generation=None, came=("c-0", "c-1", "c-2"),
            protocol="",
            moves=(MoveView("", "c-0", 4), MoveView("", "c-1", 4), MoveView("", "c-2", 4)),
        ),
    )  # fmt: skip


def group(**changes: Any) -> LabSnapshot:
    """The lab with that group; shards of the paused member say so."""
    view = stream()
    shards = tuple(
        msgspec.structs.replace(s, state="paused") if s.owner == "c-0" else s for s in view.shards
    )
    return snapshot(
        **{
            "streams": (msgspec.structs.replace(view, shards=shards), stream("orders", 4)),
            "consumers": consumers(),
            "timeline": timeline(),
            "assignor": "cooperative-sticky",
            **changes,
        }
    )
