"""A log made by hand, members that read it as consumers do, and a plain model of the store."""

import shutil
from collections import defaultdict
from dataclasses import dataclass, field

from streaming.lab.messages import Handover, Range, RawRow, ShardId
from streaming.store.store import Store
from streaming.windows.columns import NEVER, PaneColumns
from tests.windows.window_support import NOW, click, order, record

BEGIN = NOW - 600_000
LATENESS = 5_000
STREAMS = ("clicks", "orders")
SHARDS = [(stream, n) for stream in STREAMS for n in range(2)]
VALUE = {"clicks": "load_ms", "orders": "total_cents"}


def event(stream, ts, value, who="u", country="DE"):
    if stream == "clicks":
        return click(ts, load_ms=value, customer_id=who, country=country)
    return order(ts, total_cents=value, customer_id=who, country=country)


def open_store(path):
    """As the engine does: every shard is known before anybody claims one."""
    store = Store(path, STREAMS, LATENESS)
    for shard in SHARDS:
        store.ledger.shard(*shard)
    return store


def crashed_copy(store, to):
    """What a process that starts now would find if this one were killed now."""
    for path in (store.path, store.path.with_name(store.path.name + ".wal")):
        if path.exists():
            shutil.copyfile(path, to.with_name(path.name.replace(store.path.name, to.name)))
    return to


@dataclass
class Member:
    """A consumer: reads where its claim told it to, and keeps what it was told then."""

    name: str
    claim: int = 0
    at: dict = field(default_factory=dict)
    seq: int = 0

    def join(self, store, shards):
        ids = tuple(ShardId(*shard) for shard in shards)
        self.claim = store.ledger.claim(self.name, ids)
        self.at = {}
        for shard in shards:
            p = store.position(*shard)
            mark = NEVER if p.watermark_ms is None else p.watermark_ms
            floor = NEVER if p.floor_ms is None else p.floor_ms
            self.at[shard] = [p.next, mark, floor]

    def read(self, log, shards, most):
        """A handover of up to `most` records of each of these shards; None when there are none."""
        columns = {stream: PaneColumns(stream, LATENESS) for stream in STREAMS}
        ranges, late, dead, raw = [], [], [], []
        for shard in shards:
            if shard not in self.at:
                continue
            first, mark, floor = self.at[shard]
            part = log[shard][first : first + most]
            if not part:
                continue
            stream, n = shard
            batch = [record(first + i, e) for i, e in enumerate(part)]
            done = columns[stream].add(n, batch, mark, floor, NOW)
            late += done.late
            dead += done.dead
            bad = {row.offset for row in done.dead}
            if stream == "orders":
                raw += [RawRow(stream, n, r.offset, r.value) for r in batch if r.offset not in bad]
            after = None if done.watermark_ms == NEVER else done.watermark_ms
            size = sum(len(r.value) for r in batch)
            ranges.append(Range(stream, n, first, first + len(part), after, len(part), size))
            self.at[shard] = [first + len(part), done.watermark_ms, floor]
        if not ranges:
            return None
        self.seq += 1
        panes = [row for c in columns.values() for row in c.fold()]
        return Handover(self.claim, self.seq, tuple(ranges), panes, late, dead, raw, [])


