"""What a lab can be told at its start, checked in one place; `loading.py` reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from generators.wire import STREAMS
from streaming.broker.security import PLAINTEXT, Security
from streaming.lab.assignors import Assignor
from streaming.shards.keys import shop
from streaming.shards.limiter import MOST_READERS
from streaming.shards.plan import Limits, Packing, View, check_key, limits_of, packing_of


class LabSettings(BaseModel):
    """Everything a lab is started with. The field descriptions are the user's documentation."""

    # Strict: true is not 1, and "12" is not 12. Lists and paths come as JSON has them.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    rate: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        1000.0, description="records per second of the wall clock, over all streams"
    )
    speed: Annotated[float, Field(ge=0.1, le=100)] = Field(
        1.0, description="how many times faster than the wall clock event time runs"
    )
    incidents: str = Field(
        "none",
        description="trouble to plant by event time: default, none, a TOML file or "
        "KIND@START+LENGTH, ...",
    )
    shape: str = Field("constant", description="how the rate moves over time")
    shards: Annotated[int, Field(ge=1, le=200)] = Field(
        4, description="shards (partitions) of each stream"
    )
    consumers: Annotated[int, Field(ge=1, le=32)] = Field(
        2, description="consumer processes in the group"
    )
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = Field(7, description="same seed, same events")
    key: str = Field("customer_id", description="what decides a record's shard")
    view: View = Field(
        "msk", description="shards as Kafka has them (msk) or as Kinesis does (kinesis)"
    )
    limits: Limits = Field(
        "off",
        description="what a shard takes: today's numbers, the course's, or off (kinesis view)",
    )
    aggregate: Packing = Field(
        "off",
        description="pack records together as the KPL does (kpl), across shards (naive), or not "
        "(off); kinesis view",
    )
    collect: Literal["on", "off"] = Field(
        "on",
        description="put up to 500 records of all shards by one call (on), or each by its own "
        "(off); kinesis view",
    )
    buffer_ms: Annotated[int, Field(ge=1, le=60_000)] = Field(
        100, description="how long a record may wait for others to travel with (kinesis view)"
    )
    readers: Annotated[int, Field(ge=1, le=MOST_READERS)] = Field(
        1,
        description="applications that poll each shard, this one included: processes that share "
        "its reads (kinesis view)",
    )
    fan_out: bool = Field(
        False, description="read by enhanced fan-out, which shares with nobody (kinesis view)"
    )
    closed_s: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        60.0,
        description="a closed shard that was read to its end is listed this long (kinesis view)",
    )
    streams: tuple[str, ...] = Field(
        ("clicks", "orders"),
        description="streams to produce, of clicks, orders, access",
        strict=False,
    )
    bootstrap: str | None = Field(
        None, description="HOST:PORT of another Kafka instead of the embedded broker"
    )
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = Field(
        "", description="put before each topic's name"
    )
    replication: Annotated[int, Field(ge=1, le=5)] | None = Field(
        None,
        description="replicas of new topics (as many as the cluster has nodes, three at most)",
    )
    lateness_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        10.0, description="allowed lateness: windows stay open this long past their end"
    )
    idle_s: Annotated[float, Field(ge=0.5, le=600)] = Field(
        5.0, description="a shard without records this long no longer holds the watermark back"
    )
    assignor: Assignor = Field(
        "roundrobin",
        description="how the group shares out its shards: range, roundrobin (both eager) or "
        "cooperative-sticky",
    )
    session_timeout_s: Annotated[float, Field(ge=1, le=300)] = Field(
        6.0, description="a consumer silent this long loses its shards"
    )
    flush_ms: Annotated[int, Field(ge=20, le=5000)] = Field(
        150, description="how often a consumer hands over what it has"
    )
    store_clicks: bool = Field(False, description="keep raw clicks too, not only orders")
    keep_hours: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        24.0, description="raw events, scores and changes of alarms older than this are deleted"
    )
    keep_rows: Annotated[int, Field(ge=1000)] = Field(
        2_000_000, description="at most this many raw events per table are kept"
    )
    data_dir: Annotated[Path, Field(strict=False)] | None = Field(
        None, description="where the lab keeps its data"
    )
    kafka: Security = Field(
        PLAINTEXT, description="how to connect to another Kafka; the table [kafka]"
    )

    @field_validator("key")
    @classmethod
    def _known_key(cls, value: str) -> str:
        shop(value)
        return value

    @field_validator("limits", mode="before")
    @classmethod
    def _limits(cls, value: object) -> object:
        return limits_of(value) if isinstance(value, str) else value

    @field_validator("aggregate", mode="before")
    @classmethod
    def _packing(cls, value: object) -> object:
        return packing_of(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _kinesis_only(self) -> LabSettings:
        if self.view == "msk" and self.limits != "off":
            raise ValueError("a Kafka partition has no limits of its own; add view = kinesis")
        if self.view == "msk" and self.aggregate != "off":
            raise ValueError("aggregation is what producers do for Kinesis; add view = kinesis")
        if self.view == "msk" and self.collect != "on":
            raise ValueError(
                "collect is about calls of Kinesis, a producer for Kafka has batches; "
                "add view = kinesis"
            )
        check_key(self.key, self.view)
        return self

    @field_validator("shape")
    @classmethod
    def _known_shape(cls, value: str) -> str:
        from generators.traffic import SHAPES

        if value not in SHAPES:
            raise ValueError(f"unknown shape {value!r}; known: {', '.join(SHAPES)}")
        return value

    @field_validator("incidents")
    @classmethod
    def _known_incidents(cls, value: str) -> str:
        from generators.schedule import read_schedule

        read_schedule(value, 0)
        return value

    @field_validator("streams")
    @classmethod
    def _known_streams(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [name for name in value if name not in STREAMS]
        if wrong or not value or len(set(value)) != len(value):
            raise ValueError(f"give each of {', '.join(STREAMS)} at most once, at least one")
        return tuple(name for name in STREAMS if name in value)

    @field_validator("bootstrap")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        for address in value.split(","):
            host, _, port = address.strip().rpartition(":")
            if not re.fullmatch(r"[A-Za-z0-9._\-\[\]:]+:[0-9]{1,6}", f"{host}:{port}"):
                # As in "user:password@host:9092": what stands before the @ may be a secret.
                raise ValueError(f"{address.rpartition('@')[2]!r} is not HOST:PORT")
            if not 0 < int(port) < 65536:
                raise ValueError(f"{port} is not a port (1 to 65535)")
        return value

    @property
    def lateness_ms(self) -> int:
        """Allowed lateness in milliseconds."""
        return round(self.lateness_s * 1000)

    def topic(self, stream: str) -> str:
        """The Kafka topic of a stream."""
        return f"{self.topic_prefix}{stream}"

    @property
    def group(self) -> str:
        """The consumer group's name."""
        return f"{self.topic_prefix}dasprep-lab"

    @property
    def dead_letter_topic(self) -> str:
        """The topic that gets the bytes of records that are no events."""
        return f"{self.topic_prefix}dead-letters"

    @property
    def alarms_topic(self) -> str:
        """The topic that gets a record of each alarm that asks for it."""
        return f"{self.topic_prefix}alarms"
