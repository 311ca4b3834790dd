"""The real cluster itself: three replicas, every way to connect, and that nothing of it stays."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.abc import AbstractTokenProvider
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError

from kafka_security import unsigned_token
from tests.broker.support import unique, until

WAYS = ["SSL", "MTLS", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


class Tokens(AbstractTokenProvider):
    def __init__(self, lifetime_s):
        self.lifetime_s = lifetime_s

    async def token(self):
        return unsigned_token(lifetime_s=self.lifetime_s)


def client_options(way, *, ca=None, password=None, lifetime_s=3600):
    context = None
    if way.ca is not None:
        context = ssl.create_default_context(cafile=ca or way.ca)
        if way.certificate is not None:
            context.load_cert_chain(way.certificate, way.key)
    options = {
        "bootstrap_servers": way.bootstrap,
        "security_protocol": way.protocol,
        "ssl_context": context,
    }
    if way.mechanism is not None:
        options |= {"sasl_mechanism": way.mechanism}
    if way.password is not None:
        options |= {
            "sasl_plain_username": way.user,
            "sasl_plain_password": password or way.password,
        }
    elif way.mechanism is not None:
        options |= {"sasl_oauth_token_provider": Tokens(lifetime_s)}
    return options


async def round_trip(options, topic):
    """Write one record and read it back, all of it over this way of connecting."""
    async with AIOKafkaProducer(**options) as producer:
        await producer.send_and_wait(topic, b"here")
    reader = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **options)
    async with reader, asyncio.timeout(30):
        return (await reader.getone()).value


async def test_a_topic_has_three_replicas_and_two_must_be_in_sync(secured_kafka):
    topic = unique()
    admin = AIOKafkaAdminClient(bootstrap_servers=secured_kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 4, 3)])

        async def there():
            (described,) = await admin.describe_topics([topic])
            return [len(part["replicas"]) for part in described["partitions"]] == [3] * 4

        await until(there)
        assert len((await admin.describe_cluster())["brokers"]) == 3
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        assert settings["min.insync.replicas"] == "2"
    finally:
        await admin.close()


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_to_connect_carries_records(secured_kafka, way):
    options = client_options(secured_kafka.security(way))
    assert await round_trip(options, unique()) == b"here"


async def test_scram_also_works_without_tls(secured_kafka):
    options = client_options(secured_kafka.security("SCRAM-SHA-256", tls=False))
    assert await round_trip(options, unique()) == b"here"


@pytest.mark.parametrize(
    ("way", "wrong"),
    [
        ("PLAIN", {"password": "wrong"}),
        ("SCRAM-SHA-512", {"password": "wrong"}),
        ("OAUTHBEARER", {"lifetime_s": -60}),
    ],
)
async def test_who_is_not_known_is_refused(secured_kafka, way, wrong):
    options = client_options(secured_kafka.security(way), **wrong)
    # aiokafka leaves a refused token unanswered until this limit (RFC 7628, 3.2.2 and 3.2.3).
    options |= {"request_timeout_ms": 3000}
    with pytest.raises(KafkaError):
        await round_trip(options, unique())


async def test_a_stranger_s_authority_and_a_missing_certificate_are_refused(secured_kafka):
    way = secured_kafka.security("SSL")
    with pytest.raises(KafkaConnectionError):
        await round_trip(client_options(way, ca=way.other_ca), unique())
    bare = client_options(way) | {"bootstrap_servers": secured_kafka.security("MTLS").bootstrap}
    with pytest.raises(KafkaConnectionError):
        await round_trip(bare, unique())


async def test_nothing_is_left_when_the_starter_is_killed(tmp_path):
    """However the process that started a cluster ends, its nodes and its folder go."""
    folder = tmp_path / "cluster"
    (folder / "data").mkdir(parents=True)
    script = (
        "import subprocess, sys, time; from kafka_guard import Guard\n"
        "guard = Guard(sys.argv[1])\n"
        "nodes = [subprocess.Popen(['sleep', '600'], start_new_session=True) for _ in range(3)]\n"
        "for node in nodes: guard.started(node.pid)\n"
        "nodes[0].kill(); nodes[0].wait(); guard.ended(nodes[0].pid)\n"
        "print(*(node.pid for node in nodes[1:]), flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    with starter.stdout as told:
        nodes = [psutil.Process(int(pid)) for pid in told.readline().split()]
        assert all(node.is_running() for node in nodes)
        starter.send_signal(signal.SIGKILL)
        starter.wait()
        await until(lambda: not folder.exists())
        await until(lambda: not any(map(alive, nodes)))


def alive(process):
    """Whether it runs; one that nobody has waited for does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
