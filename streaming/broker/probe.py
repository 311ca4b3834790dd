"""What a broker says of itself on one connection: API versions, features, nodes, topics.

Everything comes from ApiVersions (KIP-35, KIP-511, KIP-584) and Metadata; nothing is assumed from
an address or a name.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.admin import ApiVersionRequest
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from streaming.broker.embedded.config import CLUSTER_PREFIX

_CLIENT: Final = "dasprep-tui"
_API_VERSIONS: Final = 18
_FEATURES_FROM: Final = 3  # ApiVersions from this version on names features (KIP-584)
_SUPPORTED_TAG: Final = 0
_FINALIZED_TAG: Final = 2

_METADATA_VERSIONS: Final = (
    (7, "3.3"), (8, "3.4"), (9, "3.5"), (12, "3.6"), (15, "3.7"), (20, "3.8"), (21, "3.9"),
    (22, "4.0"), (26, "4.1"), (28, "4.2"), (30, "4.3"), (31, "4.4"),
)  # fmt: skip
"""First metadata.version of each Kafka release (`MetadataVersion` in Kafka's server-common)."""


class NodeFacts(msgspec.Struct, frozen=True):
    """A node as Metadata names it. `rack` is "" when the broker tells none."""

    id: int
    host: str
    port: int
    rack: str = ""

    @property
    def address(self) -> str:
        """Host and port as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class PartitionFacts(msgspec.Struct, frozen=True):
    """Who leads a partition (-1: nobody just now), who holds it, and who is in sync (ISR)."""

    topic: str
    partition: int
    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


class ClusterFacts(msgspec.Struct, frozen=True):
    """A cluster as one of its nodes sees it. `controller` is -1 when there is none just now."""

    cluster_id: str
    controller: int
    nodes: tuple[NodeFacts, ...]
    partitions: tuple[PartitionFacts, ...] = ()


class BrokerFacts(msgspec.Struct, frozen=True):
    """What a broker can do.

    `apis` maps an API key to the first and last version on offer; `features` a feature's name to
    the level that is in force, `software` to the highest level the program knows.
    """

    cluster: ClusterFacts
    apis: Mapping[int, tuple[int, int]]
    features: Mapping[str, int]
    software: Mapping[str, int]

    @property
    def embedded(self) -> bool:
        """Whether this is a dasprep embedded broker, wherever it runs."""
        return self.cluster.cluster_id.startswith(CLUSTER_PREFIX)

    @property
    def release(self) -> str:
        """The Kafka release its metadata.version tells ("4.3"), "" when it tells none."""
        level = self.software.get("metadata.version", 0)
        known = [name for first, name in _METADATA_VERSIONS if first <= level]
        newer = level > _METADATA_VERSIONS[-1][0]
        return f"{known[-1]} or newer" if known and newer else known[-1] if known else ""


class _FeaturesResponse(Response):
    API_KEY = _API_VERSIONS
    API_VERSION = _FEATURES_FROM
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "api_versions",
            CompactArray(
                ("api_key", Int16),
                ("min_version", Int16),
                ("max_version", Int16),
                ("tags", TaggedFields),
            ),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _FeaturesRequestStruct(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = _API_VERSIONS
    API_VERSION = _FEATURES_FROM
    RESPONSE_TYPE = _FeaturesResponse
    SCHEMA = Schema(
        ("client_software_name", CompactString("utf-8")),
        ("client_software_version", CompactString("utf-8")),
        ("tags", TaggedFields),
    )

    def parse_response_header(self, read_buffer: Any) -> Any:
        # ApiVersions alone is answered with the old header in all versions (KIP-511).
        return ResponseHeader_v0.decode(read_buffer)


class _FeaturesRequest(Request[_FeaturesRequestStruct]):
    API_KEY = _API_VERSIONS

    def build(self, request_struct_class: type[_FeaturesRequestStruct]) -> _FeaturesRequestStruct:
        return request_struct_class(_CLIENT, "1", {})


_FEATURE_LEVELS: Final = CompactArray(
    ("name", CompactString("utf-8")),
    ("first", Int16),
    ("second", Int16),
    ("tags", TaggedFields),
)


async def broker_facts(connection: AIOKafkaConnection) -> BrokerFacts:
    """Everything a broker says of itself. Raises as `Connection.open` does."""
    answer = await connection.send(ApiVersionRequest())
    apis = {int(key): (int(first), int(last)) for key, first, last in answer.api_versions}
    software: dict[str, int] = {}
    features: dict[str, int] = {}
    if apis.get(_API_VERSIONS, (0, 0))[1] >= _FEATURES_FROM:
        told = await connection.send(_FeaturesRequest())
        # A supported feature comes as (lowest, highest) level, one in force as (highest, lowest).
        software = {name: last for name, _, last in _levels(told.tags.get(_SUPPORTED_TAG))}
        features = {name: level for name, level, _ in _levels(told.tags.get(_FINALIZED_TAG))}
    return BrokerFacts(await cluster_facts(connection), apis, features, software)


async def cluster_facts(connection: AIOKafkaConnection, topics: Sequence[str] = ()) -> ClusterFacts:
    """Nodes, and the partitions of `topics`, as this node sees them.

    Raises as `Connection.open` does.
    """
    answer = await connection.send(MetadataRequest(list(topics), allow_auto_topic_creation=False))
    return ClusterFacts(
        cluster_id=str(getattr(answer, "cluster_id", "") or ""),
        controller=int(answer.controller_id),
        nodes=tuple(
            NodeFacts(int(node), str(host), int(port), str(rack or ""))
            for node, host, port, rack in sorted(answer.brokers)
        ),
        partitions=tuple(
            PartitionFacts(str(topic[1]), int(p[1]), int(p[2]), tuple(p[3]), tuple(p[4]))
            for topic in answer.topics
            for p in sorted(topic[3], key=lambda part: int(part[1]))
        ),
    )


def _levels(raw: bytes | None) -> list[tuple[str, int, int]]:
    if raw is None:
        return []
    rows = _FEATURE_LEVELS.decode(io.BytesIO(raw)) or []
    return [(str(name), int(first), int(second)) for name, first, second, _ in rows]
