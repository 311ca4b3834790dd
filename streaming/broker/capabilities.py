"""What a broker can do for the lab, from what it says of itself; what it lacks has a reason."""

from __future__ import annotations

from typing import Final, NamedTuple

from streaming.broker.probe import BrokerFacts
from streaming.lab.snapshot import KILL_BROKER, PLANT_FAULTS, CapabilityView

ADD_PARTITIONS: Final = "add_partitions"
DELETE_RECORDS: Final = "delete_records"
CHANGE_SETTINGS: Final = "change_settings"
IDEMPOTENCE: Final = "idempotence"
TRANSACTIONS: Final = "transactions"
REPLICATION: Final = "replication"
CLASSIC_GROUPS: Final = "classic_groups"
CONSUMER_GROUPS: Final = "consumer_groups"
SHARE_GROUPS: Final = "share_groups"

MOST_REPLICAS: Final = 3
"""Replicas of a new topic where the cluster has as many nodes; what Amazon MSK makes of three."""


class _Need(NamedTuple):
    text: str
    apis: tuple[int, ...]
    feature: str = ""


_NEEDS: Final = {
    ADD_PARTITIONS: _Need("add partitions to a topic", (37,)),
    DELETE_RECORDS: _Need("delete records before an offset", (21,)),
    CHANGE_SETTINGS: _Need("change single settings of a topic", (44,)),
    IDEMPOTENCE: _Need("write each record once (idempotent producers)", (22,)),
    TRANSACTIONS: _Need("run transactions", (22, 24, 25, 26, 28)),
    CLASSIC_GROUPS: _Need("form consumer groups by the classic protocol", (10, 11, 12, 13, 14)),
    CONSUMER_GROUPS: _Need(
        "form consumer groups by the protocol of KIP-848", (68,), "group.version"
    ),
    SHARE_GROUPS: _Need(
        "share a log like a queue (share groups, KIP-932)", (76, 78), "share.version"
    ),
}
"""API keys from the Kafka protocol guide that each one needs, and the feature that turns it on."""


def capabilities(facts: BrokerFacts, *, own: bool) -> tuple[CapabilityView, ...]:
    """All capabilities; `own` says whether the broker is the lab's child process."""
    found = [_needs(name, need, facts) for name, need in _NEEDS.items()]
    nodes = len(facts.cluster.nodes)
    found.append(
        CapabilityView(
            REPLICATION,
            "keep each record on several nodes",
            "" if nodes > 1 else "the cluster has one node",
        )
    )
    found.append(
        CapabilityView(
            KILL_BROKER,
            "be killed and restarted from the lab",
            "" if own else "the lab did not start it; it kills only its own embedded broker",
        )
    )
    found.append(
        CapabilityView(
            PLANT_FAULTS,
            "misbehave on demand (faults to plant)",
            "" if own else "only the lab's own embedded broker can be told to misbehave",
        )
    )
    return tuple(found)


def replicas(facts: BrokerFacts) -> int:
    """Replicas for a new topic: one for each node, three at most."""
    return max(1, min(MOST_REPLICAS, len(facts.cluster.nodes)))


def _needs(name: str, need: _Need, facts: BrokerFacts) -> CapabilityView:
    lacking = [str(key) for key in need.apis if key not in facts.apis]
    if lacking and facts.embedded:
        why = "the embedded broker does not have it"
    elif lacking:
        plural = "s" if len(lacking) > 1 else ""
        why = f"the broker does not offer API{plural} {', '.join(lacking)}"
    elif need.feature and facts.features.get(need.feature, 0) < 1:
        why = f"the cluster has not turned on {need.feature}"
    else:
        why = ""
    return CapabilityView(name, need.text, why)
