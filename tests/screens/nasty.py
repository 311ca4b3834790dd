"""Snapshots with one text from outside wherever a lab has a text."""

from __future__ import annotations

from typing import Any

import msgspec

from streaming.lab.alarm_snapshot import BlameView
from streaming.lab.snapshot import ConsumerView, EventView, LabSnapshot
from streaming.lab.stream_snapshot import HeavyKeyView
from tests.records.record_support import MemoryLog
from tests.screens.fake_alarms import alarm_changes, alarms, detectors
from tests.screens.fake_records import a_click
from tests.screens.fakes import NOW_MS, kinesis_stream, shard, snapshot, stream, windows
from tests.screens.hostile import PAYLOADS


def nasty(payload: str) -> LabSnapshot:
    """Put one text wherever a snapshot has a text."""
    view = snapshot()
    shards = tuple(shard(id, owner=payload) for id in range(3))
    odd: Any = payload
    shards += (shard(3, state=odd),)
    event = EventView(1, NOW_MS, "warn", payload, payload)
    return msgspec.structs.replace(
        view,
        detail=payload,
        data_dir=payload,
        key=payload,
        broker=msgspec.structs.replace(view.broker, label=payload, address=payload, state="down"),
        streams=(msgspec.structs.replace(stream(), name=payload, key=payload, shards=shards),),
        consumers=(ConsumerView(payload, 1, "running", (payload,), 1, 1.0, 0),),
        history=tuple(
            msgspec.structs.replace(point, mark=payload if index == 50 else "")
            for index, point in enumerate(view.history)
        ),
        events=(event, msgspec.structs.replace(event, seq=2, level=odd)),
        state="draining",
    )


def nasty_kinesis(payload: str) -> LabSnapshot:
    """Put one text wherever a stream of the Kinesis view and its epochs have one."""
    odd: Any = payload
    view = kinesis_stream()
    shards = tuple(
        msgspec.structs.replace(
            s,
            owner=payload,
            state=odd if s.id == 3 else s.state,
            kinesis=msgspec.structs.replace(
                s.kinesis,
                name=payload,
                start=payload if s.id < 3 else s.kinesis.start,
                end=payload if s.id > 5 else s.kinesis.end,
                lifecycle=odd if s.id == 4 else s.kinesis.lifecycle,
            ),
        )
        for s in view.shards
        if s.kinesis is not None
    )
    texts = dict.fromkeys(("key", "view", "keeps", "loses", "why"), payload)
    stream_ = msgspec.structs.replace(
        view,
        name=payload,
        key=payload,
        limits=odd,
        shards=shards,
        epochs=tuple(msgspec.structs.replace(item, **texts) for item in view.epochs),
        heavy=tuple(HeavyKeyView(payload, 10, shard) for shard in (1, None)),
    )
    named = {"name": payload, "stream": payload, "shape": payload, "group_by": payload}
    results = tuple(
        msgspec.structs.replace(r, key=payload, values={payload: payload, "n": 1, **r.values})
        for r in windows()[0].newest
    )
    return snapshot(
        streams=(stream_, msgspec.structs.replace(stream_, name="next", view="msk")),
        windows=tuple(msgspec.structs.replace(w, newest=results, **named) for w in windows()),
        alarms=tuple(msgspec.structs.replace(a, **_texts(a, payload)) for a in alarms()),
        alarm_changes=tuple(
            msgspec.structs.replace(c, **_texts(c, payload)) for c in alarm_changes()
        ),
        detectors=tuple(
            msgspec.structs.replace(
                d, **_texts(d, payload), blame=(BlameView(payload, True, 1.0), *d.blame)
            )
            for d in detectors()
        ),
    )


def _texts(view: Any, payload: str) -> dict[str, str]:
    """The payload for each free text of a view."""
    fixed = ("state", "severity", "clock", "before", "after")
    return {
        name: payload
        for name in view.__struct_fields__
        if isinstance(getattr(view, name), str) and name not in fixed
    }


BYTES = {
    "invalid": b"\xff\xfe\x80 \xc3(",
    "ansi": b"\x1b[2J\x1b]52;c;aGFja2Vk\x07",
    "c1": "\x9b31m\x9d52;c;eA==\x9c".encode(),
    "nul": b"\x00" * 50,
    "huge": b"[b]" * 700_000,
    "deep": b"[" * 60_000,
    "deep in a string": b'["' + b"]" * 5000 + b'", ' + b"[" * 5000,
    "broken": b'{"type": "view", "ts": 12',
    "markup": b'{"type": "[/x]", "ts": 1, "[@click=app.quit]pay[/]": "[b"}',
    "odd fields": b'{"type": 7, "ts": 1e300, "a": NaN}',
    "big numbers": b'{"ts": 99999999999999999999999, "n": ' + b"9" * 5000 + b"}",
    "time": b'{"ts": 9007199254740000, "type": ""}',
    "surrogate": b'{"type": "\\ud800", "ts": 1}',
    "escapes": b'{"type": "\\u001b[31m\\u202e\\u0000", "a": "\\u009b"}',
    "keys": b'{"\\u001b]0;x\\u0007": {"a": [1]}, "\\u2066": true}',
    "scalar": b'"\\u001b[31m"',
    "empty": b"",
}


def hostile_log() -> MemoryLog:
    """Every payload as key, value, field and header; every odd value."""
    log = MemoryLog()
    for number, payload in enumerate(PAYLOADS.values()):
        data = payload.encode("utf-8", "replace")
        fields = a_click(number, NOW_MS - 900) | {"type": payload[:9000].replace("\ud800", "")}
        log.put(0, data, at=NOW_MS - 1000, key=data, headers=((payload[:50], data),))
        value = {
            **fields,
            payload[:50].replace("\ud800", "?"): payload[:9000].replace("\ud800", ""),
        }
        log.put(1, msgspec.json.encode(value), at=NOW_MS - 900, key=data)
    for value in BYTES.values():
        log.put(2, value, at=NOW_MS - 800, key=value)
    log.put(2, None, at=NOW_MS - 700, key=None)
    return log
