"""What `set` can change of a running lab, and the commands that do it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from streaming.lab.assignors import Assignor
from streaming.lab.commands import (
    Acknowledge,
    AddConsumer,
    Command,
    MergeShards,
    ReadParentsFirst,
    SetAggregation,
    SetCollection,
    SetLimits,
    SetRate,
    SetReading,
    SetShape,
    SplitShard,
    SwitchKey,
    UpdateShardCount,
)
from streaming.lab.consumer_commands import (
    LEAST_PER_S,
    MOST_PER_S,
    PauseConsumer,
    RemoveConsumer,
    SetAssignor,
    SlowConsumer,
)
from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import StreamView
from tui.tapes.problems import near
from tui.tapes.stream_metrics import hottest
from tui.views.plan import open_shards

KINESIS_ONLY: Final = (
    "limits", "aggregate", "collect", "readers", "fan_out", "parents_first", "split", "merge",
)  # fmt: skip
BUSIEST: Final = "busiest"
HOTTEST: Final = "hottest"

_Switch = Literal["on", "off"]


class ChangeError(Exception):
    """A change that the lab as it is now has nothing for; the text says why."""


class Changes(BaseModel):
    """Changes of the running lab."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    rate: Annotated[float, Field(ge=0, le=1_000_000)] | None = Field(
        None, description="records/s over all streams"
    )
    shape: str | None = Field(None, description="how the rate moves: constant, ramp, diurnal, ...")
    key: str | None = Field(None, description="what decides a record's shard from now on")
    shards: Annotated[int, Field(ge=1, le=200)] | None = Field(
        None, description="how many take records; with key, both by one change"
    )
    split: int | str | None = Field(
        None, description="a shard to split where its records halve: a number, or hottest"
    )
    merge: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        None, description="two neighbours to merge, the lower range first: [4, 5]"
    )
    limits: Literal["off", "today", "course"] | None = Field(
        None, description="what a shard takes: today's numbers, the course's, or off"
    )
    aggregate: Literal["off", "kpl", "naive"] | None = Field(
        None, description="pack records together as the KPL does, across shards (naive), or not"
    )
    collect: _Switch | None = Field(None, description="many records by one call, on or off")
    readers: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None, description="applications that poll each shard, this one included"
    )
    fan_out: _Switch | None = Field(None, description="read by enhanced fan-out, on or off")
    parents_first: _Switch | None = Field(
        None, description="read children after their parents, on or off"
    )
    consumers: Annotated[int, Field(ge=1, le=32)] | None = Field(
        None, description="how many the group has: new ones join, the last ones leave"
    )
    pause: str | None = Field(
        None, description="a consumer that is to stand still: c-1, or busiest"
    )
    resume: str | None = Field(None, description="a consumer that is to go on: c-1, or all")
    slow: dict[str, float] | None = Field(
        None, description="consumers with the records/s they may read: {c-1: 100}, or off"
    )
    remove: str | None = Field(None, description="a consumer that is to leave the group: c-1")
    assignor: Assignor | None = Field(
        None,
        description="how the group shares out its shards: range, roundrobin, cooperative-sticky",
    )
    acknowledge: str | None = Field(None, description="an alarm that somebody knows of by now")

    @field_validator("limits", "aggregate", mode="before")
    @classmethod
    def _on(cls, value: object, info: object) -> object:
        usual = {"limits": "today", "aggregate": "kpl"}
        return usual[getattr(info, "field_name", "")] if value == "on" else value

    @field_validator("key")
    @classmethod
    def _known_key(cls, value: str | None) -> str | None:
        from streaming.shards.keys import shop

        if value is not None:
            shop(value)
        return value

    @field_validator("slow", mode="before")
    @classmethod
    def _speeds(cls, value: object) -> object:
        if not isinstance(value, dict) or not value:
            return value
        speeds = {name: 0.0 if speed == "off" else speed for name, speed in value.items()}
        for name, speed in speeds.items():
            known = isinstance(speed, int | float) and not isinstance(speed, bool)
            if value[name] != "off" and not (known and LEAST_PER_S <= speed <= MOST_PER_S):
                most = f"{MOST_PER_S:,.0f}"
                raise ValueError(f"{name} reads {LEAST_PER_S:g} to {most} a second, or off")
        return speeds

    @field_validator("split")
    @classmethod
    def _a_shard(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, str) and value != HOTTEST:
            raise ValueError(f"give a shard's number, or {HOTTEST}")
        return value

    @field_validator("shape")
    @classmethod
    def _known_shape(cls, value: str | None) -> str | None:
        from generators.traffic import SHAPES

        if value is not None and value not in SHAPES:
            raise ValueError(f"there is no shape {value!r}{near(value, SHAPES)}")
        return value

    @model_validator(mode="after")
    def _something(self) -> Changes:
        if not self.model_fields_set:
            raise ValueError(f"give what to change: {', '.join(type(self).model_fields)}")
        return self

    @property
    def kinesis_only(self) -> tuple[str, ...]:
        """The changes among these that only the kinesis view has."""
        return tuple(name for name in KINESIS_ONLY if getattr(self, name) is not None)


