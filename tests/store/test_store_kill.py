"""SIGKILL between any two instructions: what was acknowledged is stored, and at most one more."""

import random
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

from tests.store.store_support import SHARDS, Member, Model, check, event, open_store
from tests.windows.window_support import NOW

ROUNDS, EACH = 6, 7


@cache
def numbered_log():
    log = defaultdict(list)
    for shard in SHARDS:
        chance = random.Random(str(shard))
        for i in range(EACH * 800):
            ts = NOW - 8_000_000 + i * 400 + chance.randrange(-9_000, 9_000)
            made = event(shard[0], ts, i % 11, f"u{i % 5}", chance.choice(["DE", "PT"]))
            log[shard].append(b"[" if i % 97 == 0 else made)
    return log


def test_sigkill_between_store_and_acknowledgement(tmp_path):
    path, log, chance = tmp_path / "lab.duckdb", numbered_log(), random.Random(5)
    model, stored = Model(), 0
    for _ in range(ROUNDS):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.store.merging_child", str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout.readline() == "ready\n"
        acked = stored
        for _ in range(chance.randrange(1, 12)):
            acked = int(child.stdout.readline())
        # Somewhere inside the next merges, wherever they are by now.
        for _ in range(chance.randrange(100_000)):
            pass
        child.kill()
        told = child.stdout.read().split("\n")
        acked = max([acked, *(int(line) for line in told[:-1])])
        child.stdout.close()
        child.wait()
        store = open_store(path)
        found = {store.position(*shard).next for shard in SHARDS}
        assert len(found) == 1
        reached = found.pop()
        assert reached % EACH == 0 and acked <= reached // EACH <= acked + 1
        # The same handovers once more, in memory only, say what must be in the tables.
        replay(model, log, stored, reached // EACH)
        check(store, model)
        store.close()
        stored = reached // EACH


def replay(model, log, begin, end):
    """Handovers begin..end as one member made them: its own watermarks and no other floor."""
    member = Member("c-0")
    floors = {s: model.watermark[s[0]] for s in SHARDS}
    for shard in SHARDS:
        mark, floor = model.marks[shard], floors[shard]
        none = -(2**62)
        member.at[shard] = [begin * EACH, none if mark is None else mark, floor or none]
    for _ in range(begin, end):
        model.apply(member.read(log, SHARDS, EACH), log)
        model.advance(())
    model.restarted()
