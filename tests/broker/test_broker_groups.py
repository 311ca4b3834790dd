"""Consumer groups as a state machine: a clock of the test's own, no server."""

import asyncio
import heapq
import itertools

import pytest

from streaming.broker.embedded.coordinator import Coordinator
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.group import Group, GroupState
from streaming.broker.embedded.member import Joiner
from streaming.broker.embedded.offsets import Commit, OffsetStore


class Clock:
    """Time that passes when the test says so."""

    def __init__(self):
        self.now = 1000.0
        self.calls = []
        self.order = itertools.count()

    def time(self):
        return self.now

    def call_later(self, delay, callback, *args):
        call = [self.now + delay, next(self.order), callback, args]
        heapq.heappush(self.calls, call)
        return Timer(call)

    def advance(self, seconds):
        end = self.now + seconds
        while self.calls and self.calls[0][0] <= end:
            when, _, callback, args = heapq.heappop(self.calls)
            self.now = max(self.now, when)
            if callback is not None:
                callback(*args)
        self.now = end


class Timer:
    def __init__(self, call):
        self.call = call

    def cancel(self):
        self.call[2] = None


class Client:
    """A member's side of the protocol."""

    def __init__(self, group, name, *, instance=None, session=10.0, rebalance=30.0, topics=b"t"):
        self.group, self.name = group, name
        self.id, self.generation, self.leader = "", -1, ""
        self.session, self.rebalance = session, rebalance
        self.instance, self.topics = instance, topics
        self.protocols = {"range": topics, "roundrobin": topics}
        self.joining = self.syncing = None

    def join(self, *, id_required=True):
        joiner = Joiner(
            client_id=self.name,
            host="h",
            instance_id=self.instance,
            session_timeout=self.session,
            rebalance_timeout=self.rebalance,
            protocol_type="consumer",
            protocols=self.protocols,
        )
        self.joining = asyncio.get_running_loop().create_future()
        self.group.join(self.id, joiner, self.joining, id_required=id_required)
        if self.joining.done() and self.joining.result().error_code == 79:
            self.id = self.joining.result().member_id
            return self.join()
        return self.take()

    def take(self):
        """The answer to JoinGroup, when there is one."""
        if not self.joining.done():
            return None
        answer = self.joining.result()
        if answer.error_code == 0:
            self.id, self.generation = answer.member_id, answer.generation_id
            self.leader = answer.leader
        return answer

    def sync(self, assignments=None):
        self.syncing = asyncio.get_running_loop().create_future()
        self.group.sync(self.id, self.instance, self.generation, assignments or {}, self.syncing)
        return self.syncing.result() if self.syncing.done() else None

    def beat(self):
        self.group.heartbeat(self.id, self.instance, self.generation)

    def leave(self):
        self.group.leave(self.id, None)


def code(call, *args, **kwargs):
    with pytest.raises(ApiError) as refused:
        call(*args, **kwargs)
    return refused.value.code


@pytest.fixture
async def clock():
    return Clock()


@pytest.fixture
async def group(clock):
    return Group("g", clock, 0.0)


def settle(*clients):
    """Let all clients that wait or were told to join again do so, and the leader assign."""
    idle = [client for client in clients if client.joining is None or client.joining.done()]
    for client in idle:
        client.join()
    for client in clients:
        assert client.take() is not None, "the join phase did not end"
    leader = next(client for client in clients if client.leader == client.id)
    for client in clients:
        if client is not leader:
            client.sync()
    leader.sync({client.id: client.name.encode() for client in clients})
    for client in clients:
        assert client.syncing.result().assignment == client.name.encode()


async def test_one_member_joins_at_once_and_leads(group):
    a = Client(group, "a")
    answer = a.join()
    assert (answer.generation_id, answer.leader) == (1, a.id)
    assert [m.member_id for m in answer.members] == [a.id]
    assert group.state is GroupState.COMPLETING
    assert a.sync({a.id: b"all"}).assignment == b"all"
    assert group.state is GroupState.STABLE


async def test_ids_are_required_first_and_not_with_old_versions(group):
    joined = Client(group, "a").join(id_required=False)
    assert joined.error_code == 0 and joined.member_id.startswith("a-")
    assert code(group.members.find, "", None) is ErrorCode.UNKNOWN_MEMBER_ID


