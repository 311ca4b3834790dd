"""The classic group protocol at the wire: join, sync, heartbeat, leave, and who is refused."""

import contextlib

import pytest

from streaming.broker.embedded.messages import groups
from tests.broker.support import until
from tests.conformance.group_wire import WireMember, settle, share, subscription

NO_MEMBER = "nobody"


@pytest.fixture
async def new_member(wire):
    """Makes members of one group, each with a connection of its own."""
    async with contextlib.AsyncExitStack() as stack:
        group = await wire.group()

        async def make(**settings):
            connection = await stack.enter_async_context(wire.again())
            return WireMember(connection, settings.pop("group", group), **settings)

        make.group = group
        yield make


async def reaches(wire, group, name):
    async def there():
        return (await wire.describe_group(group)).state == name

    await until(there)


async def refusal(member, **changes):
    """The error code of a JoinGroup that is sent as it is, without asking for an id first."""
    request = member.join_request()
    for name, value in changes.items():
        setattr(request, name, value)
    answer = await member.wire.call(11, 5, request, groups.JoinGroupResponse)
    return answer.error_code


# --- joining ------------------------------------------------------------------------------------


async def test_the_first_member_leads_generation_1(new_member):
    a = await new_member()
    answer = await a.join()
    assert (answer.generation_id, answer.protocol_name) == (1, "range")
    assert answer.leader == answer.member_id == a.id
    assert [(one.member_id, one.metadata) for one in answer.members] == [(a.id, subscription("t"))]


async def test_a_member_must_join_with_an_id_since_version_4(wire, new_member):
    """KIP-394: who is given an id and never comes back holds up nobody for long."""
    for version, code in ((3, 0), (4, 79), (5, 79)):
        a = await new_member(group=await wire.group())
        request = a.join_request()
        answer = await a.wire.call(11, version, request, groups.JoinGroupResponse)
        assert answer.error_code == code and answer.member_id.startswith("again-")


@pytest.mark.parametrize("version", range(6))
async def test_every_version_of_join_both_offer(new_member, version):
    a = await new_member()
    answer = await a.join(version)
    assert (answer.error_code, answer.generation_id) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"session_timeout_ms": 1}, 26),
        ({"session_timeout_ms": -1}, 26),
        ({"session_timeout_ms": 2**31 - 1}, 26),
        ({"group_id": ""}, 24),
        ({"protocols": []}, 23),
        ({"protocol_type": ""}, 23),
        ({"member_id": NO_MEMBER}, 25),
        ({"member_id": NO_MEMBER, "group_instance_id": "i"}, 25),
    ],
    ids=["short", "negative", "long", "group", "protocols", "type", "member", "instance"],
)
async def test_a_bad_join_is_refused(new_member, changes, code):
    a = await new_member()
    assert await refusal(a, **changes) == code


async def test_members_without_a_common_protocol_are_refused(new_member):
    a = await new_member()
    await settle(a)
    stranger = await new_member()
    sticky = [groups.JoinProtocol(name="sticky", metadata=subscription("t"))]
    assert await refusal(stranger, protocols=sticky) == 23
    assert await refusal(stranger, protocols=[]) == 23
    assert await refusal(stranger, protocol_type="connect") == 23
    assert await a.beat() == 0


async def test_the_protocol_is_one_that_all_members_know(wire, new_member):
    a, b = await new_member(), await new_member()
    a.protocols = {"range": subscription("t"), "roundrobin": subscription("t")}
    b.protocols = {"sticky": subscription("u"), "roundrobin": subscription("u")}
    await settle(a)
    await settle(a, b)
    assert (await wire.describe_group(new_member.group)).protocol == "roundrobin"


