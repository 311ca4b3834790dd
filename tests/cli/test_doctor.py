"""`dasprep-tui doctor`: what it finds is seen on real brokers and folders."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.broker.support import BrokerProcess
from tests.pipeline.lab_driver import run_cli


def doctor(folder: Path, *arguments: str) -> tuple[int, list[dict[str, str]]]:
    done = run_cli("doctor", "--json", *arguments, cwd=folder)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def texts(found: list[dict[str, str]], level: str) -> str:
    return "\n".join(f"{f['text']} | {f['todo']}" for f in found if f["level"] == level)


def test_a_machine_on_which_a_lab_can_run(tmp_path: Path) -> None:
    done = run_cli("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in (
        "aiokafka 0.14",
        "embedded broker (not Apache Kafka) at 127.0.0.1:",
        "can add partitions to a topic",
        "cannot run transactions: the embedded broker does not have it",
        "standard input or output is no terminal",
        "A lab can run here: dasprep-tui",
    ):
        assert part in done.stdout
    assert "BAD" not in done.stdout
    assert not (tmp_path / "data-home").exists(), "nothing is changed"


def test_a_broker_that_is_not_there_and_a_folder_that_cannot_be(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = "{}:{}".format(*closed.getsockname())
    code, found = doctor(tmp_path, "--bootstrap", address, "--data-dir", "/proc/none/x")
    assert code == 1
    bad = texts(found, "bad")
    assert address in bad and "/proc/none/x cannot be written" in bad
    assert "--data-dir" in bad and "--bootstrap" in bad


def test_a_node_whose_advertised_address_leads_nowhere(tmp_path: Path) -> None:
    """The classic trap: bootstrap works, and then no client gets any further."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = closed.getsockname()[1]
    broker = BrokerProcess(tmp_path / "log", "--advertised-port", str(nowhere)).start()
    try:
        code, found = doctor(tmp_path, "--bootstrap", broker.bootstrap)
    finally:
        broker.stop()
    assert code == 1
    assert f"node 1 at 127.0.0.1:{nowhere} does not answer" in texts(found, "bad")
    assert "advertised.listeners" in texts(found, "bad")


@pytest.mark.parametrize("arguments", [("--shards", "0"), ("--config", "none.toml")])
def test_wrong_settings_are_a_finding(tmp_path: Path, arguments: tuple[str, str]) -> None:
    code, found = doctor(tmp_path, *arguments)
    assert code == 1
    assert [f["area"] for f in found if f["level"] == "bad"] == ["settings"]


def test_what_each_broker_can_do_is_told(tmp_path: Path, kafka: Any) -> None:
    code, found = doctor(tmp_path, "--bootstrap", kafka.bootstrap)
    assert code == 0, found
    said = texts(found, "ok")
    assert "can form consumer groups by the classic protocol" in said
    assert f"new topics would get {kafka.replication} replica" in said
    if kafka.kind == "embedded":
        assert "embedded broker (not Apache Kafka)" in said
        assert "cannot run transactions" in texts(found, "note")
    else:
        assert "Kafka 4.3, 3 nodes" in said and "can run transactions" in said
        assert said.count(" answers") == 3 and said.count(", controller") == 1
