"""Static members (KIP-345): they come back to what they had, and fence their older selves."""

import contextlib

import pytest

from streaming.broker.embedded.messages import groups
from tests.broker.support import until
from tests.conformance.clients import consumer, owning
from tests.conformance.group_wire import WireMember, commit, settle, share, subscription

FENCED, UNKNOWN = 82, 25


@pytest.fixture
async def new_member(wire):
    """Makes static members of one group, each with a connection of its own."""
    async with contextlib.AsyncExitStack() as stack:
        group = await wire.group()

        async def make(instance, **settings):
            connection = await stack.enter_async_context(wire.again())
            return WireMember(connection, group, instance=instance, **settings)

        make.group = group
        yield make


@pytest.fixture
async def pair(new_member):
    """Two static members that share a stable group in generation 2."""
    a, b = await new_member("i-a"), await new_member("i-b")
    await settle(a)
    await settle(a, b)
    return a, b


async def comes_back(new_member, old, **settings):
    """The member as it is after its process started anew: it knows its instance id, no more."""
    return await new_member(old.instance, **settings)


async def test_a_static_member_needs_no_id_to_join(new_member):
    a = await new_member("i-a")
    answer = await a.join()
    assert answer.error_code == 0 and answer.member_id.startswith("i-a-")
    assert [one.group_instance_id for one in answer.members] == ["i-a"]


async def test_a_static_follower_comes_back_without_a_rebalance(new_member, pair):
    a, b = pair
    leader, follower = (a, b) if a.leads else (b, a)
    again = await comes_back(new_member, follower)
    answer = await again.join()
    assert (answer.error_code, answer.generation_id, answer.members) == (0, 2, [])
    assert answer.member_id != follower.id
    assert (await again.sync()).assignment == share(follower.id)
    assert await leader.beat() == await again.beat() == 0


async def test_a_static_leader_comes_back_without_a_rebalance(new_member, pair):
    """It is told its old id leads, so that it assigns nothing anew."""
    a, b = pair
    leader, follower = (a, b) if a.leads else (b, a)
    again = await comes_back(new_member, leader)
    answer = await again.join()
    assert (answer.error_code, answer.generation_id, answer.members) == (0, 2, [])
    assert answer.leader == leader.id != answer.member_id
    assert (await again.sync()).assignment == share(leader.id)
    assert await follower.beat() == 0


async def test_the_older_self_is_fenced_off(wire, new_member, pair):
    a, _ = pair
    topic = await wire.create()
    again = await comes_back(new_member, a)
    await again.join()
    await again.sync()
    assert await a.beat() == FENCED
    assert (await a.sync()).error_code == FENCED
    assert await a.commit(topic, 5) == FENCED
    await a.ask_to_join()
    assert (await a.joined()).error_code == FENCED
    assert await again.beat() == 0
    assert await again.commit(topic, 6) == 0


async def test_the_older_id_without_the_instance_is_unknown(new_member, pair):
    a, _ = pair
    again = await comes_back(new_member, a)
    await again.join()
    a.instance = None
    assert await a.beat() == UNKNOWN


async def test_an_instance_nobody_has_is_unknown(wire, pair):
    a, _ = pair
    topic = await wire.create()
    a.instance = "unheard-of"
    assert await a.beat() == UNKNOWN
    assert await a.commit(topic, 5) == UNKNOWN


async def test_the_older_selfs_waiting_join_is_fenced_off(new_member, pair):
    a, b = pair
    newcomer = await new_member("i-c")
    await newcomer.ask_to_join()
    await until(a.told_to_rejoin)
    await a.ask_to_join()
    again = await comes_back(new_member, a)
    await again.ask_to_join()
    assert (await a.joined()).error_code == FENCED
    await b.ask_to_join()
    answers = [await one.joined() for one in (again, b, newcomer)]
    assert {answer.generation_id for answer in answers} == {3}


async def test_a_static_member_comes_back_with_a_new_subscription_unnoticed(new_member, pair):
    a, b = pair
    again = await comes_back(new_member, b)
    again.protocols = {"range": subscription("t", "u")}
    assert (await again.join()).generation_id == 2
    assert await a.beat() == 0


async def test_a_static_member_that_changes_the_protocol_makes_all_join_again(new_member):
    a = await new_member("i-a")
    a.protocols = {"range": subscription("t"), "sticky": subscription("t")}
    await settle(a)
    b = await new_member("i-b")
    b.protocols = a.protocols
    await settle(a, b)
    again = await comes_back(new_member, b)
    again.protocols = {"sticky": subscription("t")}
    await again.ask_to_join()
    await until(a.told_to_rejoin)
    await a.ask_to_join()
    answers = [await again.joined(), await a.joined()]
    assert [(one.generation_id, one.protocol_name) for one in answers] == [(3, "sticky")] * 2


async def test_a_silent_static_member_is_evicted_after_its_session(wire, new_member):
    a, silent = await new_member("i-a"), await new_member("i-s", session_ms=1000)
    await settle(a)
    await settle(a, silent)
    await until(a.told_to_rejoin)
    await settle(a)
    assert len((await wire.describe_group(new_member.group)).members) == 1


async def test_a_static_member_keeps_its_place_while_others_join(new_member, pair):
    """It may be starting anew: the join phase goes on without it only after its session."""
    a, b = pair
    newcomer = await new_member("i-c")
    await newcomer.ask_to_join()
    await until(a.told_to_rejoin)
    await a.ask_to_join()
    again = await comes_back(new_member, b)
    await again.ask_to_join()
    answers = [await one.joined() for one in (a, again, newcomer)]
    assert {answer.generation_id for answer in answers} == {3}
    assert sorted(len(answer.members) for answer in answers) == [0, 0, 3]


async def test_an_instance_id_alone_lets_a_member_leave(wire, new_member, pair):
    a, b = pair
    leaving = [
        groups.LeavingMember(member_id="", group_instance_id="i-b"),
        groups.LeavingMember(member_id="", group_instance_id="unheard-of"),
        groups.LeavingMember(member_id="someone", group_instance_id="i-a"),
    ]
    request = groups.LeaveGroupRequest(group_id=new_member.group, members=leaving)
    answer = await wire.call(13, 3, request, groups.LeaveGroupResponse)
    assert [one.error_code for one in answer.members] == [0, UNKNOWN, FENCED]
    assert await b.beat() == UNKNOWN
    await settle(a)


async def test_a_group_shows_its_members_instances(wire, new_member, pair):
    described = await wire.describe_group(new_member.group)
    assert sorted(member.group_instance_id for member in described.members) == ["i-a", "i-b"]


async def test_commits_with_the_instance_are_kept(wire, new_member, pair):
    a, _ = pair
    topic = await wire.create()
    assert await a.commit(topic, 5) == 0
    wrong = {"generation": a.generation, "member_id": "someone", "instance": "i-a"}
    assert await commit(wire, new_member.group, topic, 6, **wrong) == FENCED


async def test_a_client_with_an_instance_id_gets_its_partitions_back(kafka, wire):
    """aiokafka leaves the group when it stops; the new one is alone and gets everything."""
    topic, group = await wire.create(partitions=2), await wire.group()
    for _ in range(2):
        async with consumer(kafka, topic, group_id=group, group_instance_id="i-1") as reads:
            await owning(reads, 2)
            (member,) = (await wire.describe_group(group)).members
            assert member.group_instance_id == "i-1"
