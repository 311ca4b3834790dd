"""Kafka's own Java clients and tools against the embedded broker.

Each call starts a JVM, so there are few, long checks, and they run on one broker only; with
`apache` in `BROKERS` one sees that Apache Kafka gives the same answers.
"""

import json
import re

import pytest
from java_tools import run, table

import kafka_jars
from kafka_fixtures import unavailable
from tests.broker.support import DEADLINE_S, unique

BROKERS = ["embedded"]
pytestmark = [
    pytest.mark.soak,  # each tool is a Java program of its own: a second or two to start
    pytest.mark.parametrize("broker_kind", BROKERS, indirect=True, scope="session"),
]


@pytest.fixture(scope="module", autouse=True)
def jars():
    try:
        kafka_jars.java()
        return kafka_jars.jars()
    except kafka_jars.KafkaUnavailable as error:
        unavailable(str(error))


def test_topics_and_settings(kafka, tmp_path):
    where, topic = kafka.bootstrap, unique("java")
    create = ["--create", "--topic", topic, "--partitions", "2", "--config", "retention.ms=60000"]
    run("kafka-topics", where, *create, "--replication-factor", str(kafka.replication))
    run("kafka-topics", where, "--alter", "--topic", topic, "--partitions", "3")
    told = run("kafka-topics", where, "--describe", "--topic", topic)
    head, *parts = told.splitlines()
    assert re.search(rf"PartitionCount: 3\s+ReplicationFactor: {kafka.replication}\s", head)
    assert "retention.ms=60000" in head and len(parts) == 3
    for part in parts:
        isr = re.search(r"Isr: (\S+)", part)[1].split(",")
        assert len(isr) == kafka.replication

    entity = ["--entity-type", "topics", "--entity-name", topic]
    change = ["--add-config", "segment.ms=7000", "--delete-config", "retention.ms"]
    run("kafka-configs", where, *entity, "--alter", *change)
    told = run("kafka-configs", where, *entity, "--describe")
    assert "segment.ms=7000" in told and "DYNAMIC_TOPIC_CONFIG:segment.ms=7000" in told
    assert "retention.ms=60000" not in told

    run("kafka-topics", where, "--delete", "--topic", topic)
    assert topic not in run("kafka-topics", where, "--list").splitlines()


def test_what_the_broker_says_of_itself(kafka):
    where = kafka.bootstrap
    told = run("kafka-broker-api-versions", where)
    usable = re.findall(r"(\w+)\(\d+\): \d+(?: to \d+)? \[usable: \d+\]", told)
    assert {"Produce", "Fetch", "Metadata", "JoinGroup", "OffsetDelete"} <= set(usable)
    rows = table(run("kafka-cluster", where, "list-endpoints", "--bootstrap-server", where))
    assert {f"{row['HOST']}:{row['PORT']}" for row in rows} == set(where.split(","))
    broker = ["--entity-type", "brokers", "--entity-name", "1", "--describe", "--all"]
    assert "message.max.bytes=1048588" in run("kafka-configs", where, *broker)


def test_records_go_in_and_out_and_are_deleted(kafka, topic, tmp_path):
    where = kafka.bootstrap
    lines = [f"k{number % 5}:v{number}" for number in range(300)]
    keys = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"]
    sent = ["--topic", topic, *keys, "--compression-codec", "lz4"]
    run("kafka-console-producer", where, *sent, text="\n".join(lines) + "\n")
    shown = ["--formatter-property", "print.key=true", "--formatter-property", "key.separator=:"]
    read = ["--topic", topic, "--from-beginning", "--max-messages", "300", *shown]
    told = run("kafka-console-consumer", where, *read).splitlines()
    assert sorted(told) == sorted(lines)
    for key in range(5):
        mine = [line for line in told if line.startswith(f"k{key}:")]
        assert mine == lines[key::5], "the order of a key is kept"

    def offsets(*at):
        told = run("kafka-get-offsets", where, "--topic", topic, *at)
        return {int(p): int(o) for _, p, o in (line.split(":") for line in told.splitlines())}

    ends = offsets()
    assert sum(ends.values()) == 300 and set(ends) == {0, 1, 2}
    latest = offsets("--time", "-3")
    assert latest and all(0 <= at < ends[part] for part, at in latest.items())
    full = max(ends, key=ends.get)
    cut = {"version": 1, "partitions": [{"topic": topic, "partition": full, "offset": 5}]}
    (tmp_path / "cut.json").write_text(json.dumps(cut))
    done = run("kafka-delete-records", where, "--offset-json-file", str(tmp_path / "cut.json"))
    assert f"partition: {topic}-{full}\tlow_watermark: 5" in done
    sizes = run("kafka-log-dirs", where, "--describe", "--topic-list", topic)
    told = json.loads(next(line for line in sizes.splitlines() if line.startswith("{")))
    folders = [folder for broker in told["brokers"] for folder in broker["logDirs"]]
    names = {part["partition"] for folder in folders for part in folder["partitions"]}
    assert names == {f"{topic}-{part}" for part in range(3)}


def test_a_consumer_group_is_seen_moved_and_deleted(kafka, topic, admin):
    where, group = kafka.bootstrap, unique("java-group")
    numbers = "".join(f"{number}\n" for number in range(90))
    run("kafka-console-producer", where, "--topic", topic, text=numbers)
    read = ["--topic", topic, "--group", group, "--from-beginning", "--max-messages", "90"]
    assert len(run("kafka-console-consumer", where, *read).splitlines()) == 90
    tool = ["--group", group]
    rows = table(run("kafka-consumer-groups", where, *tool, "--describe"))
    assert {row["GROUP"] for row in rows} == {group}
    full = [row for row in rows if row["LOG-END-OFFSET"] != "0"]
    assert sum(int(row["CURRENT-OFFSET"]) for row in full) == 90
    assert {row["LAG"] for row in full} == {"0"}
    states = {
        row["GROUP"]: row["STATE"]
        for row in table(run("kafka-consumer-groups", where, "--list", "--state"))
    }
    assert states[group] == "Empty"
    again = ["--reset-offsets", "--to-earliest", "--topic", topic, "--execute"]
    moved = table(run("kafka-consumer-groups", where, *tool, *again))
    assert {row["PARTITION"]: row["NEW-OFFSET"] for row in moved} == dict.fromkeys("012", "0")
    gone = run("kafka-consumer-groups", where, *tool, "--delete-offsets", "--topic", topic)
    assert gone.count("Successful") == 3
    run("kafka-consumer-groups", where, *tool, "--delete")
    left = admin.list_consumer_groups().result(DEADLINE_S).valid
    assert group not in {one.group_id for one in left}
