"""Settings of topics and brokers: described, changed one by one or as a whole, refused."""

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streaming.broker.embedded.messages import admin
from tests.broker.support import make_batch, unique, until
from tests.conformance.clients import admin_client

TOPIC, BROKER = 2, 4
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3
FROM_TOPIC, FROM_DEFAULT = 1, 5


async def described(wire, name, *keys, kind=TOPIC, synonyms=False, version=2):
    resource = admin.DescribeConfigsResource(kind=kind, name=name, keys=list(keys) or None)
    request = admin.DescribeConfigsRequest(resources=[resource], include_synonyms=synonyms)
    answer = await wire.call(32, version, request, admin.DescribeConfigsResponse)
    return answer.results[0]


async def value_of(wire, topic, key):
    """A setting's value and where it comes from."""
    (config,) = (await described(wire, topic, key)).configs
    return config.value, config.source


async def settled(wire, topic, key, expected):
    """Wait until a change reached this node: on a cluster the controller makes it elsewhere."""

    async def seen():
        return await value_of(wire, topic, key) == expected

    await until(seen)


async def change(wire, topic, *changes, kind=TOPIC, dry=False, times=1):
    """The error code of IncrementalAlterConfigs; `changes` are (name, operation, value)."""
    configs = [admin.ConfigChange(name=n, operation=o, value=v) for n, o, v in changes]
    resource = admin.ChangeConfigsResource(kind=kind, name=topic, configs=configs)
    request = admin.IncrementalAlterConfigsRequest(resources=[resource] * times, validate_only=dry)
    answer = await wire.call(44, 0, request, admin.AlterConfigsResponse)
    (code,) = {result.error_code for result in answer.results}
    return code


async def replace(wire, topic, *values, dry=False):
    """The error code of AlterConfigs; `values` are (name, value)."""
    configs = [admin.ConfigValue(name=n, value=v) for n, v in values]
    resource = admin.AlterConfigsResource(kind=TOPIC, name=topic, configs=configs)
    request = admin.AlterConfigsRequest(resources=[resource], validate_only=dry)
    answer = await wire.call(33, 1, request, admin.AlterConfigsResponse)
    return answer.results[0].error_code


async def test_a_topic_shows_the_settings_it_was_made_with(kafka, wire):
    topic = await wire.create(retention_ms=123456)
    async with admin_client(kafka) as client:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        (answer,) = await client.describe_configs([resource])
    values = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert values["retention.ms"] == "123456"


async def test_the_names_and_defaults_of_settings_are_kafkas(wire):
    topic = await wire.create(retention_ms=-1)
    configs = {c.name: c for c in (await described(wire, topic)).configs}
    assert len(configs) == 33
    defaults = {
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "delete.retention.ms": "86400000",
        "max.message.bytes": "1048588",
        "message.timestamp.after.max.ms": "3600000",
        "message.timestamp.before.max.ms": str(2**63 - 1),
        "message.timestamp.type": "CreateTime",
        "retention.bytes": "-1",
        "segment.ms": "604800000",
        "local.retention.ms": "-2",
    }
    assert {name: configs[name].value for name in defaults} == defaults
    assert {configs[name].source for name in defaults} == {FROM_DEFAULT}
    assert not any(c.read_only or c.is_sensitive for c in configs.values())


async def test_only_the_settings_asked_for_are_described(wire):
    topic = await wire.create(retention_ms=5)
    answer = await described(wire, topic, "retention.ms", "no.such")
    assert [(c.name, c.value, c.source) for c in answer.configs] == [
        ("retention.ms", "5", FROM_TOPIC)
    ]


async def test_synonyms_say_where_a_value_could_come_from(wire):
    topic = await wire.create(max_message_bytes=99)
    (config,) = (await described(wire, topic, "max.message.bytes", synonyms=True)).configs
    assert [(s.name, s.value) for s in config.synonyms] == [
        ("max.message.bytes", "99"),
        ("message.max.bytes", "1048588"),
    ]
    (config,) = (await described(wire, topic, "max.message.bytes")).configs
    assert config.synonyms == []


@pytest.mark.parametrize(("name", "code"), [("none", 3), ("with space", 17)])
async def test_settings_of_a_topic_that_is_not_there(wire, name, code):
    name = name if " " in name else unique()
    assert (await described(wire, name)).error_code == code


@pytest.mark.parametrize("name", ["99", "first"])
async def test_settings_of_another_or_no_broker_are_refused(wire, name):
    assert (await described(wire, name, kind=BROKER)).error_code == 42


async def test_a_broker_describes_its_own_settings(wire):
    answer = await described(wire, str(wire.node), kind=BROKER)
    values = {config.name: config.value for config in answer.configs}
    assert (answer.error_code, values["broker.id"]) == (0, str(wire.node))
    assert values["auto.create.topics.enable"] == "true"
    assert values["group.initial.rebalance.delay.ms"] == "0"


async def test_resources_of_no_known_kind_are_refused(wire):
    assert (await described(wire, "x", kind=3)).error_code == 42
    assert await change(wire, "x", ("retention.ms", SET, "1"), kind=3) == 42


