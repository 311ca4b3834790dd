"""kaskade, a text user interface for Kafka: what its screens show."""

import json
import os
import subprocess
import sys
from pathlib import Path

import confluent_kafka as ck
import kaskade_install
import pytest
from foreign_support import wait_until

from kafka_fixtures import unavailable
from tests.broker.support import DEADLINE_S, unique


@pytest.fixture(scope="module")
def kaskade(tmp_path_factory):
    """Open kaskade's screens on a topic; what they show."""
    try:
        packages = kaskade_install.folder()
    except kaskade_install.KaskadeUnavailable as error:
        unavailable(str(error))
    home = tmp_path_factory.mktemp("home")

    def look(kafka, topic):
        child = Path(__file__).with_name("kaskade_child.py")
        done = subprocess.run(
            [sys.executable, str(child), kafka.bootstrap, topic],
            env=os.environ | {"PYTHONPATH": str(packages), "HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=3 * DEADLINE_S,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return look


@pytest.fixture
def group(kafka, topic):
    """A group of one that stays: of 200, 200 and 0 records it has read 200, 100 and 0."""
    producer = ck.Producer({"bootstrap.servers": kafka.bootstrap})
    for number in range(400):
        producer.produce(topic, b"v%d" % number, partition=number % 2, headers={"h": b"1"})
    assert producer.flush(DEADLINE_S) == 0
    name = unique("g")
    member = ck.Consumer(
        {"bootstrap.servers": kafka.bootstrap, "group.id": name, "client.id": "reader"}
    )
    try:
        member.subscribe([topic])
        wait_until(lambda: len(member.assignment()) == 3, meanwhile=lambda: member.poll(0.1))
        read = [ck.TopicPartition(topic, part, at) for part, at in enumerate((200, 100, 0))]
        member.commit(offsets=read, asynchronous=False)
        yield name
    finally:
        member.close()


@pytest.mark.soak  # another whole program with a screen of its own
def test_its_screens_show_the_truth(kaskade, kafka, topic, group):
    seen = kaskade(kafka, topic)
    replicas = str(kafka.replication)
    _, *numbers = seen["topic"].values()
    assert numbers == ["3", replicas, replicas, "1", "1", "≈400", "≈100"]
    ends = [(part["Earliest"], part["End"], part["Records"]) for part in seen["partitions"]]
    assert ends == [("0", "200", "200"), ("0", "200", "200"), ("0", "0", "0")]
    lags = {row["Partition"]: (row["Committed"], row["Lag"]) for row in seen["group-offsets"]}
    assert lags == {"0": ("200", "0"), "1": ("100", "100"), "2": ("0", "0")}
    (of_group,) = seen["groups"]
    assert (of_group["ID"], of_group["State"], of_group["Assignor"]) == (group, "stable", "range")
    (of_member,) = seen["group-members"]
    assert of_member["Client ID"] == "reader" and "127.0.0.1" in of_member["Host"]
    settings = {row["Name"]: row["Value"] for row in seen["configurations"]}
    assert settings["cleanup.policy"] == "delete"
    assert len(seen["records"]) == 25
    assert all(row["Value"].startswith("v") and row["Headers"] == "1" for row in seen["records"])
