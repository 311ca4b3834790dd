"""The process: what it prints, how it ends, why it does not start; and strangers on its port."""

import asyncio
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys

import psutil
import pytest

from streaming.broker.embedded.config import BrokerConfig, BrokerStartError
from streaming.broker.embedded.server import run_broker
from tests.broker.support import DEADLINE_S, BrokerProcess, Wire, make_batch, unique, until

COMMAND = [sys.executable, "-m", "streaming.broker.embedded"]


ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
WITHOUT_ROOT_S_RIGHT = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
"""Root may write everywhere; a process begun like this may not."""


def run(*arguments, before=()):
    return subprocess.run(
        [*before, *COMMAND, *map(str, arguments)],
        capture_output=True, text=True, timeout=DEADLINE_S,
    )  # fmt: skip


def test_the_ready_line_is_all_it_prints_and_a_signal_ends_it_cleanly(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "--data", tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    ready = json.loads(process.stdout.readline())
    assert ready["event"] == "ready" and ready["pid"] == process.pid
    assert "not Apache Kafka" in ready["name"]
    assert ready["cluster_id"].startswith("dasprep-embedded-")
    process.terminate()
    rest, errors = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, rest, errors) == (0, b"", b"")


async def test_it_stops_at_once_with_clients_that_wait(broker):
    async with Wire(broker.port) as wire:
        topic = await wire.create(unique())
        request = wire.fetch_request(topic, {0: 0}, wait_ms=3_600_000)
        await wire.send(1, 11, request)
        async with Wire(broker.port) as other:
            await other.list_offset(topic, -1)
        assert broker.terminate() == 0
        assert await wire.reader.read() == b""


def test_it_ends_when_its_parent_does(tmp_path):
    """The parent is killed: nobody closes the pipe but the system."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE).wait()",
            *COMMAND,
            "--parent-pipe",
            "--data",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
    )
    ready = json.loads(parent.stdout.readline())
    child = psutil.Process(ready["pid"])
    parent.kill()
    parent.wait(DEADLINE_S)
    assert parent.stdout.read() == b"", "the pipe to us ends with the server"
    parent.stdout.close()
    psutil.wait_procs([child], timeout=DEADLINE_S)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_taken_port_is_named_with_what_to_do(shared, tmp_path):
    done = run("--data", tmp_path, "--port", shared.port)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"port {shared.port}" in done.stderr and "choose another port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_number_that_is_no_port(tmp_path):
    done = run("--data", tmp_path, "--port", 70_000)
    assert done.returncode == 2 and "no port number" in done.stderr
    assert "Traceback" not in done.stderr


async def test_localhost_is_one_address(tmp_path):
    own = BrokerProcess(tmp_path, "--host", "localhost").start()
    try:
        assert own.ready["host"] == "127.0.0.1"
        async with Wire(own.port) as wire:
            await wire.create("t")
    finally:
        own.stop()


def test_a_folder_in_use_is_named_with_its_user(shared):
    done = run("--data", shared.folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"process {shared.pid}" in done.stderr


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    done = run("--data", tmp_path / "file" / "data")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Choose another folder" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or (ROOT and not shutil.which("setpriv")),
    reason="root may write all",
)
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    done = run("--data", tmp_path, before=WITHOUT_ROOT_S_RIGHT if ROOT else ())
    tmp_path.chmod(0o700)
    assert done.returncode == 2 and "write access" in done.stderr


@pytest.mark.parametrize("code", [13, 28, 30])
async def test_what_the_disk_says_is_told_with_what_to_do(tmp_path, monkeypatch, code):
    from streaming.broker.embedded import storage

    def refuse(path, value):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(storage, "replace_file", refuse)
    with pytest.raises(BrokerStartError) as refused:
        await run_broker(BrokerConfig(data=tmp_path), print, asyncio.Event())
    assert os.strerror(code) in str(refused.value)
    assert "another folder" in str(refused.value)


def test_it_does_not_listen_to_other_machines_unasked(tmp_path):
    done = run("--data", tmp_path, "--host", "0.0.0.0")  # noqa: S104
    assert done.returncode == 2 and "127.0.0.1" in done.stderr


@pytest.mark.parametrize("damage", ["{", None])
async def test_a_damaged_registry_stops_the_start_and_costs_nothing(broker, damage):
    async with Wire(broker.port) as wire:
        topic = await wire.create(unique())
        await wire.produce(topic, make_batch([b"kept"]))
    broker.stop()
    registry = broker.folder / "topics.json"
    good = registry.read_bytes()
    if damage is None:
        registry.unlink()
    else:
        registry.write_text(damage)
    done = run("--data", broker.folder)
    assert done.returncode == 2 and "topics.json" in done.stderr
    registry.write_bytes(good)
    broker.start()
    async with Wire(broker.port) as wire:
        assert (await wire.list_offset(topic, -1)).offset == 1


def test_help_says_what_it_is_not():
    done = run("--help")
    assert done.returncode == 0 and "not Apache Kafka" in done.stdout


# --- strangers -------------------------------------------------------------------------------


async def closed_after(port, raw):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        async with asyncio.timeout(DEADLINE_S):
            return await reader.read() == b""
    except ConnectionError:
        return True
    finally:
        writer.close()


async def test_random_frames_harm_nobody(shared, wire):
    topic = await wire.create(unique())
    await wire.produce(topic, make_batch([b"kept"]))
    dice = random.Random(1)
    for _ in range(150):
        key, version = (
            dice.choice((0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 32)),
            dice.randint(0, 8),
        )
        body = struct.pack(">hhih", key, version, 1, -1) + dice.randbytes(dice.randint(0, 80))
        with socket.create_connection(("127.0.0.1", shared.port)) as client:
            client.sendall(struct.pack(">i", len(body)) + body)
    assert (await wire.list_offset(topic, -1)).offset == 1
    assert psutil.Process(shared.pid).memory_info().rss < 300 * 2**20


async def test_a_client_that_reads_nothing_costs_little_memory(shared, wire):
    topic = await wire.create(unique(), max_message_bytes=4_000_000)
    await wire.produce(topic, make_batch([b"x" * 2_000_000]))
    before = psutil.Process(shared.pid).memory_info().rss
    request = wire.fetch_request(topic, {0: 0}, each=2**22)
    async with Wire(shared.port) as deaf:
        deaf.reader._transport.pause_reading()
        for _ in range(60):
            await deaf.send(1, 11, request)
        for _ in range(5):
            assert (await wire.list_offset(topic, -1)).offset == 1
        assert psutil.Process(shared.pid).memory_info().rss - before < 60 * 2**20
    assert (await wire.list_offset(topic, -1)).offset == 1


async def test_connections_beyond_the_limit_are_refused(tmp_path):
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    config = BrokerConfig(data=tmp_path, max_connections=2)
    server = asyncio.create_task(run_broker(config, ready.set_result, stop))
    port = (await ready).port
    async with Wire(port) as first, Wire(port) as second:
        await first.create("t")
        await second.list_offset("t", -1)
        assert await closed_after(port, b"")
        assert (await first.list_offset("t", -1)).offset == 0
        for client in (first, second):
            await client.send(1, 11, client.fetch_request("t", {0: 0}, wait_ms=3_600_000))

    # Both hang up while the server holds their Fetch back for an hour: it notices at once.
    async def free():
        try:
            async with Wire(port) as again:
                return (await again.list_offset("t", -1)).offset == 0
        except (asyncio.IncompleteReadError, ConnectionError):
            return False

    await until(free)
    stop.set()
    await server