async def test_a_second_member_waits_until_the_first_is_back(group):
    a, b = Client(group, "a"), Client(group, "b")
    settle(a)
    assert b.join() is None
    assert group.state is GroupState.PREPARING
    assert group.generation == 1, "the generation begins with the end of the join phase"
    assert code(a.beat) is ErrorCode.REBALANCE_IN_PROGRESS
    group.check_commit(a.id, None, 1)
    settle(a, b)
    assert group.generation == 2
    assert code(group.check_commit, a.id, None, 1) is ErrorCode.ILLEGAL_GENERATION
    group.check_commit(a.id, None, 2)
    a.beat()


async def test_no_commits_between_join_and_sync(group):
    a = Client(group, "a")
    a.join()
    assert code(group.check_commit, a.id, None, 1) is ErrorCode.REBALANCE_IN_PROGRESS


async def test_strangers_and_wrong_generations_are_refused(group):
    a = Client(group, "a")
    settle(a)
    assert code(group.heartbeat, "nobody", None, 1) is ErrorCode.UNKNOWN_MEMBER_ID
    assert code(group.heartbeat, a.id, None, 7) is ErrorCode.ILLEGAL_GENERATION
    assert code(group.leave, "nobody", None) is ErrorCode.UNKNOWN_MEMBER_ID
    assert code(group.check_commit, "", None, -1) is ErrorCode.UNKNOWN_MEMBER_ID
    stranger = Client(group, "s")
    stranger.id = "made-up"
    assert code(stranger.join) is ErrorCode.UNKNOWN_MEMBER_ID
    other = Client(group, "o")
    other.protocols = {"sticky": b""}
    assert code(other.join) is ErrorCode.INCONSISTENT_GROUP_PROTOCOL


async def test_a_silent_member_is_evicted_by_the_clock_alone(group, clock):
    a, b = Client(group, "a"), Client(group, "b")
    settle(a)
    b.join()
    settle(a, b)
    for _ in range(9):
        clock.advance(1)
        a.beat()
    assert len(group.members) == 2
    clock.advance(1)
    assert len(group.members) == 1, "b was silent for its session of 10 s"
    assert code(a.beat) is ErrorCode.REBALANCE_IN_PROGRESS
    assert code(b.beat) is ErrorCode.UNKNOWN_MEMBER_ID
    settle(a)
    assert group.generation == 3


async def test_a_member_that_does_not_join_again_is_left_behind(group, clock):
    a, b = Client(group, "a", rebalance=5), Client(group, "b", rebalance=5)
    settle(a)
    assert b.join() is None
    for _ in range(5):
        assert code(a.beat) is ErrorCode.REBALANCE_IN_PROGRESS  # alive, but does not join
        clock.advance(1)
    assert b.take().leader == b.id
    assert code(a.beat) is ErrorCode.UNKNOWN_MEMBER_ID
    settle(b)


async def test_a_member_that_dies_in_the_join_phase_does_not_hold_it_up(group, clock):
    a, b = Client(group, "a"), Client(group, "b", session=3)
    settle(a)
    b.join()
    settle(a, b)
    c = Client(group, "c")
    assert c.join() is None
    assert a.join() is None
    clock.advance(3)
    assert a.take().generation_id == 3
    assert len(group.members) == 2
    settle(a, c)


async def test_a_hang_up_while_joining_lets_the_session_run_out(group, clock):
    a, b = Client(group, "a"), Client(group, "b", session=3)
    settle(a)
    b.join()
    clock.advance(9)
    assert code(a.beat) is ErrorCode.REBALANCE_IN_PROGRESS
    assert len(group.members) == 2, "who waits for us is alive"
    group.hang_up(b.joining)
    a.join()
    assert a.take() is None
    clock.advance(3)
    assert a.take().error_code == 0
    assert len(group.members) == 1


async def test_the_leaders_death_in_the_sync_phase_starts_again(group, clock):
    a, b = Client(group, "a", session=3), Client(group, "b")
    settle(a)
    b.join()
    a.join()
    assert a.take() and b.take()
    assert a.leader == a.id
    assert b.sync() is None
    clock.advance(3)
    assert b.syncing.result().error_code == ErrorCode.REBALANCE_IN_PROGRESS
    settle(b)
    assert b.leader == b.id


async def test_followers_that_never_sync_are_left_behind(group, clock):
    a, b = Client(group, "a", rebalance=5, session=60), Client(group, "b", rebalance=5, session=60)
    settle(a)
    b.join()
    a.join()
    assert a.take() and b.take()
    assert b.sync() is None  # a, the leader, lives but does not assign
    clock.advance(5)
    assert b.syncing.result().error_code == ErrorCode.REBALANCE_IN_PROGRESS
    assert len(group.members) == 1


