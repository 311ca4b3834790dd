"""Consumer groups as a state machine: a clock of the test's own, no server."""

import asyncio

import pytest

from streaming.broker.embedded.errors import ErrorCode
from streaming.broker.embedded.group import Group
from streaming.broker.embedded.member import Joiner
from streaming.broker.embedded.states import GroupState
from tests.broker.group_support import Client, code, settle


@pytest.fixture
async def group(clock):
    return Group("g", clock, 0.0)


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
