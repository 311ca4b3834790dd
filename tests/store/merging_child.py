"""Merges handovers 0, 1, 2, ... and prints each number once it is acknowledged, until killed."""

import sys
from pathlib import Path

from tests.store.store_support import SHARDS, Member, open_store
from tests.store.test_store_kill import numbered_log

EACH = 7

if __name__ == "__main__":
    store = open_store(Path(sys.argv[1]))
    store._con.execute("SET checkpoint_threshold = '50KB'")
    member, log = Member("c-0"), numbered_log()
    member.join(store, SHARDS)
    print("ready", flush=True)
    while (made := member.read(log, SHARDS, EACH)) is not None:
        assert store.merge([("c-0", made)], ()).acks[0].ok
        print(made.ranges[0].next // EACH, flush=True)
