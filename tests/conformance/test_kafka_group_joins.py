"""The classic group protocol at the wire: who joins, with what, and who joins again."""

import pytest

from streaming.broker.embedded.messages import groups
from tests.broker.support import until
from tests.conformance.group_wire import reaches, settle, share, subscription

NO_MEMBER = "nobody"


async def refusal(member, **changes):
    """The error code of a JoinGroup that is sent as it is, without asking for an id first."""
    request = member.join_request()
    for name, value in changes.items():
        setattr(request, name, value)
    answer = await member.wire.call(11, 5, request, groups.JoinGroupResponse)
    return answer.error_code


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
