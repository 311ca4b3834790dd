"""Clicks made once, before anything is measured, so that both sides get the same bytes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from benchmarks.broker import SHARDS, ends, make_topic
from generators.shop import Shop, ShopConfig
from generators.wire import CLICKS, Click, Emitted
from streaming.broker.connection import Connection
from streaming.producer.delivery import Delivery
from streaming.shards.plan import StreamPlan

PLAN: Final = StreamPlan(stream=CLICKS, epoch=1, key="customer_id", view="msk", shards=SHARDS)
MINUTE_MS: Final = 60_000

_decoder: Final = msgspec.json.Decoder(Click)
_Ticks = list[list[bytes]]


class Made(msgspec.Struct, frozen=True):
    """What is in a topic: event times from `start_ms` to before `end_ms`, both full minutes.

    Each partition ends with one more click after `end_ms`, so that all minutes before it close.
    """

    topic: str
    start_ms: int
    end_ms: int
    ends: list[int]


def write_ticks(path: Path, records: int, rate: float, start_ms: int) -> None:
    """Write at least `records` clicks of a shop, tick by tick, to a file."""
    shop = Shop(ShopConfig(rate=rate, streams=(CLICKS,)), start_ms)
    ticks: _Ticks = []
    count = 0
    while count < records:
        ticks.append([record.value for record in shop.tick()])
        count += len(ticks[-1])
    path.write_bytes(msgspec.msgpack.encode(ticks))


def read_ticks(path: Path) -> list[list[Emitted]]:
    """The clicks of a file, as the generators would hand them over."""
    ticks = msgspec.msgpack.decode(path.read_bytes(), type=_Ticks)
    return [[_emitted(value) for value in tick] for tick in ticks]


def _emitted(value: bytes) -> Emitted:
    click = _decoder.decode(value)
    return Emitted(CLICKS, click, value, click.customer_id)


def fill(bootstrap: str, topic: str, ticks: list[list[Emitted]], start_ms: int) -> Made:
    """Put the clicks into a new topic, and one closing click behind them in each partition."""
    make_topic(bootstrap, topic)
    last = ticks[-1][-1].event
    assert isinstance(last, Click)
    end_ms = (last.ts // MINUTE_MS + 1) * MINUTE_MS
    closing = msgspec.structs.replace(last, ts=end_ms + MINUTE_MS)
    asyncio.run(_fill(bootstrap, topic, ticks, msgspec.json.encode(closing)))
    return Made(topic, start_ms, end_ms, ends(bootstrap, topic))


async def _fill(bootstrap: str, topic: str, ticks: list[list[Emitted]], closing: bytes) -> None:
    delivery = Delivery(Connection(bootstrap), {CLICKS: topic}, [PLAN])
    await delivery.start()
    for tick in ticks:
        await delivery.write(tick)
    await delivery.flush()
    await delivery.stop()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    for shard in range(SHARDS):
        await producer.send_and_wait(topic, closing, key=b"closing", partition=shard)
    await producer.stop()
