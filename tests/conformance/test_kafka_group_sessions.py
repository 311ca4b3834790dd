"""The classic group protocol at the wire: assignments, heartbeats, silence and leaving."""

from streaming.broker.embedded.messages import groups
from tests.broker.support import until
from tests.conformance.group_wire import WireMember, reaches, settle, share

NO_MEMBER = "nobody"


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
