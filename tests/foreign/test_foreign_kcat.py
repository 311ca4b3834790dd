"""kcat, the command line client that ships with most systems."""

import json
import shutil
import subprocess

import pytest

from kafka_fixtures import unavailable
from tests.broker.support import DEADLINE_S, unique


@pytest.fixture(scope="module")
def kcat():
    """Run kcat against a broker and return what it writes."""
    path = shutil.which("kcat") or shutil.which("kafkacat")
    if path is None:
        unavailable("there is no kcat here; install it to run this check")

    def run(kafka, *arguments, text=None):
        done = subprocess.run(
            [path, "-b", kafka.bootstrap, *arguments],
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_it_lists_what_is_there(kcat, kafka, topic):
    told = json.loads(kcat(kafka, "-L", "-J", "-t", topic))
    assert len(told["brokers"]) == len(kafka.bootstrap.split(","))
    (found,) = told["topics"]
    assert [len(part["replicas"]) for part in found["partitions"]] == [kafka.replication] * 3


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_it_writes_and_reads(kcat, kafka, topic, codec):
    lines = [f"k{number % 7}:v{number}" for number in range(200)]
    kcat(kafka, "-P", "-t", topic, "-K:", "-z", codec, "-H", "h=1", text="\n".join(lines) + "\n")
    told = kcat(kafka, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%k:%s %h\n")
    assert sorted(told.splitlines()) == sorted(f"{line} h=1" for line in lines)


def test_it_reads_as_a_group_and_asks_for_times(kcat, kafka, topic):
    kcat(kafka, "-P", "-t", topic, "-p", "1", text="".join(f"v{n}\n" for n in range(50)))
    group = unique("g")
    first = kcat(kafka, "-G", group, "-X", "auto.offset.reset=earliest", "-c", "50", topic)
    assert first.splitlines() == [f"v{number}" for number in range(50)]
    kcat(kafka, "-P", "-t", topic, "-p", "1", text="more\n")
    again = kcat(kafka, "-G", group, "-X", "auto.offset.reset=earliest", "-c", "1", topic)
    assert again == "more\n", "it goes on where the group had committed"
    assert kcat(kafka, "-Q", "-t", f"{topic}:1:1").split() == [topic, "[1]", "offset", "0"]
    assert kcat(kafka, "-Q", "-t", f"{topic}:1:-1").split()[-1] == "51"
