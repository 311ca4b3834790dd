"""What other keys would do, made up."""

from __future__ import annotations

import msgspec

from streaming.lab.commands import Reply
from streaming.lab.stream_snapshot import CandidateView

FORETOLD = (
    ("event_id", 1.02, 0.01, "nothing: no two records share a key"),
    ("customer_id", 1.1, 0.06, "order per customer_id"),
    ("customer_id+salt8", 1.03, 0.02, "order per customer_id, per suffix"),
    ("country", 3.6, 0.51, "order per country"),
    ("event_type", 6.1, 0.8, "order per event_type"),
    ("constant", 12.0, 0.92, "order of all records"),
    ("none", 1.05, 0.02, "nothing"),
)


def candidates() -> list[CandidateView]:
    return [
        CandidateView(
            key, "msk", 12, keeps, "something", 5000, over, 0.1, gini, 0.9, over / 12, 0.0, 40, None
        )
        for key, over, gini, keeps in FORETOLD
    ]


def compared() -> Reply:
    return Reply(True, "", msgspec.json.encode(candidates()).decode())
