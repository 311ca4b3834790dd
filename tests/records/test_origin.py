"""Where a record came from, held against the lab's own routing and the services' vectors."""

import json

import msgspec
import pytest

from streaming.records.origin import event_of, hash_step, key_step
from streaming.shards.hash_keys import hash_key
from streaming.shards.keys import offered
from streaming.shards.plan import StreamPlan
from streaming.shards.route import explicit_headers
from streaming.shards.routing import router
from streaming.shards.shardmap import ShardMap
from streaming.verify.log import LogRecord
from tests.windows.window_support import NOW, click

SHARDS = 8


def plan_of(key, view):
    shard_map = ShardMap.even("clicks", SHARDS).split(3, 2**127 - 5) if view == "kinesis" else None
    shards = SHARDS + 2 if shard_map else SHARDS
    return StreamPlan(
        stream="clicks", epoch=4, key=key, view=view, shards=shards, shard_map=shard_map
    )


def routed(key, view, count=400):
    """Clicks as the producer routes them."""
    choose, plan = router(plan_of(key, view), seed=5), plan_of(key, view)
    for n in range(count):
        fields = click(NOW, id=f"e{n}", customer_id=f"c{n % 5}", country="BR", device="phone")
        value = json.dumps(fields).encode()
        blank = LogRecord("clicks", 0, n, NOW, (), None, value)
        route = choose(event_of(blank), "hint", 300)
        headers = explicit_headers(route.explicit)
        yield plan, blank._replace(shard=route.shard, key=route.key, headers=headers)


def texts(key, view):
    return {key_step(plan, r, event_of(r)).text for plan, r in routed(key, view)}


@pytest.mark.parametrize("view", ["msk", "kinesis"])
@pytest.mark.parametrize("key", offered("kinesis"))
def test_every_strategy_of_the_lab_is_recognised(key, view):
    if key.endswith("+spread") and view == "msk":
        return
    for plan, record in routed(key, view):
        made, hashed = key_step(plan, record, event_of(record)), hash_step(plan, record)
        assert made.strategy == key and made.text
        assert "would not" not in made.text and "neither" not in made.text
        if record.key is None:
            assert hashed.kind == "none" and (key, view) == ("none", "msk")
            continue
        assert hashed.agrees and hashed.shard == record.shard
        if view == "kinesis":
            low, high = int(hashed.low, 16), int(hashed.high, 16)
            assert low <= int(hashed.hash) <= high
        else:
            assert (int(hashed.hash) & 0x7FFFFFFF) % hashed.modulo == record.shard


def test_words_say_how_the_key_was_made():
    assert texts("customer_id", "msk") == {"the event's customer_id"}
    assert texts("{country}:{device}", "msk") == {"the event's country and device in a template"}
    assert texts("constant", "kinesis") == {"the same key for all records"}
    assert texts("none", "msk") == {"no key: the sticky partitioner chose the partition"}
    assert texts("none", "kinesis") == {"a new key drawn for this record"}
    assert "the event's customer_id and #7, drawn from 8 suffixes" in texts(
        "customer_id+salt8", "msk"
    )
    assert all("CRC-32" in text for text in texts("customer_id+salt8calc", "msk"))
    assert texts("customer_id+choose2", "kinesis") == {
        "the event's customer_id; the first of its two shards",
        "the event's customer_id; the second of its two shards",
    }
    assert "explicit hash key of its own" in texts("customer_id+spread", "kinesis").pop()


def test_hashes_are_the_services_own():
    plan = plan_of("customer_id", "msk")
    record = LogRecord("clicks", 0, 0, NOW, (), b"21", b"")
    # Utils.murmur2 of Kafka's own test (UtilsTest.testMurmur2): "21" is -973932308.
    step = hash_step(plan, record)
    assert int(step.hash) == -973932308 % 2**32 and (step.kind, step.modulo) == ("murmur2", 8)
    step = hash_step(plan_of("customer_id", "kinesis"), record._replace(shard=1))
    assert step.hash == str(int("3c59dc048e8850243be8079a5c74d079", 16)) == str(hash_key("21"))
    assert (step.kind, step.shard, step.agrees) == ("MD5", 1, True)


def test_what_the_strategy_did_not_make_is_said_to_be_so():
    plan, record = next(iter(routed("customer_id", "msk")))
    event = event_of(record)
    foreign = record._replace(key=b"other", shard=(record.shard + 1) % SHARDS)
    assert "would not have made this key" in key_step(plan, foreign, event).text
    assert not hash_step(plan, record._replace(shard=(record.shard + 1) % SHARDS)).agrees
    assert "it has none" in key_step(plan, record._replace(key=None), event).text
    assert "no event" in key_step(plan, record, None).text
    salted = msgspec.structs.replace(plan, key="customer_id+salt8calc")
    assert "would not" in key_step(salted, record._replace(key=b"c0#9"), event).text
    drawn = msgspec.structs.replace(plan_of("none", "kinesis"))
    assert "not drawn" in key_step(drawn, record, event).text


def test_without_an_epoch_nothing_is_known():
    _, record = next(iter(routed("customer_id", "msk")))
    assert key_step(None, record, event_of(record)).text is None
    assert hash_step(None, record).kind is None


def test_a_shard_that_the_plan_does_not_know():
    _, record = next(iter(routed("customer_id", "kinesis")))
    step = hash_step(plan_of("customer_id", "kinesis"), record._replace(shard=99))
    assert (step.low, step.agrees) == (None, None) and step.shard != 99
