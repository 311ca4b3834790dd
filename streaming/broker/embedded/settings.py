"""Settings of topics: names and defaults as Kafka has them, and which of them act here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from streaming.broker.embedded.config import BrokerConfig
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.rules import LogRules

_LONG_MAX: Final = 2**63 - 1
_INT_MAX: Final = 2**31 - 1


class Setting(NamedTuple):
    """A setting's default and the check of a value; `check` raises ValueError with the reason."""

    default: str
    check: Callable[[str], object]


def _number(low: int, high: int) -> Callable[[str], object]:
    def check(text: str) -> None:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("not a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"not in {low} to {high}")

    return check


def _choice(*words: str) -> Callable[[str], object]:
    def check(text: str) -> None:
        if not all(part.strip() in words for part in text.split(",")):
            raise ValueError(f"not one of {', '.join(words)}")

    return check


def topic_settings(config: BrokerConfig) -> dict[str, Setting]:
    """All settings a topic may have.

    What `rules` reads acts; the others are kept and shown, so that tools written for Kafka find
    what they set. `cleanup.policy=compact` keeps every record: there is no compaction.
    """
    return {
        "cleanup.policy": Setting("delete", _choice("delete", "compact")),
        "compression.type": Setting("producer", _choice("producer")),
        "delete.retention.ms": Setting("86400000", _number(0, _LONG_MAX)),
        "file.delete.delay.ms": Setting("60000", _number(0, _LONG_MAX)),
        "flush.messages": Setting(str(_LONG_MAX), _number(1, _LONG_MAX)),
        "flush.ms": Setting(str(_LONG_MAX), _number(0, _LONG_MAX)),
        "index.interval.bytes": Setting(str(config.index_interval_bytes), _number(0, _INT_MAX)),
        "max.message.bytes": Setting(
            str(config.max_message_bytes), _number(0, config.max_frame_bytes)
        ),
        "message.timestamp.type": Setting("CreateTime", _choice("CreateTime", "LogAppendTime")),
        "min.cleanable.dirty.ratio": Setting("0.5", float),
        "min.compaction.lag.ms": Setting("0", _number(0, _LONG_MAX)),
        "min.insync.replicas": Setting("1", _number(1, _INT_MAX)),
        "retention.bytes": Setting(str(config.retention_bytes), _number(-1, _LONG_MAX)),
        "retention.ms": Setting(str(config.retention_ms), _number(-1, _LONG_MAX)),
        "segment.bytes": Setting(str(config.segment_bytes), _number(14, _INT_MAX)),
        "segment.ms": Setting(str(config.segment_ms), _number(1, _LONG_MAX)),
        "unclean.leader.election.enable": Setting("false", _choice("true", "false")),
    }


def broker_settings(config: BrokerConfig) -> dict[str, str]:
    """The server's own settings under Kafka's names; they cannot be changed while it runs."""
    return {
        "auto.create.topics.enable": str(config.auto_create).lower(),
        "broker.id": str(config.node_id),
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


def checked(values: Mapping[str, str | None], known: Mapping[str, Setting]) -> dict[str, str]:
    """The settings without those that are null. Raises ApiError INVALID_CONFIG."""
    result = {}
    for name, value in values.items():
        setting = known.get(name)
        if setting is None:
            raise ApiError(ErrorCode.INVALID_CONFIG, f"unknown topic setting {name}")
        if value is None:
            continue
        try:
            setting.check(value)
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
        segment_bytes=int(value("segment.bytes")),
        segment_ms=int(value("segment.ms")),
        log_append_time=value("message.timestamp.type") == "LogAppendTime",
        retention_ms=int(value("retention.ms")),
        retention_bytes=int(value("retention.bytes")),
        delete_old="delete" in value("cleanup.policy"),
        file_delete_delay_ms=int(value("file.delete.delay.ms")),
    )
