"""Records of a real lab: found by filter, followed to their windows, also when they are poison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from streaming.lab.commands import Inject, SetRate
from streaming.lab.record_commands import ReadRecords, TraceRecord
from streaming.lab.snapshot import LabSnapshot
from streaming.records.views import RecordPath, RecordRow, RecordsPage
from tests.pipeline.lab_driver import DrivenLab, lab, run_cli


async def page(driven: DrivenLab, **asked: Any) -> RecordsPage:
    reply = await driven.do(ReadRecords("clicks", **asked))
    return msgspec.json.decode(reply.data, type=RecordsPage)


async def trace(driven: DrivenLab, row: RecordRow) -> RecordPath:
    reply = await driven.do(TraceRecord("clicks", row.shard, row.offset, row.sub))
    return msgspec.json.decode(reply.data, type=RecordPath)


def owner(seen: LabSnapshot, shard: int) -> str | None:
    return next(s for s in seen.streams if s.name == "clicks").shards[shard].owner


async def test_a_record_is_found_and_followed(tmp_path: Path) -> None:
    async with lab(
        tmp_path, view="kinesis", aggregate="kpl", key="customer_id", speed=10.0
    ) as driven:
        await driven.stored(3000)
        first = await page(driven, start="offset", shard=2, at=0, limit=1)
        wanted = msgspec.json.decode(first.rows[0].value or "")
        found = await page(driven, filter=f"id={wanted['id']} customer_id={wanted['customer_id']}")
        (row,) = found.rows
        assert (row.shard, row.offset, row.key) == (2, 0, wanted["customer_id"])
        await driven.until(
            lambda s: s.streams and min(
                (x.watermark_at_ms or 0) for x in s.streams[0].shards
            ) > wanted["ts"] + 90_000,
            "its minute is final",
        )  # fmt: skip
        seen = await driven.until(lambda s: owner(s, 2), "an owner")
        path = await trace(driven, row)
        assert path.consumer == owner(seen, 2)
        assert (path.view, path.shard_name) == ("kinesis", "shardId-000000000002")
        assert path.key.text == "the event's customer_id" and path.epoch == 1
        assert (path.hash.kind, path.hash.shard, path.hash.agrees) == ("MD5", 2, True)
        assert path.fate == "counted" and path.row.of > 1
        rows = {(r.window, r.by): r for r in path.counted}
        for size in (10, 60):
            counted = rows[f"overview {size}s", "country"]
            assert (counted.key, counted.state) == (wanted["country"], "final")
            assert counted.start_ms is not None and counted.end_ms is not None and counted.n
            assert counted.start_ms <= wanted["ts"] < counted.end_ms
        assert rows["clicks_5s", ""].state == "final"
        told = run_cli("records", "--data-dir", str(tmp_path), "--path", "2:0", cwd=tmp_path)
        assert "shardId-000000000002" in told.stdout and "✓ final" in told.stdout

        await driven.do(SetRate(300))
        await driven.do(Inject("poison", 20.0))
        await driven.until(lambda s: s.store.dead_letters > 0, "poison")
        dead: list[RecordPath] = []
        while not dead:
            newest = await page(driven, limit=1000, keep=100)
            odd = [row for row in newest.rows if row.type is None]
            dead = [p for p in [await trace(driven, row) for row in odd[:3]] if p.fate == "dead"]
        assert dead[0].reason and not dead[0].counted
        assert dead[0].key.text == "it is no event: the key is the one its maker gave it"

        nobody = await page(driven, filter="id=nobody", limit=5)
        assert nobody.rows == ()
        refused = await driven.link.send(ReadRecords("clicks", start="offset", at=3))
        assert not refused.ok and "say of which" in refused.text
        refused = await driven.link.send(ReadRecords("sales"))
        assert not refused.ok and "there is no stream 'sales'" in refused.text
        refused = await driven.link.send(TraceRecord("clicks", 2, 10**9))
        assert not refused.ok and "no record 0" in refused.text
