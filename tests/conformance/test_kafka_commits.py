"""Committed offsets: who may commit, what is kept, and what is told of it."""

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streaming.broker.embedded.messages import groups
from tests.broker.support import make_batch, unique, until
from tests.conformance.clients import admin_client, consumer, read
from tests.conformance.group_wire import commit, committed, settle


async def all_commits(wire, group, version=5):
    """Everything a group committed: (topic, partition) to offset."""
    request = groups.OffsetFetchRequest(group_id=group, topics=None)
    answer = await wire.call(9, version, request, groups.OffsetFetchResponse)
    assert answer.error_code == 0
    return {
        (topic.name, part.index): part.offset
        for topic in answer.topics
        for part in topic.partitions
    }


# --- from outside of the group ------------------------------------------------------------------


@pytest.mark.parametrize("version", range(2, 8))
async def test_every_version_of_commit_both_offer(wire, version):
    topic, group = await wire.create(), await wire.group()
    assert await commit(wire, group, topic, 40 + version, version=version) == 0
    assert (await committed(wire, group, topic)).offset == 40 + version


@pytest.mark.parametrize("version", range(1, 6))
async def test_every_version_of_fetching_commits_both_offer(wire, version):
    topic, group = await wire.create(), await wire.group()
    await commit(wire, group, topic, 7, metadata="note")
    found = await committed(wire, group, topic, version=version)
    assert (found.offset, found.metadata, found.leader_epoch) == (7, "note", -1)
    if version >= 2:
        assert await all_commits(wire, group, version) == {(topic, 0): 7}


async def test_a_later_commit_replaces_an_earlier_one_also_backwards(wire):
    topic, group = await wire.create(), await wire.group()
    for offset in (5, 9, 3):
        assert await commit(wire, group, topic, offset) == 0
        assert (await committed(wire, group, topic)).offset == offset


@pytest.mark.parametrize("offset", [0, -1, -5, 2**62])
async def test_any_number_is_kept(wire, offset):
    topic, group = await wire.create(), await wire.group()
    assert await commit(wire, group, topic, offset) == 0
    assert (await committed(wire, group, topic)).offset == offset


@pytest.mark.parametrize(
    ("metadata", "code", "kept"),
    [("x" * 4096, 0, "x" * 4096), ("x" * 4097, 12, ""), ("é" * 3000, 0, "é" * 3000), (None, 0, "")],
    ids=["4096", "4097", "accents", "null"],
)
async def test_a_note_of_4096_letters_is_kept(wire, metadata, code, kept):
    topic, group = await wire.create(), await wire.group()
    assert await commit(wire, group, topic, 1, metadata=metadata) == code
    assert (await committed(wire, group, topic)).metadata == kept


async def test_commits_of_unknown_topics_and_partitions_are_refused(wire):
    topic, group = await wire.create(), await wire.group()
    for name, partition in ((topic, 9), (topic, -1), (unique(), 0)):
        assert await commit(wire, group, name, 1, partition) == 3
    assert await all_commits(wire, group) == {}


async def test_one_refusal_spoils_no_other_commit(wire):
    topic, group = await wire.create(partitions=2), await wire.group()
    parts = [
        groups.CommitPartition(index=0, offset=5, metadata="m"),
        groups.CommitPartition(index=1, offset=6, metadata="x" * 5000),
        groups.CommitPartition(index=9, offset=7),
    ]
    request = groups.OffsetCommitRequest(
        group_id=group,
        generation_id=-1,
        member_id="",
        topics=[groups.CommitTopic(name=topic, partitions=parts)],
    )
    answer = await wire.call(8, 7, request, groups.OffsetCommitResponse)
    codes = {part.index: part.error_code for part in answer.topics[0].partitions}
    assert codes == {0: 0, 1: 12, 9: 3}
    assert await all_commits(wire, group) == {(topic, 0): 5}


async def test_what_was_not_committed_is_minus_1(wire):
    topic, group = await wire.create(partitions=2), await wire.group()
    await commit(wire, group, topic, 5)
    for name, partition in ((topic, 1), (topic, 9), (unique(), 0)):
        found = await committed(wire, group, name, partition)
        assert (found.offset, found.metadata, found.error_code) == (-1, "", 0)


async def test_a_group_nobody_knows_has_no_commits(wire):
    topic, group = await wire.create(), await wire.group()
    assert (await committed(wire, group, topic)).offset == -1
    assert await all_commits(wire, group) == {}


async def test_groups_and_partitions_keep_their_commits_apart(wire):
    topics = [await wire.create(partitions=2) for _ in range(2)]
    names = [await wire.group() for _ in range(2)]
    expected = {}
    for number, group in enumerate(names):
        for at, topic in enumerate(topics):
            for partition in range(2):
                offset = 100 * number + 10 * at + partition
                await commit(wire, group, topic, offset, partition)
                expected[group, topic, partition] = offset
    for group in names:
        found = await all_commits(wire, group)
        assert found == {key[1:]: offset for key, offset in expected.items() if key[0] == group}