class Model:
    """What the store must hold, from one dictionary per event."""

    def __init__(self):
        self.next = dict.fromkeys(SHARDS, 0)
        self.marks = dict.fromkeys(SHARDS)
        self.owner = {}
        self.claims = 0
        self.watermark = dict.fromkeys(STREAMS)
        self.counted = defaultdict(list)
        self.late = set()
        self.dead = set()
        self.raw = set()
        self.finals = {}

    def claimed(self, name, shards):
        self.claims += 1
        self.owner = {s: own for s, own in self.owner.items() if own[1] != name}
        self.owner |= dict.fromkeys(shards, (self.claims, name))
        return self.claims

    def restarted(self):
        self.owner, self.claims = {}, 0

    def final(self, stream, start, size=10_000):
        mark = self.watermark[stream]
        return mark is not None and mark >= start + size + LATENESS

    def admits(self, handover):
        touched = [(r.stream, r.shard) for r in handover.ranges]
        if not touched or len(set(touched)) < len(touched):
            return False
        for r in handover.ranges:
            shard = (r.stream, r.shard)
            if self.owner.get(shard, (0, ""))[0] != handover.claim:
                return False
            if r.first != self.next[shard] or r.next < r.first:
                return False
        return not any(self.final(p.stream, p.start_ms) for p in handover.panes)

    def apply(self, handover, log):
        late = {(r.stream, r.shard, r.offset) for r in handover.late}
        self.late |= late
        for r in handover.ranges:
            shard = (r.stream, r.shard)
            for offset in range(r.first, r.next):
                made, place = log[shard][offset], (r.stream, r.shard, offset)
                if isinstance(made, bytes):
                    self.dead.add(place)
                    continue
                if r.stream == "orders":
                    self.raw.add((r.shard, offset))
                self.marks[shard] = max(self.marks[shard] or 0, made["ts"])
                if place not in late:
                    start = made["ts"] - made["ts"] % 10_000
                    for dim in ("type", "category", "country"):
                        self.counted[r.stream, start, dim, made[dim]].append(made)
                    self.counted[r.stream, start, "all", "*"].append(made)
            self.next[shard] = r.next

    def advance(self, idle):
        for stream in STREAMS:
            marks = [m for s, m in self.marks.items() if s[0] == stream and s not in idle]
            if marks and None not in marks:
                self.watermark[stream] = max(self.watermark[stream] or 0, min(marks))

    def windows(self):
        rows, minutes = {}, defaultdict(list)
        for (stream, start, dim, key), events in self.counted.items():
            rows[stream, 10, start, dim, key] = self._row(stream, events, self.final(stream, start))
            minute = start - start % 60_000
            if self.final(stream, minute, 60_000):
                minutes[stream, 60, minute, dim, key] += events
        return rows | {place: self._row(place[0], e, True) for place, e in minutes.items()}

    @staticmethod
    def _row(stream, events, final):
        values = [e[VALUE[stream]] for e in events]
        who = len({e["customer_id"] for e in events})
        return (len(values), sum(values), min(values), max(values), who, final)


def check(store, model):
    """The file holds what the model says, and what was final once stands as it stood."""
    con = store.reader()
    try:
        rows = con.execute(
            "SELECT stream, size_s, epoch_ms(start_at), dim, key, n, total, lowest, highest, "
            "distinct_customers, is_final, p50, hll, buckets FROM windows"
        ).fetchall()
        assert {r[:5]: (*r[5:9], round(r[9]), r[10]) for r in rows} == model.windows()
        finals = {r[:5]: r[5:] for r in rows if r[10]}
        assert all(finals[place] == row for place, row in model.finals.items())
        model.finals = finals
        offsets = con.execute(
            "SELECT stream, shard, next_offset, watermark_ms, records FROM offsets"
        ).fetchall()
        for stream, n, reached, mark, records in offsets:
            shard = (stream, n)
            assert (reached, mark, records) == (model.next[shard], model.marks[shard], reached)
        assert {(s, n) for s, n, *_ in offsets} >= {s for s in SHARDS if model.next[s]}
        places = 'SELECT stream, shard, "offset" FROM '
        late = con.execute(places + "late_events").fetchall()
        dead = con.execute(places + "dead_letters").fetchall()
        raw = con.execute('SELECT shard, "offset" FROM events_orders').fetchall()
        assert (sorted(late), sorted(dead)) == (sorted(model.late), sorted(model.dead))
        assert sorted(raw) == sorted(model.raw)
        marks = dict(con.execute("FROM watermarks").fetchall())
        assert marks == {s: m for s, m in model.watermark.items() if m is not None}
    finally:
        con.close()
    c = store.counters
    assert (c.stored, c.late, c.dead_letters) == (
        sum(model.next.values()), len(model.late), len(model.dead),
    )  # fmt: skip
    assert c.windows_final == len(model.finals)
    assert c.windows_open == len(rows) - len(model.finals)


def everything(store):
    """All rows of all tables, to see that nothing changed."""
    con = store.reader()
    try:
        tables = [name for (name,) in con.execute("SHOW TABLES").fetchall()]
        return {name: sorted(map(repr, con.execute(f"FROM {name}").fetchall())) for name in tables}
    finally:
        con.close()


def filled_log(records=40, step=700):
    log = defaultdict(list)
    for shard in SHARDS:
        for i in range(records):
            log[shard].append(event(shard[0], BEGIN + i * step, i, f"u{i % 5}"))
    return log


def work(store, model, log, most=1000, idle=()):
    """One consumer takes everything and hands over up to `most` records of each shard."""
    member = Member("c-0")
    member.join(store, SHARDS)
    assert member.claim == model.claimed("c-0", SHARDS)
    made = member.read(log, SHARDS, most)
    assert store.merge([("c-0", made)], idle).acks[0].ok
    model.apply(made, log)
    model.advance(idle)
    check(store, model)
    return member
