"""A lab whose log is in memory: it reads pages as the engine does, and knows one path by heart."""

from __future__ import annotations

from typing import Any

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.record_commands import ReadRecords, TraceRecord
from streaming.records.filters import parse_filter
from streaming.records.reading import read_page
from streaming.records.views import (
    AlarmOver,
    CountedRow,
    HashStep,
    KeyStep,
    RecordPath,
    RecordRow,
)
from tests.records.record_support import MemoryLog
from tests.screens.fake_alarms import NOW_MS
from tests.screens.fake_link import FakeLink
from tests.windows.window_support import click

COUNTRIES = ("BR", "US", "DE", "IN")
PAGES = ("/", "/p/p-104", "/search?q=lamp", "/cart")


def a_click(number: int, at_ms: int) -> dict[str, Any]:
    return click(
        at_ms, id=f"e-{number}", seq=number, type=("view", "search", "checkout")[number % 3],
        customer_id=f"c-{number * 7 % 40}", session_id=f"s-{number % 9}",
        country=COUNTRIES[number % 4], category=("toys", "phones")[number % 2],
        device="phone", page=PAGES[number % 4], load_ms=100 + number % 50,
    )  # fmt: skip


def filled(records: int = 120, shards: int = 4) -> MemoryLog:
    """Clicks, ten a second, the newest a quarter of a second old."""
    log = MemoryLog()
    for number in range(records):
        put(log, number, NOW_MS - 250 - (records - 1 - number) * 100, shards)
    return log


def put(log: MemoryLog, number: int, at_ms: int, shards: int = 4) -> None:
    event = a_click(number, at_ms - 40)
    log.put(number % shards, event, at=at_ms, key=event["country"].encode())


class RecordsLink(FakeLink):
    """A fake lab with a log; `path` is what it answers to the question for one."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        super().__init__()
        self.log = filled() if log is None else log
        self.path: RecordPath | Reply | None = None

    async def send(self, command: Command) -> Reply:
        if isinstance(command, ReadRecords):
            self.sent.append(command)
            if isinstance(self.reply, Exception):
                raise self.reply
            if not self.reply.ok:
                return self.reply
            found = await read_page(self.log, command, parse_filter(command.filter), NOW_MS)  # type: ignore[arg-type]
            return Reply(True, "", msgspec.json.encode(found).decode())
        if isinstance(command, TraceRecord):
            self.sent.append(command)
            answer = path() if self.path is None else self.path
            if isinstance(answer, Reply):
                return answer
            return Reply(True, "", msgspec.json.encode(answer).decode())
        return await super().send(command)


def path(**changes: Any) -> RecordPath:
    """A click that is counted, with an alarm over one of its windows."""
    at = NOW_MS - 290
    value = msgspec.json.encode(a_click(119, at)).decode()
    pane = at // 10_000 * 10_000
    view = RecordPath(
        stream="clicks",
        row=RecordRow(3, 29, 0, NOW_MS - 250, at, "checkout", "IN", 2, value, len(value), False,
                      True, (("trace", "a1"),)),
        view="msk",
        epoch=2,
        began_ms=NOW_MS - 100_000,
        key=KeyStep("country", "the event's country"),
        hash=HashStep("murmur2", "IN", "2765438723", modulo=4, shard=3, agrees=True),
        shard_name=None,
        consumer="c-1",
        stored_offset=31,
        fate="counted",
        reason="",
        counted=(
            CountedRow("overview 10s", "", "*", pane, pane + 10_000, 5512, "open"),
            CountedRow("overview 10s", "country", "IN", pane, pane + 10_000, 1203, "final"),
            CountedRow("overview 60s", "", "*", pane, pane + 60_000, None, "open"),
            CountedRow("clicks_5s", "country", "IN", pane, pane + 5000, 610, "final"),
            CountedRow("visits", "customer_id", "c-33", None, None, None, "late"),
        ),
        alarms=(
            AlarmOver("rush", "IN", "clicks_5s", pane - 5000, None, "3 of 5 beyond 500"),
        ),
    )  # fmt: skip
    return msgspec.structs.replace(view, **changes)


def kinesis_path(**changes: Any) -> RecordPath:
    """The same in the kinesis view, within an aggregate, not in the store yet."""
    view = path()
    held = HashStep(
        "MD5", "IN", str(int("6b" * 16, 16)), "6" + "0" * 31, "7" + "f" * 31, shard=3, agrees=True
    )
    view = msgspec.structs.replace(
        view, view="kinesis", hash=held, shard_name="shardId-000000000003", stored_offset=12,
        fate="waiting", counted=(), alarms=(), row=msgspec.structs.replace(view.row, of=94, sub=7),
    )  # fmt: skip
    return msgspec.structs.replace(view, **changes)
