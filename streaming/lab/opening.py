"""Before anything is written: the topics, whether this log is the store's own, and the plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.broker.errors import BrokerError
from streaming.broker.topics import LogWatch, check_group, ensure_topics
from streaming.lab.meter import Meter

if TYPE_CHECKING:
    from streaming.lab.engine import Engine
    from streaming.store.ledger import Shard
    from streaming.store.store import Store


async def prepare(engine: Engine, store: Store, *, resume: bool) -> None:
    """Make topics and group ready and find each stream's plan. Raises BrokerError.

    `resume`: an engine before this one was killed; the plans of its end go on.
    """
    settings, connection = engine.settings, engine.backend.connection
    counts = await ensure_topics(
        connection,
        dict.fromkeys(engine.topics.values(), settings.shards),
        [settings.dead_letter_topic, settings.alarms_topic],
        engine.cluster.replicas,
    )
    await check_group(connection, settings.group)
    engine.shards = {stream: counts[topic] for stream, topic in engine.topics.items()}
    for stream, count in engine.shards.items():
        for number in range(count):
            store.ledger.shard(stream, number)
        if count > settings.shards and settings.view == "msk":
            text = f"{stream} has {count} shards; Kafka cannot take any away"
            engine.journal.add("warn", "shards", text)
    engine.meter = Meter(engine.shards, settings.idle_s)
    engine.watch = LogWatch(connection)
    ends = await _check_log(engine, store, engine.watch)
    await engine.switchboard.begin(ends, resume=resume)
    engine.declared.begin(store, resume=resume)


async def _check_log(engine: Engine, store: Store, watch: LogWatch) -> dict[Shard, int]:
    """Refuse a log that is shorter than what was stored from it; say what retention took.

    Returns where each shard's log ends.
    """
    topics = engine.partitions()
    found, firsts = await watch.ends(topics), await watch.begins(topics)
    if found is None or firsts is None:
        raise BrokerError(
            f"The broker at {engine.backend.connection.bootstrap} does not say where its "
            "logs end. Look at its log file, or try again."
        )
    ends, begins = engine.by_shard(found), engine.by_shard(firsts)
    for (stream, number), end in ends.items():
        progress = store.ledger.shard(stream, number)
        if end < progress.next_offset:
            raise BrokerError(
                f"The log of {stream}/{number} ends at offset {end}, but the store has counted "
                f"up to {progress.next_offset}: this is another log, or it was cut. Use the "
                "broker this data belongs to, or choose another folder with --data-dir."
            )
        gone = store.skip_to(stream, number, begins[stream, number])
        if gone:
            text = f"{stream}/{number}: {gone} records were deleted before they were read"
            engine.journal.add("alarm", "retention", text)
    return ends
