"""The coordinator of all groups, and commits on disk."""

import pytest

from streaming.broker.embedded.coordinator import Coordinator
from streaming.broker.embedded.errors import ErrorCode, StorageError
from streaming.broker.embedded.offsets import Commit, OffsetStore
from tests.broker.group_support import Client, code, settle


@pytest.fixture
def store(tmp_path):
    made = OffsetStore(tmp_path / "offsets.log")
    made.open()
    return made


def opened(path):
    again = OffsetStore(path)
    again.open()
    return again


async def test_commits_of_strangers_are_refused(clock, store):
    groups = Coordinator(clock, store, 0.0)
    groups.commit("g", "", None, -1, [Commit("t", 0, 5)])
    assert store.get("g", "t", 0).offset == 5
    assert code(groups.commit, "g", "m", None, 1, []) is ErrorCode.ILLEGAL_GENERATION
    assert code(groups.group_to_join, "") is ErrorCode.INVALID_GROUP_ID
    a = Client(groups.group_to_join("g"), "a")
    settle(a)
    assert code(groups.commit, "g", "", None, -1, []) is ErrorCode.UNKNOWN_MEMBER_ID
    groups.commit("g", a.id, None, a.generation, [Commit("t", 0, 6)])
    assert store.get("g", "t", 0).offset == 6


async def test_groups_are_listed_described_and_deleted(clock, store):
    groups = Coordinator(clock, store, 0.0)
    assert groups.described("g").state == "Dead"
    a = Client(groups.group_to_join("g"), "a")
    settle(a)
    groups.commit("g", a.id, None, a.generation, [Commit("t", 0, 6)])
    described = groups.described("g")
    assert (described.state, described.protocol) == ("Stable", "range")
    assert [(m.client_id, m.assignment) for m in described.members] == [("a", b"a")]
    assert [(g.group_id, g.protocol_type) for g in groups.listed()] == [("g", "consumer")]
    assert code(groups.delete, "g") is ErrorCode.NON_EMPTY_GROUP
    a.leave()
    groups.group_to_join("other")
    assert groups.described("g").state == "Empty"
    groups.delete("g")
    assert store.of_group("g") == []
    assert code(groups.delete, "g") is ErrorCode.GROUP_ID_NOT_FOUND


def test_commits_survive_without_a_clean_end(store, tmp_path):
    store.commit("g", [Commit("t", 0, 5), Commit("t", 1, 6, 0, "note")])
    store.commit("g", [Commit("t", 0, 9)])
    store.commit("h", [Commit("u", 0, 1)])
    store.forget_topic("u")
    again = opened(tmp_path / "offsets.log")
    assert again.get("g", "t", 0).offset == 9
    assert again.get("g", "t", 1).metadata == "note"
    assert again.groups() == ["g"]


@pytest.mark.parametrize("damage", ["cut", "flip", "garbage"])
def test_a_torn_tail_costs_the_last_commit_only(store, tmp_path, damage):
    path = tmp_path / "offsets.log"
    store.commit("g", [Commit("t", 0, 5)])
    store.commit("g", [Commit("t", 0, 9)])
    raw = path.read_bytes()
    last = {"cut": raw[:-3], "flip": raw[:-1] + bytes([raw[-1] ^ 1]), "garbage": raw + b"\xff" * 30}
    path.write_bytes(last[damage])
    again = opened(path)
    assert again.get("g", "t", 0).offset == (9 if damage == "garbage" else 5)
    again.commit("g", [Commit("t", 0, 11)])
    assert opened(path).get("g", "t", 0).offset == 11


def test_the_file_is_compacted(store, tmp_path):
    store._compact_at = 2000
    for offset in range(500):
        store.commit("g", [Commit("t", 0, offset)])
    store._compact()
    assert (tmp_path / "offsets.log").stat().st_size < 100
    assert opened(tmp_path / "offsets.log").get("g", "t", 0).offset == 499


def test_a_full_disk_refuses_commits_and_forgets_none(store, tmp_path):
    store.commit("g", [Commit("t", 0, 5)])
    good = store._file

    class Full:
        def write(self, view):
            if len(view) > 3:
                return good.write(view[:3])
            raise OSError(28, "No space left on device")

        def __getattr__(self, name):
            return getattr(good, name)

    store._file = Full()
    with pytest.raises(StorageError):
        store.commit("g", [Commit("t", 0, 6)])
    assert store.get("g", "t", 0).offset == 5
    store._file = good
    store.commit("g", [Commit("t", 0, 7)])
    assert opened(tmp_path / "offsets.log").get("g", "t", 0).offset == 7