@pytest.mark.parametrize("generation", [0, 3])
async def test_a_generation_of_a_group_without_members_is_refused(wire, generation):
    topic, group = await wire.create(), await wire.group()
    assert await commit(wire, group, topic, 1, generation=generation) == 22
    assert await all_commits(wire, group) == {}


# --- by members ---------------------------------------------------------------------------------


async def test_members_of_this_generation_commit(wire, new_member):
    topic = await wire.create()
    a = await new_member()
    await settle(a)
    group, generation = new_member.group, a.generation
    assert await a.commit(topic, 5) == 0
    for fields, code in (
        ({"generation": generation + 7, "member_id": a.id}, 22),
        ({"generation": -1, "member_id": a.id}, 22),
        ({"generation": generation, "member_id": "nobody"}, 25),
        ({"generation": generation, "member_id": ""}, 25),
        ({"generation": -1, "member_id": ""}, 25),
    ):
        assert await commit(wire, group, topic, 6, **fields) == code, fields
    assert (await committed(wire, group, topic)).offset == 5


async def test_commits_of_the_last_generation_count_until_the_next_begins(wire, new_member):
    topic = await wire.create()
    a, b = await new_member(), await new_member()
    await settle(a)
    await b.ask_to_join()
    await until(a.told_to_rejoin)
    assert await a.commit(topic, 3) == 0, "others join: what was read still counts"
    old = {"generation": a.generation, "member_id": a.id}
    await a.ask_to_join()
    await a.joined()
    await b.joined()
    assert await commit(wire, new_member.group, topic, 4, **old) == 22
    assert await a.commit(topic, 4) == 27, "not between join and sync"
    await a.ask_to_sync({})
    await b.ask_to_sync({})
    await a.synced()
    await b.synced()
    assert (await committed(wire, new_member.group, topic)).offset == 3
    assert await a.commit(topic, 5) == await b.commit(topic, 6) == 0


async def test_a_member_that_left_commits_no_more(wire, new_member):
    topic = await wire.create()
    a, b = await new_member(), await new_member()
    await settle(a)
    await settle(a, b)
    await a.leave()
    assert await a.commit(topic, 1) == 25


async def test_when_all_have_left_anybody_commits_from_outside(wire, new_member):
    topic = await wire.create()
    a = await new_member()
    await settle(a)
    await a.commit(topic, 5)
    await a.leave()
    assert await a.commit(topic, 6) == 25
    assert await commit(wire, new_member.group, topic, 7) == 0
    assert (await committed(wire, new_member.group, topic)).offset == 7


async def test_commits_outlive_the_members(wire, new_member):
    topic = await wire.create()
    a = await new_member()
    await settle(a)
    await a.commit(topic, 5)
    await a.leave()
    assert await all_commits(wire, new_member.group) == {(topic, 0): 5}
    b = await new_member()
    await settle(b)
    assert await all_commits(wire, new_member.group) == {(topic, 0): 5}


# --- clients ------------------------------------------------------------------------------------


async def test_a_group_goes_on_where_it_committed(kafka, wire):
    topic, group = await wire.create(partitions=2), await wire.group()
    for partition in range(2):
        await wire.produce(topic, make_batch([b"x"] * 50), partition)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    async with consumer(kafka, topic, group_id=group) as reads:
        await read(reads, 100)
        notes = {first: OffsetAndMetadata(30, "note"), second: OffsetAndMetadata(10, "")}
        await reads.commit(notes)
    async with consumer(kafka, topic, group_id=group) as reads:
        messages = await read(reads, 60)
        assert await reads.committed(first) == 30
    starts = {part: min(m.offset for m in messages if m.partition == part) for part in (0, 1)}
    assert starts == {0: 30, 1: 10}


async def test_a_consumer_that_assigns_itself_commits_without_a_group(kafka, wire):
    topic, group = await wire.create(), await wire.group()
    part = TopicPartition(topic, 0)
    async with consumer(kafka, group_id=group) as reads:
        reads.assign([part])
        await reads.commit({part: 4})
    async with consumer(kafka, group_id=group) as reads:
        reads.assign([part])
        assert await reads.committed(part) == 4


async def test_lag_is_the_end_minus_the_commit(kafka, wire):
    topic, group = await wire.create(), await wire.group()
    await wire.produce(topic, make_batch([b"x"] * 100))
    part = TopicPartition(topic, 0)
    async with consumer(kafka, topic, group_id=group) as reads:
        await read(reads, 100)
        await reads.commit({part: 40})
        end = (await reads.end_offsets([part]))[part]
        assert end - await reads.committed(part) == 60
        assert reads.highwater(part) == 100


async def test_admin_tools_see_a_groups_commits(kafka, wire):
    topic, group = await wire.create(partitions=2), await wire.group()
    await commit(wire, group, topic, 7, 1, metadata="note")
    async with admin_client(kafka) as client:
        offsets = await client.list_consumer_group_offsets(group)
    part = offsets[TopicPartition(topic, 1)]
    assert (part.offset, part.metadata) == (7, "note")