def commands(changes: Changes, stream: str, snapshot: LabSnapshot) -> Iterator[Command]:
    """Yield what to send for these changes of a stream ("all": of each). Raises ChangeError."""
    yield from _of_the_lab(changes, snapshot)
    streams = [one for one in snapshot.streams if stream in ("all", one.name)]
    if not streams:
        raise ChangeError(f"the lab has no stream {stream!r}")
    for one in streams:
        yield from _of_a_stream(changes, one)
    yield from _of_the_reading(changes, snapshot)
    yield from _of_consumers(changes, snapshot, streams[0])


def _of_the_lab(changes: Changes, snapshot: LabSnapshot) -> Iterator[Command]:
    if changes.shape is not None:
        yield SetShape(changes.shape)
    if changes.rate is not None:
        yield SetRate(changes.rate)
    if changes.limits is not None:
        yield SetLimits(changes.limits)
    if changes.aggregate is not None:
        yield SetAggregation(changes.aggregate)
    if changes.collect is not None:
        yield SetCollection(changes.collect == "on")
    if changes.acknowledge is not None:
        yield Acknowledge(changes.acknowledge)


def _of_a_stream(changes: Changes, stream: StreamView) -> Iterator[Command]:
    if changes.key is not None:
        yield SwitchKey(stream.name, changes.key, changes.shards or 0)
    elif changes.shards is not None:
        if stream.view == "kinesis":
            yield UpdateShardCount(stream.name, changes.shards)
        else:
            yield SwitchKey(stream.name, stream.key, changes.shards)
    if changes.split is not None:
        shard = hottest(stream) if changes.split == HOTTEST else int(changes.split)
        if shard is None:
            raise ChangeError("which shard is the hottest is not known yet")
        yield SplitShard(stream.name, shard)
    if changes.merge is not None:
        yield MergeShards(stream.name, changes.merge[0], changes.merge[1])


def _of_the_reading(changes: Changes, snapshot: LabSnapshot) -> Iterator[Command]:
    if changes.readers is not None or changes.fan_out is not None:
        fan_out = snapshot.fan_out if changes.fan_out is None else changes.fan_out == "on"
        yield SetReading(changes.readers or snapshot.readers, fan_out)
    if changes.parents_first is not None:
        yield ReadParentsFirst(changes.parents_first == "on")


def _of_consumers(changes: Changes, snapshot: LabSnapshot, stream: StreamView) -> Iterator[Command]:
    names = [consumer.name for consumer in snapshot.consumers]
    if changes.assignor is not None:
        yield SetAssignor(changes.assignor)
    if changes.consumers is not None:
        yield from [AddConsumer()] * (changes.consumers - len(names))
        for name in reversed(names[changes.consumers :]):
            yield RemoveConsumer(name)
    if changes.pause is not None:
        yield PauseConsumer(the_consumer(changes.pause, stream), True)
    if changes.resume is not None:
        paused = [one.name for one in snapshot.consumers if one.state == "paused"]
        for name in paused if changes.resume == "all" else [changes.resume]:
            yield PauseConsumer(name, False)
    for name, per_s in (changes.slow or {}).items():
        yield SlowConsumer(the_consumer(name, stream), per_s)
    if changes.remove is not None:
        yield RemoveConsumer(changes.remove)


def the_consumer(name: str, stream: StreamView) -> str:
    """Return a consumer's name; `busiest` is the owner of the hottest shard. Raises ChangeError."""
    if name != BUSIEST:
        return name
    shard = hottest(stream)
    owners = [one.owner for one in open_shards(stream) if one.id == shard]
    if not owners or owners[0] is None:
        raise ChangeError("which consumer is the busiest is not known yet")
    return owners[0]