async def test_a_join_during_the_sync_phase_starts_again(group):
    a, b = Client(group, "a"), Client(group, "b")
    a.join()
    assert b.join() is None
    assert code(a.sync, {}) is ErrorCode.REBALANCE_IN_PROGRESS
    settle(a, b)
    assert group.generation == 2


async def test_a_lost_answer_is_given_again(group):
    a, b = Client(group, "a"), Client(group, "b")
    settle(a)
    b.join()
    settle(a, b)
    follower = a if a.leader != a.id else b
    assert follower.join().generation_id == 2, "same generation, no rebalance"
    assert follower.sync().assignment == follower.name.encode()
    assert group.state is GroupState.STABLE


async def test_new_subscriptions_and_returning_leaders_rebalance(group):
    a, b = Client(group, "a"), Client(group, "b")
    settle(a)
    b.join()
    settle(a, b)
    follower, leader = (a, b) if a.leader != a.id else (b, a)
    follower.protocols = {"range": b"other"}
    assert follower.join() is None
    settle(leader, follower)
    assert group.generation == 3
    assert group.protocol == "range", "the only way both know"
    assert leader.join() is None
    settle(leader, follower)
    assert group.generation == 4


async def test_leaving_gives_the_rest_a_new_generation(group):
    a, b = Client(group, "a"), Client(group, "b")
    settle(a)
    b.join()
    settle(a, b)
    b.leave()
    settle(a)
    a.leave()
    assert group.state is GroupState.EMPTY and group.idle
    group.check_commit("", None, -1)
    settle(Client(group, "c"))


async def test_an_id_that_is_not_used_holds_the_group_no_longer_than_its_session(group, clock):
    a = Client(group, "a")
    settle(a)
    ghost = asyncio.get_running_loop().create_future()
    joiner = Client(group, "ghost", session=4)
    group.join(
        "",
        Joiner(
            client_id="ghost",
            host="h",
            instance_id=None,
            session_timeout=joiner.session,
            rebalance_timeout=9,
            protocol_type="consumer",
            protocols=joiner.protocols,
        ),
        ghost,
        id_required=True,
    )
    assert ghost.result().error_code == ErrorCode.MEMBER_ID_REQUIRED
    b = Client(group, "b")
    b.join()
    assert a.join() is None, "the ghost may still come"
    clock.advance(4)
    assert a.take().error_code == 0


async def test_static_members_come_back_to_their_assignment(group, clock):
    a, b = Client(group, "a", instance="i-a"), Client(group, "b", instance="i-b")
    settle(a)
    b.join()
    settle(a, b)
    old_id, leader_before = a.id, a.leader
    a.id = ""
    answer = a.join()
    assert answer.generation_id == 2 and answer.members == []
    assert a.id != old_id
    assert answer.leader == leader_before
    assert a.sync().assignment == b"a"
    assert group.state is GroupState.STABLE
    assert code(group.heartbeat, old_id, "i-a", 2) is ErrorCode.FENCED_INSTANCE_ID
    assert code(group.check_commit, old_id, "i-a", 2) is ErrorCode.FENCED_INSTANCE_ID
    assert code(group.heartbeat, old_id, None, 2) is ErrorCode.UNKNOWN_MEMBER_ID
    clock.advance(9)
    b.beat()
    clock.advance(1)
    assert len(group.members) == 1, "silent static members are evicted as well"
    group.leave("", "i-b")
    assert group.idle


async def test_the_first_members_may_wait_for_others(clock):
    group = Group("g", clock, 3.0)
    a, b = Client(group, "a"), Client(group, "b")
    assert a.join() is None
    clock.advance(2)
    assert b.join() is None
    clock.advance(1)
    assert a.take().generation_id == b.take().generation_id == 1


async def test_ten_members_come_and_go(group):
    clients = []
    for number in range(10):
        client = Client(group, f"c{number}")
        clients.append(client)
        client.join()
        settle(*clients)
    for _ in range(9):
        clients.pop(0).leave()
        settle(*clients)
    assert len(group.members) == 1


# --- the coordinator and its store ------------------------------------------------------------


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
    assert code(groups.commit, "g", "m", None, 1, []) is ErrorCode.UNKNOWN_MEMBER_ID
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
    from streaming.broker.embedded.errors import StorageError

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
