"""The map against moto's model of a stream: random splits, merges and records, played on both.

moto differs from the service in what is listed here, and in nothing else that these games reach:

1. `get_shard_for_key` looks at shards in the order they were made and so finds closed ones, and
   it takes the end of a range for outside, where a record then meets AttributeError.
2. A split at start + 1 is legal, which leaves a child of one hash key.
3. The text that refuses a split names the shard's end less one.
4. Adjacent shards merge even when they are closed. Adjacent is also a second shard that ends one
   past the first one's start, as a shard of two hash keys does with itself. The text that refuses
   a merge is no more than the second shard's name.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from moto.core.exceptions import JsonRESTError
from moto.kinesis.models import Shard, Stream

from streaming.shards.hash_keys import HASH_KEYS
from streaming.shards.service_errors import ACCOUNT, Refused
from streaming.shards.shardmap import HashShard, ShardMap

GAMES = 1000
STEPS = 24


def moto_stream(count: int) -> Stream:
    return Stream("s", count, None, None, ACCOUNT, "us-east-1")


def theirs(stream: Stream) -> list[tuple[str, int, int, str | None, str | None, bool]]:
    return [
        (s.shard_id, s.starting_hash, s.ending_hash, s.parent, s.adjacent_parent, s.is_open)
        for s in stream.shards.values()
    ]


def ours(map_: ShardMap) -> list[tuple[str, int, int, str | None, str | None, bool]]:
    def name(id_: int | None) -> str | None:
        return None if id_ is None else map_.shards[id_].name

    return [
        (s.name, s.start, s.end, name(s.parent), name(s.adjacent_parent), s.state == "open")
        for s in map_.shards
    ]


class Game:
    """One stream in both models, and the same things done to both."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        count = self.chance.randint(1, 4)
        self.map = ShardMap.even("s", count)
        self.stream = moto_stream(count)
        self.seen: Counter[str] = Counter()

    def play(self) -> None:
        for _ in range(STEPS):
            self.chance.choice((self.split, self.merge, self.put, self.put))()
            assert ours(self.map) == theirs(self.stream)

    def shard(self) -> HashShard:
        # Mostly one that is open: most shards of a long game are not.
        return self.chance.choice(self.map.open if self.chance.random() < 0.8 else self.map.shards)

    def hash_key(self, shard: HashShard) -> int:
        near = self.chance.choice((shard.start, shard.end))
        near += self.chance.randint(-3, 3)
        inside = self.chance.randint(shard.start, shard.end)
        return max(0, min(self.chance.choice((near, inside, inside)), HASH_KEYS - 1))

    def split(self) -> None:
        shard = self.shard()
        at = self.hash_key(shard)
        try:
            after = self.map.split(shard.id, at)
        except Refused as refused:
            if at == shard.start + 1 < shard.end:
                # 2: moto would do it, or object that the shard is closed.
                self.seen["split at start + 1"] += 1
                assert refused.code == "InvalidArgumentException"
                return
            with pytest.raises(JsonRESTError) as caught:
                self.stream.split_shard(shard.name, str(at))
            assert caught.value.error_type == refused.code
            # 3: all else of the text is the same.
            text = str(refused).replace(
                f"EndingHashKey {shard.end}.", f"EndingHashKey {shard.end - 1}."
            )
            assert caught.value.message == text
            self.seen["refused split"] += 1
        else:
            self.stream.split_shard(shard.name, str(at))
            self.map = after
            self.seen["split"] += 1

    def merge(self) -> None:
        first = self.shard()
        beside = [shard for shard in self.map.open if shard.start == first.end + 1]
        second = beside[0] if beside and self.chance.random() < 0.7 else self.shard()
        try:
            after = self.map.merge(first.id, second.id)
        except Refused as refused:
            assert refused.code == "InvalidArgumentException"
            if second.start == first.end + 1 or second.end == first.start + 1:
                # 4: moto would do it.
                assert first == second or "closed" in (first.state, second.state)
                self.seen["merge that only moto does"] += 1
                return
            with pytest.raises(JsonRESTError) as caught:
                self.stream.merge_shards(first.name, second.name)
            assert (caught.value.error_type, caught.value.message) == (refused.code, second.name)
            self.seen["refused merge"] += 1
        else:
            self.stream.merge_shards(first.name, second.name)
            self.map = after
            self.seen["merge"] += 1

    def put(self) -> None:
        explicit = self.chance.random() < 0.6
        key = str(self.chance.random())
        hash_key = str(self.hash_key(self.shard())) if explicit else ""
        ours_ = self.map.shard(
            self.map.route(int(hash_key)) if explicit else self.map.router.of_key(key)
        )
        self.agree(key, hash_key, ours_)
        everywhere = self.stream.get_shard_for_key(key, hash_key)
        if everywhere is None:
            # 1: nothing takes it, though a shard ends there.
            assert int(hash_key) == ours_.end
            with pytest.raises(AttributeError):
                self.stream.put_record(key, hash_key, "")
            return
        _, landed = self.stream.put_record(key, hash_key, "")
        if landed != ours_.name:
            # 1: the first shard made that ever had the key, and that is closed now.
            assert not everywhere.is_open
            assert everywhere.shard_id == landed
            assert landed in [ancestor.name for ancestor in self.map.ancestors(ours_.id)]
            self.seen["put to a closed shard"] += 1

    def agree(self, key: str, hash_key: str, shard: HashShard) -> None:
        """moto asked with only the open shards at hand finds the same one, except at its end."""
        found = self.among_open(key, hash_key)
        if hash_key and int(hash_key) == shard.end:
            assert found is None
            self.seen["put at an end"] += 1
        else:
            assert found is not None and found.shard_id == shard.name
            self.seen["put"] += 1

    def among_open(self, key: str, hash_key: str) -> Shard | None:
        everything = self.stream.shards
        self.stream.shards = {id_: s for id_, s in everything.items() if s.is_open}
        try:
            return self.stream.get_shard_for_key(key, hash_key)
        finally:
            self.stream.shards = everything


def test_a_thousand_games_on_both() -> None:
    seen: Counter[str] = Counter()
    for seed in range(GAMES):
        game = Game(seed)
        game.play()
        seen += game.seen
    # A game that never gets to a case proves nothing about it.
    rare = {name: count for name, count in seen.items() if count < 50}
    assert not rare, rare
    assert len(seen) == 9, seen


@pytest.mark.parametrize("current", range(1, 13))
def test_scaling_makes_as_many_shards(current: int) -> None:
    for target in range(1, 2 * current + 1):
        stream = moto_stream(current)
        stream.update_shard_count(target)
        scaled = ShardMap.even("s", current).update_count(target)
        assert len(scaled.shards) == len(stream.shards), (current, target)
        assert len(scaled.open) == sum(shard.is_open for shard in stream.shards.values()) == target


def test_new_streams_have_the_same_ranges() -> None:
    for count in (*range(1, 65), 1000):
        assert ours(ShardMap.even("s", count)) == theirs(moto_stream(count))
