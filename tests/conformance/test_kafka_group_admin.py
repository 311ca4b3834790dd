"""Groups as admin tools see them: states, lists, deletions."""

import contextlib

import pytest

from streaming.broker.embedded.messages import groups, upkeep
from tests.broker.support import until
from tests.conformance.clients import admin_client, consumer, owning
from tests.conformance.group_wire import WireMember, commit, committed, settle, share, subscription


@pytest.fixture
async def new_member(wire):
    """Makes members of one group, each with a connection of its own."""
    async with contextlib.AsyncExitStack() as stack:
        group = await wire.group()

        async def make(**settings):
            connection = await stack.enter_async_context(wire.again("member"))
            return WireMember(connection, group, **settings)

        make.group = group
        yield make


async def listed(wire, version=2):
    """Groups of this node: name to protocol type."""
    answer = await wire.call(16, version, groups.ListGroupsRequest(), groups.ListGroupsResponse)
    assert answer.error_code == 0
    return {one.group_id: one.protocol_type for one in answer.groups}


async def deleted(wire, *names):
    """Error codes of DeleteGroups in the order of the names."""
    request = groups.DeleteGroupsRequest(groups=list(names))
    answer = await wire.call(42, 1, request, groups.DeleteGroupsResponse)
    codes = {one.group_id: one.error_code for one in answer.results}
    return [codes[name] for name in names]


async def reaches(wire, group, state):
    """Wait for a state: Kafka shows it when the coordinator's log has it."""

    async def there():
        return (await wire.describe_group(group)).state == state

    await until(there)


async def test_a_group_passes_through_its_states(wire, new_member):
    group = new_member.group
    a, b = await new_member(), await new_member()
    assert (await wire.describe_group(group)).state == "Dead"
    await a.join()
    await reaches(wire, group, "CompletingRebalance")
    await a.sync({})
    await reaches(wire, group, "Stable")
    await b.ask_to_join()
    await reaches(wire, group, "PreparingRebalance")
    await a.ask_to_join()
    await a.joined()
    await b.joined()
    for member in (a, b):
        await member.leave()
    await reaches(wire, group, "Empty")


@pytest.mark.parametrize("version", range(5))
async def test_a_stable_group_shows_its_members(wire, new_member, version):
    a = await new_member()
    await settle(a)
    request = groups.DescribeGroupsRequest(groups=[new_member.group])
    answer = await wire.call(15, version, request, groups.DescribeGroupsResponse)
    (described,) = answer.groups
    assert (described.error_code, described.state) == (0, "Stable")
    assert (described.protocol_type, described.protocol) == ("consumer", "range")
    (member,) = described.members
    assert (member.member_id, member.client_id) == (a.id, "member")
    assert member.client_host == "/127.0.0.1" and member.group_instance_id is None
    assert (member.metadata, member.assignment) == (subscription("t"), share(a.id))


async def test_a_group_that_is_not_stable_shows_no_protocol_and_no_assignments(wire, new_member):
    a = await new_member()
    await a.join()
    await reaches(wire, new_member.group, "CompletingRebalance")
    described = await wire.describe_group(new_member.group)
    (member,) = described.members
    assert (described.protocol_type, described.protocol) == ("consumer", "")
    assert (member.member_id, member.metadata, member.assignment) == (a.id, b"", b"")


async def test_a_group_of_commits_only_is_empty_and_of_no_type(wire):
    topic, group = await wire.create(), await wire.group()
    await commit(wire, group, topic, 1)
    described = await wire.describe_group(group)
    assert (described.state, described.protocol_type, described.members) == ("Empty", "", [])
    assert (await listed(wire))[group] == ""


async def test_an_unknown_group_is_dead(wire):
    described = await wire.describe_group(await wire.group())
    assert (described.error_code, described.state, described.members) == (0, "Dead", [])


@pytest.mark.parametrize("version", range(3))
async def test_groups_are_listed_with_and_without_members(wire, new_member, version):
    a = await new_member()
    await settle(a)
    assert (await listed(wire, version))[new_member.group] == "consumer"
    await a.leave()
    assert (await listed(wire, version))[new_member.group] == "consumer"


