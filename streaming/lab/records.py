"""The engine's answers about records: read from the log, and followed to what counted them.

One reader of the log is kept while views ask, for a connection takes longer than a page; it is let
go when nobody has asked for a while. One question is answered at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import msgspec

from streaming.broker.connection import Connection
from streaming.lab.commands import Reply
from streaming.lab.record_commands import MOST_KEPT, MOST_RECORDS, ReadRecords, TraceRecord
from streaming.records.counted import Kept, look_up
from streaming.records.filters import BadFilter, decoded, parse_filter
from streaming.records.origin import event_of, hash_step, key_step
from streaming.records.reading import read_page
from streaming.records.rows import row_of
from streaming.records.views import RecordPath
from streaming.shards.log_place import place_of
from streaming.store.epochs import Epoch
from streaming.verify import VerifyError
from streaming.verify.log import KafkaLog, LogRecord
from streaming.verify.places import parts

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

IDLE_S: Final = 15.0
STALL_S: Final = 5.0
WAIT_MS: Final = 50


class Records:
    """Answers `ReadRecords` and `TraceRecord`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._log: KafkaLog | None = None
        self._of: Connection | None = None
        self._lock = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def read(self, asked: ReadRecords) -> Reply:
        """A page of records as JSON, or why there is none."""
        try:
            wanted = parse_filter(asked.filter)
        except BadFilter as error:
            return Reply(False, str(error))
        wrong = self._wrong(asked.stream)
        if not wrong and not 0 <= asked.limit <= MOST_RECORDS:
            wrong = f"a page has from 0 to {MOST_RECORDS:,} records"
        if not wrong and asked.start == "offset" and asked.shard is None:
            wrong = "an offset is one of a shard: say of which"
        if wrong:
            return Reply(False, wrong)
        try:
            async with self._reading() as log:
                page = await read_page(log, asked, wanted, int(time.time() * 1000))
        except VerifyError as error:
            return Reply(False, str(error))
        return Reply(True, f"{len(page.rows):,} records", msgspec.json.encode(page).decode())

    async def trace(self, asked: TraceRecord) -> Reply:
        """The path of one record as JSON, or why it is not known."""
        wrong = self._wrong(asked.stream)
        where = f"{asked.stream}/{asked.shard} offset {asked.offset:,}"
        if not wrong and not (0 <= asked.offset < 2**40 and asked.shard >= 0):
            wrong = f"{where} cannot be"
        if wrong:
            return Reply(False, wrong)
        try:
            async with self._reading() as log:
                found = await self._fetch(log, asked)
        except VerifyError as error:
            return Reply(False, str(error))
        if found is None:
            return Reply(False, f"the log has no record {asked.sub} at {where}")
        path = await self._path(*found)
        return Reply(True, where, msgspec.json.encode(path).decode())

    def _wrong(self, stream: str) -> str:
        engine = self._engine
        if stream not in engine.topics:
            return f"there is no stream {stream!r}; there are {', '.join(engine.topics)}"
        return "the lab has not started yet" if engine.store is None else ""

    async def _fetch(
        self, log: KafkaLog, asked: TraceRecord
    ) -> tuple[LogRecord, int, int, bool] | None:
        """The record, its number, how many are together, and whether readers drop them."""
        bounds = await log.bounds(asked.stream)
        begin, end = bounds.get(asked.shard, (0, 0))
        if not begin <= asked.offset < end:
            return None
        wanted = {(asked.stream, asked.shard): (asked.offset, asked.offset + 1)}
        async for batch in log.read(wanted):
            for record in batch:
                together = list(parts(record))
                for place, part, dropped in together:
                    if place == place_of(asked.offset, asked.sub):
                        of = len(together) if part.value is not record.value else 0
                        return part, asked.sub, of, dropped
        return None

    async def _path(self, record: LogRecord, sub: int, of: int, dropped: bool) -> RecordPath:
        engine, event = self._engine, event_of(record)
        store = engine.store
        assert store is not None  # noqa: S101 - looked at before
        epoch = store.epochs.find(record.stream, record.shard, record.offset)
        kept = await self._kept(record, sub, event_of(record))
        owner = store.ledger.owners.get((record.stream, record.shard))
        plan = None if epoch is None else epoch.plan
        return RecordPath(
            stream=record.stream,
            row=row_of(record, sub, of, decoded(record.value), MOST_KEPT, dropped),
            view=None if plan is None else plan.view,
            epoch=None if plan is None else plan.epoch,
            began_ms=None if epoch is None else epoch.began_ms,
            key=key_step(plan, record, event),
            hash=hash_step(plan, record),
            shard_name=_name(epoch, record.shard),
            consumer=None if owner is None else owner[1],
            stored_offset=kept.stored_offset,
            fate=kept.fate,
            reason=kept.reason,
            counted=tuple(kept.counted),
            more_windows=kept.more_windows,
            alarms=tuple(kept.alarms),
        )

    async def _kept(self, record: LogRecord, sub: int, event: object) -> Kept:
        engine = self._engine
        if engine.store is None or engine.merger is None:
            return Kept(None, None)
        analysis = engine.store.analysis
        watching = (analysis.detectors.plan, analysis.alarms.plan)
        con = await engine.merger.call(engine.store.reader)
        try:
            return await asyncio.to_thread(look_up, con, record, sub, event, watching)  # type: ignore[arg-type]
        finally:
            con.close()

    # --- the reader of the log --------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[KafkaLog]:
        """The reader, made when there is none; one that failed is not used again."""
        async with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            connection = self._engine.backend.connection
            if self._log is None or self._of is not connection:
                await self._let_go()
                log = KafkaLog(connection, self._engine.topics, stall_s=STALL_S, wait_ms=WAIT_MS)
                self._log, self._of = await log.__aenter__(), connection
            try:
                yield self._log
            except BaseException:
                await self._let_go()
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._is_idle)

    def _is_idle(self) -> None:
        self._closing = asyncio.create_task(self._close_idle())

    async def _close_idle(self) -> None:
        async with self._lock:
            await self._let_go()

    async def _let_go(self) -> None:
        log, self._log, self._of = self._log, None, None
        if log is not None:
            await log.__aexit__(None, None, None)

    async def close(self) -> None:
        """Let go of the log."""
        if self._idle is not None:
            self._idle.cancel()
        await self._let_go()


def _name(epoch: Epoch | None, shard: int) -> str | None:
    """The shard's id of the API, None for a partition."""
    if epoch is None or epoch.plan.shard_map is None:
        return None
    shards = epoch.plan.shard_map.shards
    return shards[shard].name if shard < len(shards) else None
