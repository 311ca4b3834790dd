"""The store under random handovers, duplicates, zombies, gaps and crashes, against a model."""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from msgspec import structs

from tests.store.store_support import (
    SHARDS,
    STREAMS,
    Member,
    Model,
    check,
    crashed_copy,
    event,
    open_store,
)
from tests.windows.window_support import NOW

shards = st.sampled_from(SHARDS)
some_shards = st.sets(shards, min_size=1)
idles = st.sets(shards, max_size=3)


class StoreMachine(RuleBasedStateMachine):
    handovers = Bundle("handovers")

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.store = open_store(self.folder / "a.duckdb")
        self.model = Model()
        self.log = defaultdict(list)
        self.time = dict.fromkeys(SHARDS, NOW - 600_000)
        self.members = {name: Member(name) for name in ("c-0", "c-1")}
        self.merges = self.crashes = 0
        for shard in SHARDS:
            self.produce(shard, [9, 20, -15, 4] * 5, False)
        self.claim("c-0", set(SHARDS[::2]))
        self.claim("c-1", set(SHARDS[1::2]))

    @rule(
        shard=shards,
        steps=st.lists(st.integers(-30, 60), min_size=1, max_size=12),
        poison=st.booleans(),
    )
    def produce(self, shard, steps, poison):
        for step in steps:
            self.time[shard] += step * 500
            number = len(self.log[shard])
            made = event(
                shard[0], self.time[shard], number % 7, f"u{number % 5}", "DE" if step > 9 else "PT"
            )
            self.log[shard].append(b"{" if poison and step == 0 else made)

    @rule(name=st.sampled_from(["c-0", "c-1"]), chosen=some_shards)
    def claim(self, name, chosen):
        chosen = sorted(chosen)
        self.members[name].join(self.store, chosen)
        assert self.members[name].claim == self.model.claimed(name, chosen)

    @rule(
        target=handovers,
        name=st.sampled_from(["c-0", "c-1"]),
        chosen=some_shards,
        most=st.integers(1, 20),
    )
    def read(self, name, chosen, most):
        made = self.members[name].read(self.log, sorted(chosen), most)
        return multiple() if made is None else made

    @rule(chosen=st.lists(handovers, min_size=1, max_size=3), idle=idles)
    def deliver(self, chosen, idle):
        self._merge(chosen, idle)

    @rule(name=st.sampled_from(["c-0", "c-1"]), most=st.integers(1, 30), idle=idles)
    def work(self, name, most, idle):
        """Claim, read and hand over, as a healthy consumer does."""
        self.claim(name, set(SHARDS))
        made = self.members[name].read(self.log, SHARDS, most)
        if made is not None:
            assert self._merge([made], idle) == [True]

    @rule(name=st.sampled_from(["c-0", "c-1"]), chosen=some_shards, most=st.integers(1, 20))
    def zombie(self, name, chosen, most):
        """What one member read while another took a shard of it, right offsets and all."""
        self.claim(name, set(SHARDS))
        made = self.members[name].read(self.log, SHARDS, most)
        self.claim("c-1" if name == "c-0" else "c-0", chosen)
        if made is not None:
            owned = self.model.admits(made)
            assert self._merge([made], ()) == [owned]

    @rule(stream=st.sampled_from(STREAMS), most=st.integers(1, 20))
    def overtaken(self, stream, most):
        """A shard that passes for idle is handed over after its windows were closed."""
        quick, slow = (stream, 0), (stream, 1)
        self.claim("c-0", {quick})
        self.claim("c-1", {slow})
        held = self.members["c-1"].read(self.log, [slow], most)
        made = self.members["c-0"].read(self.log, [quick], 1000)
        if made is not None:
            self._merge([made], {slow})
        if held is not None:
            self._merge([held], ())

    @rule(made=handovers, by=st.integers(-5, 5), how=st.sampled_from(["moved", "wide", "2", "0"]))
    def tamper(self, made, by, how):
        """A gap, an overlap, a range twice, no range."""
        part = made.ranges[-1]
        ranges = {
            "moved": (*made.ranges[:-1], structs.replace(part, first=part.first + by)),
            "wide": (*made.ranges[:-1], structs.replace(part, next=part.first - abs(by) - 1)),
            "2": made.ranges + made.ranges[:1],
            "0": (),
        }
        self._refused(structs.replace(made, ranges=ranges[how]))

    @rule(idle=idles)
    def pass_time(self, idle):
        self._merge([], idle)

    @rule()
    def crash(self):
        self.crashes += 1
        found = crashed_copy(self.store, self.folder / f"crash-{self.crashes}.duckdb")
        self.store.close()
        self._open(found)

    @rule()
    def restart(self):
        self.store.close()
        self._open(self.store.path)

    @precondition(lambda self: self.merges)
    @rule()
    def checkpoint(self):
        self.store._con.execute("CHECKPOINT")

    def _open(self, path):
        self.store = open_store(path)
        self.model.restarted()
        for member in self.members.values():
            member.at, member.claim = {}, -1

    def _merge(self, handovers, idle):
        before = dict(self.model.watermark)
        told = []
        for made in handovers:
            told.append(self.model.admits(made))
            if told[-1]:
                self.model.apply(made, self.log)
        self.model.advance(idle)
        merged = self.store.merge([("c", made) for made in handovers], idle)
        self.merges += 1
        assert [ack.ok for ack in merged.acks] == told
        assert [ack.seq for ack in merged.acks] == [made.seq for made in handovers]
        assert all(bool(ack.reason) != ack.ok for ack in merged.acks)
        accepted = [made for made, ok in zip(handovers, told, strict=True) if ok]
        assert merged.stored == sum(r.records for made in accepted for r in made.ranges)
        for stream, mark in before.items():
            assert mark is None or self.store.windows[stream].watermark_ms >= mark
        check(self.store, self.model)
        return told

    def _refused(self, made):
        assume(not self.model.admits(made))
        (ack,) = self.store.merge([("c", made)], SHARDS).acks
        assert not ack.ok and ack.reason
        self.merges += 1
        check(self.store, self.model)

    @invariant()
    def memory_is_the_file(self):
        for shard in SHARDS:
            assert self.store.ledger.shard(*shard).next_offset == self.model.next[shard]

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)


TestStoreMachine = pytest.mark.timeout(600)(StoreMachine.TestCase)
"""Opens and closes many stores: on a busy machine that takes minutes."""

TestStoreMachine.settings = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