async def test_single_settings_are_set_and_deleted(wire):
    topic = await wire.create(retention_ms=5, retention_bytes=6)
    assert await change(wire, topic, ("retention.ms", SET, "7")) == 0
    await settled(wire, topic, "retention.ms", ("7", FROM_TOPIC))
    assert await change(wire, topic, ("retention.ms", DELETE, None)) == 0
    await settled(wire, topic, "retention.ms", ("604800000", FROM_DEFAULT))
    assert await value_of(wire, topic, "retention.bytes") == ("6", FROM_TOPIC)


async def test_lists_are_appended_to_and_subtracted_from(wire):
    topic = await wire.create()
    assert await change(wire, topic, ("cleanup.policy", APPEND, "compact")) == 0
    await settled(wire, topic, "cleanup.policy", ("delete,compact", FROM_TOPIC))
    assert await change(wire, topic, ("cleanup.policy", SUBTRACT, "delete")) == 0
    await settled(wire, topic, "cleanup.policy", ("compact", FROM_TOPIC))
    assert await change(wire, topic, ("retention.ms", APPEND, "1")) == 40


async def test_deleting_what_is_not_set_is_no_error(wire):
    topic = await wire.create()
    assert await change(wire, topic, ("segment.ms", DELETE, None)) == 0
    assert await change(wire, topic, ("no.such", DELETE, None)) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([("retention.ms", SET, "soon")], 40),
        ([("no.such", SET, "1")], 40),
        ([("retention.ms", SET, None)], 42),
        ([("retention.ms", SET, "1"), ("retention.ms", SET, "2")], 42),
    ],
    ids=["value", "name", "null", "twice"],
)
async def test_a_bad_change_is_refused(wire, changes, code):
    topic = await wire.create(retention_ms=5)
    assert await change(wire, topic, *changes) == code
    assert await value_of(wire, topic, "retention.ms") == ("5", FROM_TOPIC)


async def test_one_bad_change_spoils_the_topics_others(wire):
    topic = await wire.create(retention_ms=5)
    assert await change(wire, topic, ("retention.ms", SET, "6"), ("no.such", SET, "1")) == 40
    assert await value_of(wire, topic, "retention.ms") == ("5", FROM_TOPIC)


async def test_a_topic_twice_in_a_request_is_not_changed(wire):
    topic = await wire.create(retention_ms=5)
    assert await change(wire, topic, ("retention.ms", SET, "6"), times=2) == 42
    assert await value_of(wire, topic, "retention.ms") == ("5", FROM_TOPIC)


async def test_settings_of_unknown_topics_are_not_changed(wire):
    assert await change(wire, unique(), ("retention.ms", SET, "1")) == 3
    assert await change(wire, "", ("retention.ms", SET, "1")) == 42
    assert await replace(wire, unique(), ("retention.ms", "1")) == 3


async def test_a_dry_change_changes_nothing(wire):
    topic = await wire.create(retention_ms=5)
    assert await change(wire, topic, ("retention.ms", SET, "6"), dry=True) == 0
    assert await replace(wire, topic, ("retention.ms", "7"), dry=True) == 0
    assert await value_of(wire, topic, "retention.ms") == ("5", FROM_TOPIC)


async def test_replacing_all_settings_forgets_those_not_named(wire):
    topic = await wire.create(retention_ms=5, retention_bytes=6)
    assert await replace(wire, topic, ("retention.ms", "8")) == 0
    await settled(wire, topic, "retention.ms", ("8", FROM_TOPIC))
    assert await value_of(wire, topic, "retention.bytes") == ("-1", FROM_DEFAULT)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([("retention.ms", "soon")], 40),
        ([("no.such", "1")], 40),
        ([("retention.ms", None)], 42),
        ([("retention.ms", "1"), ("retention.ms", "2")], 42),
    ],
    ids=["value", "name", "null", "twice"],
)
async def test_a_bad_replacement_is_refused(wire, values, code):
    topic = await wire.create(retention_ms=5)
    assert await replace(wire, topic, *values) == code
    assert await value_of(wire, topic, "retention.ms") == ("5", FROM_TOPIC)


async def test_a_changed_limit_acts_on_the_next_batch(wire):
    topic = await wire.create()
    raw = make_batch([b"x" * 500])
    assert (await wire.produce(topic, raw)).error_code == 0
    assert await change(wire, topic, ("max.message.bytes", SET, "100")) == 0

    async def refused():
        return (await wire.produce(topic, raw)).error_code == 10

    await until(refused)
    assert await change(wire, topic, ("max.message.bytes", DELETE, None)) == 0

    async def taken():
        return (await wire.produce(topic, raw)).error_code == 0

    await until(taken)


async def test_every_version_of_the_description_both_offer(wire):
    topic = await wire.create(retention_ms=5)
    for version in (1, 2):
        (config,) = (await described(wire, topic, "retention.ms", version=version)).configs
        assert (config.value, config.source) == ("5", FROM_TOPIC)
