"""Kafka's own command line tools, run from its jars."""

from __future__ import annotations

import subprocess

import kafka_jars
from kafka_node import jvm
from tests.broker.support import DEADLINE_S

_TOOLS = "org.apache.kafka.tools."
# The classes that the scripts in Kafka's bin folder start.
CLASSES = {
    "kafka-broker-api-versions": f"{_TOOLS}BrokerApiVersionsCommand",
    "kafka-cluster": f"{_TOOLS}ClusterTool",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": f"{_TOOLS}consumer.ConsoleConsumer",
    "kafka-console-producer": f"{_TOOLS}ConsoleProducer",
    "kafka-consumer-groups": f"{_TOOLS}consumer.group.ConsumerGroupCommand",
    "kafka-delete-records": f"{_TOOLS}DeleteRecordsCommand",
    "kafka-get-offsets": f"{_TOOLS}GetOffsetShell",
    "kafka-log-dirs": f"{_TOOLS}LogDirsCommand",
    "kafka-topics": f"{_TOOLS}TopicCommand",
}


def command(tool, *arguments):
    """The command line of a tool. Raises KafkaUnavailable."""
    return jvm(kafka_jars.jars(), "128m", CLASSES[tool], *arguments)


def run(tool, bootstrap, *arguments, text=None):
    """Run a tool to its end; what it writes, without its warnings."""
    where = () if tool == "kafka-cluster" else ("--bootstrap-server", bootstrap)
    done = subprocess.run(
        command(tool, *where, *arguments),
        input=text or "",
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE_S,
    )
    assert done.returncode == 0, f"{tool} {arguments}: {done.stdout}\n{done.stderr}"
    return done.stdout


def table(text):
    """Rows of a printed table as dictionaries by its header; a cell is a word."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    at = next(at for at, (first, *rest) in enumerate(lines) if rest and first == first.upper())
    return [dict(zip(lines[at], words, strict=False)) for words in lines[at + 1 :]]