@pytest.mark.parametrize(
    ("states", "types", "shown"),
    [
        (["Stable"], [], True),
        (["stable"], [], True),
        (["Empty", "Dead"], [], False),
        ([], ["classic"], True),
        ([], ["consumer"], False),
        (["Stable"], ["consumer"], False),
    ],
)
async def test_lists_are_filtered_by_state_and_kind(wire, new_member, states, types, shown):
    """KIP-518 and KIP-848."""
    a = await new_member()
    await settle(a)
    await reaches(wire, new_member.group, "Stable")
    request = groups.ListGroupsRequest(states=states, types=types)
    answer = await wire.call(16, 5, request, groups.ListGroupsResponse)
    found = [one for one in answer.groups if one.group_id == new_member.group]
    assert [(one.state, one.type) for one in found] == [("Stable", "classic")] * shown


async def commits_deleted(wire, group, topic, *partitions):
    """The answer to OffsetDelete (KIP-496): its own error code and those of the partitions."""
    parts = [upkeep.OffsetDeletePartition(index=index) for index in partitions]
    request = upkeep.OffsetDeleteRequest(
        group_id=group, topics=[upkeep.OffsetDeleteTopic(name=topic, partitions=parts)]
    )
    answer = await wire.call(47, 0, request, upkeep.OffsetDeleteResponse)
    codes = [part.error_code for topic in answer.topics for part in topic.partitions]
    return answer.error_code, codes


async def test_single_commits_of_a_group_are_deleted(wire):
    topic, group = await wire.create(partitions=2), await wire.group()
    for partition in range(2):
        await commit(wire, group, topic, 5, partition)
    assert await commits_deleted(wire, group, topic, 0) == (0, [0])
    offsets = [(await committed(wire, group, topic, index)).offset for index in range(2)]
    assert offsets == [-1, 5]


async def test_commits_of_a_subscribed_topic_are_not_deleted(wire, new_member):
    topic, other = await wire.create(), await wire.create()
    a = await new_member()
    a.protocols = {"range": subscription(topic)}
    await settle(a)
    for name in (topic, other):
        await a.commit(name, 5)
    assert await commits_deleted(wire, new_member.group, topic, 0) == (0, [86])
    assert await commits_deleted(wire, new_member.group, other, 0) == (0, [0])
    assert (await committed(wire, new_member.group, topic)).offset == 5


async def test_commits_of_an_unknown_group_are_not_deleted(wire):
    assert await commits_deleted(wire, await wire.group(), await wire.create(), 0) == (69, [])


async def test_a_group_with_members_is_not_deleted(wire, new_member):
    topic = await wire.create()
    a = await new_member()
    await settle(a)
    await a.commit(topic, 5)
    assert await deleted(wire, new_member.group) == [68]
    assert await a.beat() == 0
    assert (await committed(wire, new_member.group, topic)).offset == 5


async def test_a_deleted_group_and_its_commits_are_gone(wire, new_member):
    topic = await wire.create()
    a = await new_member()
    await settle(a)
    await a.commit(topic, 5)
    await a.leave()
    assert await deleted(wire, new_member.group) == [0]
    assert (await committed(wire, new_member.group, topic)).offset == -1
    assert (await wire.describe_group(new_member.group)).state == "Dead"
    assert new_member.group not in await listed(wire)
    assert await deleted(wire, new_member.group) == [69]


async def test_several_groups_are_deleted_each_with_its_own_answer(wire, new_member):
    topic, commits_only, unknown = await wire.create(), await wire.group(), await wire.group()
    await commit(wire, commits_only, topic, 5)
    a = await new_member()
    await settle(a)
    assert await deleted(wire, commits_only, unknown, new_member.group) == [0, 69, 68]


async def test_a_deleted_group_begins_anew(wire, new_member):
    a = await new_member()
    await settle(a)
    await settle_again(a)
    assert a.generation == 2
    await a.leave()
    assert await deleted(wire, new_member.group) == [0]
    b = await new_member()
    await settle(b)
    assert b.generation == 1


async def settle_again(member):
    """Another generation of a group with one member, its leader."""
    await member.join()
    assert (await member.sync({member.id: share(member.id)})).error_code == 0


async def test_admin_clients_list_and_describe_groups(kafka, wire):
    topic, group = await wire.create(partitions=2), await wire.group()
    async with (
        consumer(kafka, topic, group_id=group, client_id="who") as reads,
        admin_client(kafka) as client,
    ):
        await owning(reads, 2)
        assert group in [name for name, _ in await client.list_consumer_groups()]
        (answer,) = await client.describe_consumer_groups([group])
        _, name, state, *_, members = answer.groups[0][:6]
    assert (name, state) == (group, "Stable")
    assert [member[1] for member in members] == ["who"]
