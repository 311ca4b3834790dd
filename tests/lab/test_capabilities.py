"""What a broker can do follows from what it says of itself; what it lacks has a reason."""

from __future__ import annotations

from streaming.broker.capabilities import (
    ADD_PARTITIONS,
    CONSUMER_GROUPS,
    REPLICATION,
    TRANSACTIONS,
    capabilities,
    replicas,
)
from streaming.broker.embedded.config import CLUSTER_PREFIX
from streaming.broker.probe import BrokerFacts, ClusterFacts, NodeFacts
from streaming.lab.cluster import label_of
from streaming.lab.snapshot import KILL_BROKER, PLANT_FAULTS

ALL = dict.fromkeys((*range(93),), (0, 9))


def facts(nodes: int = 3, cluster: str = "abc", **changes: object) -> BrokerFacts:
    members = tuple(NodeFacts(n, "127.0.0.1", 9000 + n) for n in range(1, nodes + 1))
    values: dict = {
        "apis": ALL,
        "features": {"group.version": 1, "share.version": 1},
        "software": {"metadata.version": 30},
    }
    return BrokerFacts(ClusterFacts(cluster, 1, members), **{**values, **changes})


def why(found: BrokerFacts, own: bool = False) -> dict[str, str]:
    return {c.name: c.why for c in capabilities(found, own=own)}


def test_a_broker_that_offers_everything_lacks_only_what_is_not_ours() -> None:
    assert {name for name, reason in why(facts()).items() if reason} == {
        KILL_BROKER,
        PLANT_FAULTS,
    }
    assert not any(why(facts(), own=True).values())


def test_each_lack_has_its_reason() -> None:
    old = facts(1, apis={key: ALL[key] for key in ALL if key not in (37, 24, 28)}, features={})
    reasons = why(old)
    assert reasons[ADD_PARTITIONS] == "the broker does not offer API 37"
    assert reasons[TRANSACTIONS] == "the broker does not offer APIs 24, 28"
    assert reasons[CONSUMER_GROUPS] == "the cluster has not turned on group.version"
    assert reasons[REPLICATION] == "the cluster has one node"
    ours = facts(1, CLUSTER_PREFIX + "1", apis={})
    assert why(ours)[TRANSACTIONS] == "the embedded broker does not have it"


def test_release_is_told_by_the_highest_metadata_version() -> None:
    def release(level: int) -> str:
        return facts(software={"metadata.version": level}).release

    # Levels as Kafka 4.3.1's own MetadataVersion lists them.
    assert [release(n) for n in (7, 14, 19, 21, 25, 27, 29, 30)] == [
        "3.3", "3.6", "3.7", "3.9", "4.0", "4.1", "4.2", "4.3",
    ]  # fmt: skip
    assert release(99) == "4.4 or newer"
    assert facts(software={}).release == ""


def test_labels_say_what_it_is() -> None:
    assert label_of(facts()) == "Kafka 4.3, 3 nodes"
    assert label_of(facts(1, software={})) == "Kafka, 1 node"
    ours = facts(1, CLUSTER_PREFIX + "1")
    assert label_of(ours) == "embedded broker (not Apache Kafka)"


def test_replicas_are_one_for_each_node_up_to_three() -> None:
    assert [replicas(facts(n)) for n in (1, 2, 3, 9)] == [1, 2, 3, 3]
