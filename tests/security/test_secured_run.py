"""A whole lab behind a login: it leaks no password, outlives a revoked one, and counts exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from security_support import dasprep, way_of

from kafka_cluster import KafkaCluster
from kafka_security import PASSWORD, USER
from streaming.lab.snapshot import LabSnapshot
from tests.pipeline.lab_driver import DrivenLab, assert_exact, lab

CANARY = "kanarienvogel-7f3a"
SESSION_MS = 2000
RATE = 400  # records per second


def set_password(cluster: KafkaCluster, password: str) -> None:
    """Change the user's password; who is logged in stays so until the session ends."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    change = UserScramCredentialUpsertion(USER, info, password.encode())
    for future in admin.alter_user_scram_credentials([change]).values():
        future.result(20)


@pytest.mark.soak
async def test_a_lab_behind_scram_and_tls(
    own_kafka: Callable[..., KafkaCluster], tmp_path: Path
) -> None:
    cluster = own_kafka(1, properties={"connections.max.reauth.ms": str(SESSION_MS)})
    set_password(cluster, CANARY)
    way = way_of(cluster, "SCRAM-SHA-512", tmp_path).but(password=CANARY)
    root = tmp_path / "lab"
    seen: list[bytes] = []
    async with lab(
        root,
        bootstrap=way.bootstrap,
        kafka=way.connection.security,
        rate=RATE,
        shards=2,
    ) as driven:
        before = await driven.stored(3 * SESSION_MS * RATE // 1000)
        assert not [e for e in before.events if e.level == "alarm"], "sessions end in silence"
        shown(driven, seen)
        processes = [psutil.Process(driven.engine_pid())]
        processes += processes[0].children(recursive=True)
        assert len(processes) == 4, "engine, generator and two consumers"
        for process in processes:
            assert CANARY not in " ".join(process.cmdline())

        set_password(cluster, PASSWORD)
        down = await driven.until(lambda s: s.broker.state == "down", "the refusal is seen")
        down = await driven.until(lambda s: s.broker.refused, "and its reason")
        shown(driven, seen)
        assert f"refused user {USER!r} (SCRAM-SHA-512): wrong user name" in down.broker.refused
        alarms = [e.text for e in down.events if e.level == "alarm"]
        assert any("wrong user name" in text for text in alarms)
        assert any("refuses the lab" in text for text in alarms)

        set_password(cluster, CANARY)
        back = await driven.until(lambda s: s.broker.state == "up", "let in again")
        assert back.broker.refused == ""
        await driven.stored(down.store.stored + 1500)
        assert restarts(driven.latest) == 0, "a refusal ends no process"
        assert_exact(await driven.finish())
        shown(driven, seen)
        seen.append(msgspec.json.encode(await driven.summary()))
    assert CANARY.encode() not in b"".join(seen)
    holding = [p for p in root.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]
    assert holding == []

    verify_it_again(root, tmp_path)


def verify_it_again(root: Path, folder: Path) -> None:
    """The store keeps how to connect, but not the password."""
    arguments = ("verify", "--data-dir", str(root), "--json", "-")
    without = dasprep(*arguments, folder=folder, environment={})
    assert without.returncode == 2 and "needs a password" in without.stderr, without.stderr
    done = dasprep(*arguments, folder=folder, environment={"DASPREP_KAFKA_PASSWORD": CANARY})
    assert done.returncode == 0, done.stderr
    assert CANARY not in done.stdout + done.stderr + without.stdout + without.stderr


def shown(driven: DrivenLab, seen: list[bytes]) -> None:
    assert driven.latest is not None
    seen.append(msgspec.json.encode(driven.latest))


def restarts(snapshot: LabSnapshot | None) -> int:
    assert snapshot is not None
    return sum(consumer.restarts for consumer in snapshot.consumers)
