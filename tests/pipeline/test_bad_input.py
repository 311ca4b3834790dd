"""Bad input gets one clear message, exit code 2, no traceback, and loses nothing."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.pipeline.lab_driver import run_cli


def refused(done, *words: str) -> None:  # type: ignore[no-untyped-def]
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_unreachable_bootstrap(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can take it
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run_cli("run", "--duration", "2s", "--bootstrap", address, cwd=tmp_path)
    refused(done, address, "--bootstrap", "Check")


def test_data_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run_cli("run", "--data-dir", str(tmp_path / "file"), cwd=tmp_path)
    refused(done, "cannot be written", "--data-dir")
    assert (tmp_path / "file").read_text() == "in the way"


def test_data_directory_in_use(tmp_path: Path) -> None:
    from streaming.platform import lock_file

    (tmp_path / "lab").mkdir()
    lock = lock_file(tmp_path / "lab" / "lab.lock")
    done = run_cli("run", "--data-dir", str(tmp_path / "lab"), cwd=tmp_path)
    lock.release()
    refused(done, "in use", str(os.getpid()), "attach")


def test_port_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run_cli("broker", "--port", port, "--data", str(tmp_path / "b"), cwd=tmp_path)
    refused(done, port, "another program", "choose another port")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--bogus"), ("--bogus", "--help")),
        (("run", "--duration", "soon"), ("soon", "30s")),
        (("run", "--key", "nonsense"), ("--key", "customer_id")),
        (("run", "--plant", "roses"), ("--plant", "roses", "hot_key")),
        (("run", "--plant", "poison:soon"), ("--plant", "soon")),
        (("run", "--rate", "-4"), ("--rate", "greater than or equal to 0")),
        (("run", "--shards", "0"), ("--shards",)),
        (("run", "--streams", "clicks,clouds"), ("--streams", "orders")),
        (("run", "--bootstrap", "nowhere"), ("--bootstrap", "HOST:PORT")),
        (("run", "--json", "/no/such/folder/x.json"), ("--json", "cannot be written")),
        (("run", "--config", "missing.toml"), ("missing.toml", "no settings file")),
        (("verify", "--data-dir", "nothing-here"), ("no lab", "--data-dir")),
        (("sql", "SELECT 1"), ("There is no lab yet",)),
        (("attach",), ("terminal",)),
        ((), ("terminal", "--plain")),
        (("frobnicate",), ("frobnicate", "run", "verify")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_wrong_arguments(
    tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(run_cli(*arguments, cwd=tmp_path), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rate = [", ("dasprep.toml", "not valid TOML")),
        ("[lab]\nrat = 3\n", ("rat in dasprep.toml", "no such setting")),
        ("[lab]\nrate = 'fast'\n", ("rate in dasprep.toml",)),
        ("lab = 3\n", ("[lab]", "table")),
    ],
    ids=["syntax", "unknown", "type", "no table"],
)
def test_bad_settings_file(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    (tmp_path / "dasprep.toml").write_text(text)
    refused(run_cli("run", "--duration", "1s", cwd=tmp_path), *words)


def test_an_address_that_is_no_kafka(tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        done = run_cli("run", "--duration", "1s", "--bootstrap", address, cwd=tmp_path)
    refused(done, address, "Kafka")


def test_help_teaches(tmp_path: Path) -> None:
    for arguments in ((), ("run",), ("verify",), ("sql",), ("broker",), ("attach",)):
        done = run_cli(*arguments, "--help", cwd=tmp_path)
        assert done.returncode == 0
        if arguments != ("attach",):
            assert "examples:" in done.stdout
    assert "not Apache Kafka" in run_cli("broker", "--help", cwd=tmp_path).stdout.replace(
        "NOT", "not"
    )