async def test_a_second_member_waits_until_the_first_is_back(wire, new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await b.ask_to_join()
    await reaches(wire, new_member.group, "PreparingRebalance")
    assert await a.beat() == 27
    await a.ask_to_join()
    answers = [await a.joined(), await b.joined()]
    assert [answer.generation_id for answer in answers] == [2, 2]
    assert sorted(len(answer.members) for answer in answers) == [0, 2]


async def test_who_joins_while_others_do_is_in_the_same_generation(new_member):
    members = [await new_member() for _ in range(4)]
    first, *others = members
    await settle(first)
    for member in others:
        await member.ask_to_join()
    await first.ask_to_join()
    assert {(await member.joined()).generation_id for member in members} == {2}


async def test_an_id_that_is_not_used_holds_the_group_no_longer_than_its_session(new_member):
    a, b = await new_member(), await new_member(session_ms=1000)
    await settle(a)
    request = b.join_request()
    assert (await b.wire.call(11, 5, request, groups.JoinGroupResponse)).error_code == 79
    await a.ask_to_join()
    answer = await a.joined()
    assert (answer.generation_id, len(answer.members)) == (2, 1)


# --- synchronising ------------------------------------------------------------------------------


async def test_the_leader_hands_out_the_assignments(new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await settle(a, b)
    assert (await a.sync()).assignment == share(a.id)
    assert (await b.sync()).assignment == share(b.id)


async def test_a_member_the_leader_forgot_gets_nothing(new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await b.ask_to_join()
    await a.ask_to_join()
    await a.joined()
    await b.joined()
    leader, follower = (a, b) if a.leads else (b, a)
    await follower.ask_to_sync()
    assert (await leader.sync({leader.id: b"all"})).assignment == b"all"
    answer = await follower.synced()
    assert (answer.error_code, answer.assignment) == (0, b"")


async def test_only_members_of_this_generation_synchronise(wire, new_member):
    a = await new_member()
    await settle(a)
    stranger = await new_member()
    stranger.id, stranger.generation = NO_MEMBER, 1
    assert (await stranger.sync()).error_code == 25
    assert (await changed(a, generation=7).sync()).error_code == 22
    assert (await changed(a, group="").sync()).error_code == 24


async def test_no_member_synchronises_while_others_join(wire, new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await b.ask_to_join()
    await reaches(wire, new_member.group, "PreparingRebalance")
    assert (await a.sync()).error_code == 27


async def test_a_join_ends_the_wait_for_the_leader(wire, new_member):
    a, b, c = [await new_member() for _ in range(3)]
    await settle(a)
    await b.ask_to_join()
    await a.ask_to_join()
    await a.joined()
    await b.joined()
    follower = b if a.leads else a
    await follower.ask_to_sync()
    await c.ask_to_join()
    assert (await follower.synced()).error_code == 27


# --- heartbeats and leaving ---------------------------------------------------------------------


async def test_only_members_of_this_generation_send_heartbeats(wire, new_member):
    a = await new_member()
    await settle(a)
    for changes, code in (
        ({}, 0),
        ({"generation": 7}, 22),
        ({"generation": -1}, 22),
        ({"id": NO_MEMBER}, 25),
        ({"id": ""}, 25),
        ({"instance": "unheard-of"}, 25),
        ({"group": await wire.group()}, 25),
        ({"group": ""}, 24),
    ):
        assert await changed(a, **changes).beat() == code, changes


def changed(member, **changes):
    """A member that says something else of itself, on the same connection."""
    other = WireMember(member.wire, member.group, instance=member.instance)
    other.id, other.generation = member.id, member.generation
    for name, value in changes.items():
        setattr(other, name, value)
    return other


async def test_a_heartbeat_between_join_and_sync_is_no_error(new_member):
    a = await new_member()
    await a.join()
    assert await a.beat() == 0


async def test_a_silent_member_is_evicted(wire, new_member):
    a, b = await new_member(), await new_member(session_ms=1000)
    await settle(a)
    await settle(a, b)
    await until(a.told_to_rejoin)
    assert await b.beat() == 25
    await settle(a)
    described = await wire.describe_group(new_member.group)
    assert [member.member_id for member in described.members] == [a.id]


async def test_who_waits_for_others_is_not_silent(new_member):
    """A member cannot send heartbeats while its JoinGroup is held back, here for a third member.

    The silent one's session is the longer: when it is evicted the other's would be over.
    """
    a, silent = await new_member(), await new_member(session_ms=1400)
    waits = await new_member(session_ms=1000)
    await settle(a)
    await settle(a, silent)
    await waits.ask_to_join()
    await until(a.told_to_rejoin)
    await a.ask_to_join()
    answers = [await a.joined(), await waits.joined()]
    assert [answer.error_code for answer in answers] == [0, 0]
    assert sorted(len(answer.members) for answer in answers) == [0, 2]


async def test_a_member_that_does_not_join_again_is_left_behind(new_member):
    a, b = await new_member(rebalance_ms=1000), await new_member(rebalance_ms=1000)
    await settle(a)
    await b.ask_to_join()
    answer = await b.joined()
    assert (answer.generation_id, answer.leader, len(answer.members)) == (2, b.id, 1)
    assert await a.beat() == 25


async def test_leaving_makes_the_others_join_again(wire, new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await settle(a, b)
    assert await b.leave() == 0
    assert await a.beat() == 27
    await settle(a)
    assert a.generation == 3
    assert await a.leave() == 0
    await reaches(wire, new_member.group, "Empty")


async def test_who_is_not_there_cannot_leave(wire, new_member):
    a = await new_member()
    await settle(a)
    assert await changed(a, id=NO_MEMBER).leave() == 25
    assert await changed(a, group=await wire.group()).leave() == 25
    assert await changed(a, group="").leave() == 24
    assert await a.beat() == 0


async def test_several_members_leave_at_once(wire, new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await settle(a, b)
    leaving = [groups.LeavingMember(member_id=one) for one in (a.id, NO_MEMBER, b.id)]
    request = groups.LeaveGroupRequest(group_id=new_member.group, members=leaving)
    answer = await wire.call(13, 3, request, groups.LeaveGroupResponse)
    assert [one.error_code for one in answer.members] == [0, 25, 0]
    await reaches(wire, new_member.group, "Empty")


async def test_giving_back_an_id_that_was_not_used_makes_the_others_join_again(new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await b.ask_for_id()
    assert await a.beat() == 0
    assert await b.leave() == 0
    await settle(a)
    assert a.generation == 2


async def test_a_join_phase_does_not_wait_for_an_id_that_was_given_back(new_member):
    a, b, c = [await new_member() for _ in range(3)]
    await settle(a)
    await b.ask_for_id()
    await c.ask_to_join()
    await until(a.told_to_rejoin)
    await a.ask_to_join()
    assert await b.leave() == 0
    assert (await a.joined()).generation_id == (await c.joined()).generation_id == 2


# --- joining again ------------------------------------------------------------------------------


async def test_a_followers_repeated_join_changes_nothing(new_member):
    """Its answer may have been lost; it gets the same one again."""
    a, b = await new_member(), await new_member()
    await settle(a)
    await settle(a, b)
    leader, follower = (a, b) if a.leads else (b, a)
    answer = await follower.join()
    assert (answer.error_code, answer.generation_id, answer.members) == (0, 2, [])
    assert await leader.beat() == 0
    assert (await follower.sync()).assignment == share(follower.id)


async def test_a_leaders_repeated_join_begins_a_new_generation(new_member):
    """It wants to assign anew: its view of the topics has changed."""
    a, b = await new_member(), await new_member()
    await settle(a)
    await settle(a, b)
    leader, follower = (a, b) if a.leads else (b, a)
    await leader.ask_to_join()
    await until(follower.told_to_rejoin)
    await follower.ask_to_join()
    assert (await leader.joined()).generation_id == (await follower.joined()).generation_id == 3


async def test_a_new_subscription_begins_a_new_generation(new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await settle(a, b)
    leader, follower = (a, b) if a.leads else (b, a)
    follower.protocols = {"range": subscription("t", "u")}
    await follower.ask_to_join()
    await until(leader.told_to_rejoin)
    await leader.ask_to_join()
    answer = await leader.joined()
    metadata = {one.member_id: one.metadata for one in answer.members}
    assert metadata[follower.id] == subscription("t", "u")


async def test_a_join_is_repeated_before_the_sync(new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await b.ask_to_join()
    await a.ask_to_join()
    await a.joined()
    await b.joined()
    follower = b if a.leads else a
    assert (await follower.join()).generation_id == 2


async def test_the_leader_stays_the_leader(new_member):
    members = [await new_member() for _ in range(3)]
    for count in (1, 2, 3):
        await settle(*members[:count])
        assert {member.leader for member in members[:count]} == {members[0].id}


async def test_another_member_leads_when_the_leader_is_gone(new_member):
    a, b = await new_member(), await new_member()
    await settle(a)
    await settle(a, b)
    leader, follower = (a, b) if a.leads else (b, a)
    await leader.leave()
    await settle(follower)
    assert follower.leads and follower.generation == 3


async def test_ten_members_come_and_go(new_member):
    members = []
    for _ in range(10):
        members.append(await new_member())
        await settle(*members)
    for _ in range(9):
        await members.pop(0).leave()
        await settle(*members)
    assert members[0].generation == 19
