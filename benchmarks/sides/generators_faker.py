"""The naive way: ask Faker for each field of each click, then json.dumps."""

from __future__ import annotations

import json
from typing import Any

from faker import Faker

from benchmarks.side import Clock
from generators.wire import CLICK_TYPES, CLICKS
from streaming.windows.records import DECODERS


def click(fake: Faker, seq: int, ts: int) -> bytes:
    """One click with the fields of the contract."""
    event = {
        "v": 1,
        "id": fake.uuid4(),
        "ts": ts,
        "seq": seq,
        "type": fake.random_element(CLICK_TYPES),
        "customer_id": fake.user_name(),
        "session_id": fake.uuid4(),
        "product_id": fake.ean8(),
        "category": fake.word(),
        "country": fake.country_code(),
        "device": fake.random_element(("mobile", "desktop", "tablet")),
        "campaign": fake.word(),
        "page": "/" + fake.uri_path(),
        "query": fake.word(),
        "load_ms": fake.random_int(20, 3000),
    }
    return json.dumps(event).encode()


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Make clicks; afterwards count those that keep the contract."""
    fake = Faker()
    fake.seed_instance(7)
    click(fake, 0, config["start_ms"])
    clock.start()
    made = [click(fake, n, config["start_ms"] + n) for n in range(config["records"])]
    clock.stop()
    decode = DECODERS[CLICKS].decode
    return {"records": len(made), "valid": sum(decode(value) is not None for value in made)}
