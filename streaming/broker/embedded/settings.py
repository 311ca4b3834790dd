"""Settings of topics: names and defaults as Kafka has them, and which of them act here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from streaming.broker.embedded.compression import CODECS
from streaming.broker.embedded.config import MIB, BrokerConfig
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.rules import LogRules

_LONG_MAX: Final = 2**63 - 1
_INT_MAX: Final = 2**31 - 1


class ConfigType(IntEnum):
    """What a value is, as DescribeConfigs says it (Kafka's `ConfigDef.Type`)."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    LONG = 5
    DOUBLE = 6
    LIST = 7


class Check(NamedTuple):
    """What a value is, and a test that raises ValueError with the reason why it is not."""

    kind: ConfigType
    test: Callable[[str], object]


class Setting(NamedTuple):
    """A setting's default and the check of a value.

    `broker_name` is what the server's own setting of the same meaning is called, where there is
    one.
    """

    default: str
    check: Check
    broker_name: str = ""

    @property
    def is_list(self) -> bool:
        """Whether the value is a list of words."""
        return self.check.kind is ConfigType.LIST


def _number(low: int, high: int = _LONG_MAX) -> Check:
    def test(text: str) -> None:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("not a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"not in {low} to {high}")

    return Check(ConfigType.INT if high <= _INT_MAX else ConfigType.LONG, test)


def _in_share(text: str) -> None:
    if not 0 <= float(text) <= 1:
        raise ValueError("not in 0 to 1")


def _choice(*words: str) -> Check:
    def test(text: str) -> None:
        if text.strip() not in words:
            raise ValueError(f"not one of {', '.join(words)}")

    return Check(ConfigType.STRING, test)


def _list_of(*words: str) -> Check:
    def test(text: str) -> None:
        if not set(split_list(text)) <= set(words):
            raise ValueError(f"not a list of {', '.join(words)}")

    return Check(ConfigType.LIST, test)


def _is_flag(text: str) -> None:
    if text.strip().lower() not in ("true", "false"):
        raise ValueError("neither true nor false")


def _only_false(text: str) -> None:
    if text.strip().lower() != "false":
        raise ValueError("there is no remote storage")


_SHARE: Final = Check(ConfigType.DOUBLE, _in_share)
_FLAG: Final = Check(ConfigType.BOOLEAN, _is_flag)
# Replicas to throttle: there are none here, so any will do.
_REPLICAS: Final = Check(ConfigType.LIST, lambda _: None)


def split_list(text: str) -> list[str]:
    """The words of a setting that is a list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def topic_settings(config: BrokerConfig) -> dict[str, Setting]:
    """All settings a topic may have: names, defaults and limits of Apache Kafka 4.3.

    What `rules` reads acts; the others are kept and shown, so that tools written for Kafka find
    what they set. `cleanup.policy=compact` keeps every record: there is no compaction.
    """
    return {
        "cleanup.policy": Setting("delete", _list_of("delete", "compact"), "log.cleanup.policy"),
        "compression.gzip.level": Setting("-1", _number(-1, 9), "compression.gzip.level"),
        "compression.lz4.level": Setting("9", _number(1, 17), "compression.lz4.level"),
        "compression.type": Setting("producer", _choice(*CODECS, "producer"), "compression.type"),
        "compression.zstd.level": Setting("3", _number(-131072, 22), "compression.zstd.level"),
        "delete.retention.ms": Setting("86400000", _number(0), "log.cleaner.delete.retention.ms"),
        "file.delete.delay.ms": Setting("60000", _number(0), "log.segment.delete.delay.ms"),
        "flush.messages": Setting(str(_LONG_MAX), _number(1), "log.flush.interval.messages"),
        "flush.ms": Setting(str(_LONG_MAX), _number(0), "log.flush.interval.ms"),
        "follower.replication.throttled.replicas": Setting("", _REPLICAS),
        "index.interval.bytes": Setting(
            str(config.index_interval_bytes), _number(0, _INT_MAX), "log.index.interval.bytes"
        ),
        "leader.replication.throttled.replicas": Setting("", _REPLICAS),
        "local.retention.bytes": Setting("-2", _number(-2), "log.local.retention.bytes"),
        "local.retention.ms": Setting("-2", _number(-2), "log.local.retention.ms"),
        "max.compaction.lag.ms": Setting(
            str(_LONG_MAX), _number(1), "log.cleaner.max.compaction.lag.ms"
        ),
        "max.message.bytes": Setting(
            str(config.max_message_bytes), _number(0, config.max_frame_bytes), "message.max.bytes"
        ),
        "message.timestamp.after.max.ms": Setting(
            "3600000", _number(0), "log.message.timestamp.after.max.ms"
        ),
        "message.timestamp.before.max.ms": Setting(
            str(_LONG_MAX), _number(0), "log.message.timestamp.before.max.ms"
        ),
        "message.timestamp.type": Setting(
            "CreateTime", _choice("CreateTime", "LogAppendTime"), "log.message.timestamp.type"
        ),
        "min.cleanable.dirty.ratio": Setting("0.5", _SHARE, "log.cleaner.min.cleanable.ratio"),
        "min.compaction.lag.ms": Setting("0", _number(0), "log.cleaner.min.compaction.lag.ms"),
        "min.insync.replicas": Setting("1", _number(1, _INT_MAX), "min.insync.replicas"),
        "preallocate": Setting("false", _FLAG, "log.preallocate"),
        "remote.log.copy.disable": Setting("false", _FLAG),
        "remote.log.delete.on.disable": Setting("false", _FLAG),
        "remote.storage.enable": Setting("false", Check(ConfigType.BOOLEAN, _only_false)),
        "retention.bytes": Setting(str(config.retention_bytes), _number(-1), "log.retention.bytes"),
        "retention.ms": Setting(str(config.retention_ms), _number(-1), "log.retention.ms"),
        "segment.bytes": Setting(
            str(config.segment_bytes), _number(MIB, _INT_MAX), "log.segment.bytes"
        ),
        "segment.index.bytes": Setting(
            "10485760", _number(4, _INT_MAX), "log.index.size.max.bytes"
        ),
        "segment.jitter.ms": Setting("0", _number(0), "log.roll.jitter.ms"),
        "segment.ms": Setting(str(config.segment_ms), _number(1), "log.roll.ms"),
        "unclean.leader.election.enable": Setting("false", _FLAG, "unclean.leader.election.enable"),
    }


# Settings that Kafka takes but does not show; meant for tests that want many small segments.
INTERNAL_SETTINGS: Final = {
    "internal.segment.bytes": Setting("", _number(14, _INT_MAX)),
}


# What the settings do that act; DescribeConfigs shows it.
_ACTING: Final = {
    "cleanup.policy": "With delete, records go by retention. With compact alone nothing goes: "
    "the embedded broker does not compact.",
    "compression.type": "producer: batches keep their compression; or all get the one named.",
    "file.delete.delay.ms": "How long the file of a dropped segment stays, renamed.",
    "max.message.bytes": "The largest record batch that is taken.",
    "message.timestamp.after.max.ms": "How far in the future a record's time may be.",
    "message.timestamp.before.max.ms": "How far in the past a record's time may be.",
    "message.timestamp.type": "Whether records keep the producer's time or get that of arrival.",
    "retention.bytes": "The size of a partition above which its oldest segments go; -1: never.",
    "retention.ms": "The age at which records go, segment by segment; -1: never.",
    "segment.bytes": "The size at which a log goes on in a new file.",
    "segment.ms": "The span of the records' times at which a log goes on in a new file.",
}


def documentation(name: str) -> str:
    """What a topic's setting does here."""
    return _ACTING.get(name, "Kept and shown for tools; the embedded broker does not act on it.")


def broker_settings(config: BrokerConfig) -> dict[str, str]:
    """The server's own settings under Kafka's names; they cannot be changed while it runs."""
    return {
        "auto.create.topics.enable": str(config.auto_create).lower(),
        "broker.id": str(config.node_id),
        "node.id": str(config.node_id),
        "default.replication.factor": "1",
        "fetch.max.bytes": str(config.fetch_max_bytes),
        "group.initial.rebalance.delay.ms": str(config.group_initial_rebalance_delay_ms),
        "group.max.session.timeout.ms": str(config.group_max_session_timeout_ms),
        "group.min.session.timeout.ms": str(config.group_min_session_timeout_ms),
        "log.dirs": str(config.data),
        "log.retention.bytes": str(config.retention_bytes),
        "log.retention.check.interval.ms": str(config.retention_check_ms),
        "log.retention.ms": str(config.retention_ms),
        "log.roll.ms": str(config.segment_ms),
        "log.segment.bytes": str(config.segment_bytes),
        "message.max.bytes": str(config.max_message_bytes),
        "num.partitions": str(config.default_partitions),
        "producer.id.expiration.ms": str(config.producer_expiry_ms),
    }


def check(values: Mapping[str, str | None], known: Mapping[str, Setting]) -> dict[str, str]:
    """The settings, all sound. Raises ApiError INVALID_CONFIG for the first that is not."""
    result = {}
    for name, value in values.items():
        setting = known.get(name) or INTERNAL_SETTINGS.get(name)
        if setting is None:
            raise ApiError(ErrorCode.INVALID_CONFIG, f"unknown topic setting {name}")
        if value is None:
            raise ApiError(ErrorCode.INVALID_CONFIG, f"{name} has no value")
        try:
            setting.check.test(value)
        except ValueError as error:
            raise ApiError(ErrorCode.INVALID_CONFIG, f"{name}={value}: {error}") from None
        result[name] = value
    return result


def rules(values: Mapping[str, str], config: BrokerConfig) -> LogRules:
    """What a topic's own settings mean for its partitions."""
    known = topic_settings(config)

    def value(name: str) -> str:
        return values.get(name, known[name].default)

    return LogRules(
        max_message_bytes=int(value("max.message.bytes")),
        segment_bytes=int(values.get("internal.segment.bytes") or value("segment.bytes")),
        segment_ms=int(value("segment.ms")),
        log_append_time=value("message.timestamp.type") == "LogAppendTime",
        codec=CODECS.get(value("compression.type").strip()),
        before_max_ms=int(value("message.timestamp.before.max.ms")),
        after_max_ms=int(value("message.timestamp.after.max.ms")),
        retention_ms=int(value("retention.ms")),
        retention_bytes=int(value("retention.bytes")),
        delete_old="delete" in split_list(value("cleanup.policy")),
        needs_keys="compact" in split_list(value("cleanup.policy")),
        file_delete_delay_ms=int(value("file.delete.delay.ms")),
    )
