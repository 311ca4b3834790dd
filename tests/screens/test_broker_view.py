"""What the screen says of the cluster: missing nodes, lacking capabilities and their reasons."""

from __future__ import annotations

import msgspec

from streaming.lab.snapshot import (
    KILL_BROKER,
    BrokerView,
    CapabilityView,
    LabSnapshot,
    NodeView,
)
from tests.screens.conftest import Runner
from tests.screens.fakes import NOW_MS, snapshot
from tests.screens.test_views import text_of
from tui.glyphs import UNICODE
from tui.moment import Moment
from tui.palette import entries
from tui.views.broker import broker_text
from tui.views.header import header

NODES = (
    NodeView(1, "127.0.0.1:9092", "zone-a", "up", NOW_MS - 60_000, 4),
    NodeView(2, "127.0.0.1:9093", "zone-b", "missing", NOW_MS - 12_000, 0),
    NodeView(3, "127.0.0.1:9094", "", "up", NOW_MS - 60_000, None),
)
CAPABILITIES = (
    CapabilityView("add_partitions", "add partitions to a topic"),
    CapabilityView(KILL_BROKER, "be killed from here", "it is [b]not[/b] the lab's"),
)


def cluster(**changes: object) -> LabSnapshot:
    view = snapshot()
    broker = BrokerView(
        "external", "Kafka 4.3, 3 nodes", "127.0.0.1:9092", "up", NOW_MS - 60_000, 0,
        nodes=NODES, behind=4, leaderless=1, capabilities=CAPABILITIES,
    )  # fmt: skip
    return msgspec.structs.replace(
        view, broker=msgspec.structs.replace(broker, **changes), streams=view.streams[:1]
    )


def test_a_missing_node_is_in_the_header_with_its_age() -> None:
    for width in (80, 120):
        line = text_of(header(Moment(cluster(), NOW_MS), width, UNICODE))
        assert "NODE 2 MISSING 12s" in line
    whole = cluster(nodes=NODES[:1])
    assert "MISSING" not in text_of(header(Moment(whole, NOW_MS), 120, UNICODE))


def test_a_broker_that_is_down_says_so_rather_than_naming_all_its_nodes() -> None:
    line = text_of(header(Moment(cluster(state="down"), NOW_MS), 120, UNICODE))
    assert "BROKER DOWN" in line and "MISSING" not in line


def test_the_text_names_nodes_replicas_and_reasons() -> None:
    text = broker_text(cluster().broker, NOW_MS)
    assert "node 1 at 127.0.0.1:9092 in zone-a: up, leads 4 of the lab's shards" in text
    assert "node 2 at 127.0.0.1:9093 in zone-b: MISSING for 12s" in text
    assert "node 3 at 127.0.0.1:9094: up\n" in text
    assert "out of sync: 4, without a leader: 1" in text
    assert "It can:\n  add partitions to a topic" in text
    assert "It cannot:\n  be killed from here: it is [b]not[/b] the lab's" in text
    assert "All replicas are in sync." in broker_text(cluster(behind=0, leaderless=0).broker, 0)
    assert "sync" not in broker_text(cluster(behind=None).broker, 0)
    assert "No node is known yet." in broker_text(snapshot().broker, NOW_MS)


async def test_the_broker_s_dialog_opens_by_its_key(lab: Runner) -> None:
    async with lab(cluster()) as hand:
        await hand.pilot.press("b")
        await hand.sees("node 2 at 127.0.0.1:9093 in zone-b: MISSING for 12s")
        await hand.sees("be killed from here: it is [b]not[/b] the lab's")
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_what_the_broker_lacks_is_greyed_out_with_the_reason(lab: Runner) -> None:
    async with lab(cluster()) as hand:
        entry = next(e for e in entries(hand.app, hand.app.newest) if e.title == "Kill broker")
        assert entry.why == "it is [b]not[/b] the lab's"
        entry.run()
        await hand.sees("Kill broker: it is [b]not[/b] the lab's")
        assert hand.link.sent == []
        await hand.pilot.press("colon")
        await hand.pilot.press(*"kill broker")
        await hand.sees("not here: it is [b]not[/b] the lab's")
