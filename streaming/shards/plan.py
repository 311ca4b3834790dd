"""How a stream's records find their shards: the plan that holds for one epoch of a stream.

A new plan begins a new epoch. Between two epochs no record is under way, so the offsets at which
an epoch begins part its records from those before, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

from streaming.shards.keys import BadKey, shop
from streaming.shards.kpl_settings import DEFAULTS
from streaming.shards.limits import Numbers, shard_limits
from streaming.shards.records import check_put
from streaming.shards.service_errors import Refused
from streaming.shards.shardmap import ShardMap

View: TypeAlias = Literal["kinesis", "msk"]
Limits: TypeAlias = Literal["off", "course", "today"]
Packing: TypeAlias = Literal["off", "kpl", "naive"]


class StreamPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the producer goes by. `epoch` counts from 1, over the store's whole life.

    `shards` is how many there are, numbered from 0: in the msk view the partitions a key is spread
    over, in the kinesis view all shards of `shard_map`, open or not. `limits` says what an open
    shard takes, `aggregate` how the producer packs records together, `collect` whether it puts
    many by one call (PutRecords), `buffer_ms` how long a record may wait for company (kinesis
    only, all of them).
    """

    stream: str
    epoch: int
    key: str
    view: View
    shards: int
    shard_map: ShardMap | None = None
    limits: Limits = "off"
    aggregate: Packing = "off"
    collect: bool = True
    buffer_ms: int = DEFAULTS.record_max_buffered_time_ms

    @property
    def open_ids(self) -> tuple[int, ...]:
        """The shards that take records, in the order of their ranges."""
        if self.shard_map is None:
            return tuple(range(self.shards))
        return tuple(shard.id for shard in self.shard_map.open)

    @property
    def numbers(self) -> Numbers:
        """Whose numbers count: those of the limits, or today's where there are none."""
        return "today" if self.limits == "off" else self.limits

    def same(self, other: StreamPlan) -> bool:
        """Whether records would find the same shards under the other one."""
        return msgspec.structs.replace(self, epoch=other.epoch) == other


def shard_map_of(plan: StreamPlan) -> ShardMap:
    """The shard map that plans of the kinesis view have. Raises BadKey for one without.

    Only explicit hash keys, which `check_key` refuses elsewhere, cannot do without it.
    """
    if plan.shard_map is None:
        raise BadKey(NO_EXPLICIT)
    return plan.shard_map


NO_EXPLICIT: Final = (
    "+spread gives records explicit hash keys, which only Kinesis has; take +salt8 or +choose2, "
    "or start the lab with --view kinesis"
)


def limits_of(text: str) -> Limits:
    """What a person calls limits; "on" means today's. Raises ValueError."""
    limits: Limits = _named(text, "limits", {"on": "today"}, get_args(Limits))
    return limits


def packing_of(text: str) -> Packing:
    """What a person calls aggregation; "on" means the KPL's. Raises ValueError."""
    packing: Packing = _named(text, "aggregation", {"on": "kpl"}, get_args(Packing))
    return packing


def _named(text: str, what: str, meant: Mapping[str, str], known: tuple[str, ...]) -> Any:
    name = meant.get(text, text)
    if name not in known:
        raise ValueError(f"{what}: {', '.join(known)}; not {text!r}")
    return name


MAY_BE_EMPTY: Final = frozenset({"product_id"})
"""Fields that some events of the shop have empty: a search is about no product."""


LONGEST: Final = {
    "customer_id": 12, "session_id": 32, "product_id": 12, "category": 24, "country": 2,
    "device": 12, "event_type": 16, "event_id": 32, "type": 16, "id": 32,
}  # fmt: skip
"""Characters that the shop's fields have at most."""


def check_key(key: str, view: View) -> None:
    """Refuse a key that the view's service would not take of every event.

    Raises BadKey for what is no key, or none in this view; in the kinesis view Refused for keys
    that may be empty, or longer than 256 characters (Kinesis API, PutRecord, PartitionKey).
    """
    strategy = shop(key)
    if strategy.spread and view != "kinesis":
        raise BadKey(NO_EXPLICIT)
    if view != "kinesis" or strategy.base == "none":
        return
    shortest = longest = len("".join(strategy.parts[::2])) + (strategy.base == "constant")
    shortest += sum(name not in MAY_BE_EMPTY for name in strategy.fields)
    longest += sum(LONGEST[name] for name in strategy.fields)
    if strategy.salt is not None:
        shortest += 0 if strategy.salt.hot else len("#0")  # the others go without
        longest += len(f"#{strategy.salt.count}")
    for length in (shortest, longest):
        try:
            check_put("x" * length, b"", None, shard_limits())
        except Refused as error:
            raise Refused(error.code, f"{error} (keys of {key} may have {length:,})") from error
