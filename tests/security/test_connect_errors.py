"""Every way into a real cluster, and every way to fail: one clear text and exit code 2."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from security_support import Way, dasprep, token_file, way_of

from kafka_cluster import KafkaCluster
from streaming.broker.check import check
from streaming.broker.errors import BrokerError
from streaming.broker.topics import LogWatch, ensure_topics

WAYS = ("SSL", "MTLS", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "bare SCRAM")
CANARY = "kanarienvogel-7f3a"


def way(cluster: KafkaCluster, name: str, folder: Path) -> Way:
    if name == "bare SCRAM":
        return way_of(cluster, "SCRAM-SHA-512", folder, tls=False)
    return way_of(cluster, name, folder)


@pytest.mark.parametrize("name", WAYS)
async def test_each_way_in(secured_kafka: KafkaCluster, tmp_path: Path, name: str) -> None:
    kafka = way(secured_kafka, name, tmp_path).connection
    await check(kafka)
    topic = "way-" + name.replace(" ", "-").lower()
    assert await ensure_topics(kafka, {topic: 2}, [], 1) == {topic: 2}
    watch = LogWatch(kafka)
    assert list((await watch.ends({topic: 2}) or {}).values()) == [0, 0]
    await watch.close()


def failures(cluster: KafkaCluster, folder: Path) -> dict[str, tuple[Way, tuple[str, ...]]]:
    """What is wrong → the settings, and what their error must say."""
    tls, mtls = way(cluster, "SSL", folder), way(cluster, "MTLS", folder)
    plain, scram = way(cluster, "PLAIN", folder), way(cluster, "SCRAM-SHA-512", folder)
    bare, bearer = way(cluster, "bare SCRAM", folder), way(cluster, "OAUTHBEARER", folder)
    nothing = Way(cluster.bootstrap, {})
    other_ca = str(cluster.certificates.other_ca)
    refused = ("refused user", "wrong user name or password", "DASPREP_KAFKA_PASSWORD")
    return {
        "wrong password": (scram.but(password=CANARY), ("'lab' (SCRAM-SHA-512)", *refused)),
        "wrong password, PLAIN": (plain.but(password=CANARY), ("'lab' (PLAIN)", *refused)),
        "unknown user": (scram.but(username="eve", password=CANARY), ("user 'eve'", *refused)),
        "wrong CA": (tls.but(ca_file=other_ca), ("was not signed by", other_ca, "--tls-ca")),
        "no CA": (tls.but(ca_file=None), ("an authority that this machine trusts", "ca_file")),
        "no client certificate": (
            mtls.but(cert_file=None, key_file=None),
            ("asks for a client certificate", "--tls-cert"),
        ),
        "expired token": (
            bearer.but(token_file=str(token_file(folder, -3 * 3600))),
            ("refused the token: it expired 3 h ago",),
        ),
        "no token": (bearer.but(token_file=str(folder / "none")), ("cannot be read",)),
        "TLS to a plain port": (tls.at(cluster.bootstrap), ("does not speak TLS", "PLAINTEXT")),
        "login to a plain port": (bare.at(cluster.bootstrap), ("asks for no login",)),
        "no TLS to a TLS port": (nothing.at(tls.bootstrap), ("speaks TLS", '"SSL"')),
        "login without TLS to a TLS port": (
            bare.at(scram.bootstrap),
            ("speaks TLS", "--security-protocol SASL_SSL"),
        ),
        "no login where one is wanted": (
            nothing.at(bare.bootstrap),
            ("asks for a login (SASL)", "SCRAM-SHA-512"),
        ),
        "wrong mechanism": (
            bare.but(mechanism="PLAIN", password=CANARY),
            ("does not know mechanism PLAIN", "It offers", "SCRAM-SHA-256", "--sasl-mechanism"),
        ),
    }


NAMES = (
    "wrong password", "wrong password, PLAIN", "unknown user", "wrong CA", "no CA",
    "no client certificate", "expired token", "no token", "TLS to a plain port",
    "login to a plain port", "no TLS to a TLS port", "login without TLS to a TLS port",
    "no login where one is wanted", "wrong mechanism",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_each_failure_has_one_clear_text(
    secured_kafka: KafkaCluster, tmp_path: Path, name: str
) -> None:
    cases = failures(secured_kafka, tmp_path)
    assert set(cases) == set(NAMES)
    found, parts = cases[name]
    with pytest.raises(BrokerError) as error:
        await check(found.connection)
    said = str(error.value)
    assert all(part in said for part in parts), said
    assert said.endswith(".") and "\n" not in said
    assert CANARY not in said and "eyJ" not in said, "neither password nor token"


ON_THE_COMMAND_LINE = ("wrong password", "wrong CA", "expired token")


def test_a_run_ends_with_this_text_and_exit_code_2(
    secured_kafka: KafkaCluster, tmp_path: Path
) -> None:
    cases = failures(secured_kafka, tmp_path)

    def run(name: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / name
        folder.mkdir()
        given = cases[name][0].environment()
        return dasprep("run", "--duration", "1s", folder=folder, environment=given)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, done in zip(ON_THE_COMMAND_LINE, pool.map(run, ON_THE_COMMAND_LINE), strict=True):
            assert done.returncode == 2, done.stderr
            said = [line for line in done.stderr.splitlines() if line.startswith("dasprep-tui: ")]
            assert len(said) == 1 and all(part in said[0] for part in cases[name][1]), done.stderr
            for never in ("Traceback", CANARY, "eyJ"):
                assert never not in done.stderr + done.stdout


@contextlib.asynccontextmanager
async def forwarded(host: str, to: str) -> AsyncIterator[str]:
    """The same broker under another address of this machine."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(*to.split(":"))
        await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))

    try:
        server = await asyncio.start_server(serve, host, 0)
    except OSError:
        pytest.skip(f"this machine has no address {host}")
    try:
        yield f"{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_a_certificate_for_another_host(secured_kafka: KafkaCluster, tmp_path: Path) -> None:
    tls = way(secured_kafka, "SSL", tmp_path)
    async with forwarded("127.0.0.2", tls.bootstrap.split(",")[0]) as address:
        with pytest.raises(BrokerError) as error:
            await check(tls.at(address).connection)
        said = str(error.value)
        assert address in said and "is for another host" in said and "check_hostname" in said
        await check(tls.at(address).but(check_hostname=False).connection)


async def test_a_wrong_password_is_sent_to_one_node_once(
    secured_kafka: KafkaCluster, tmp_path: Path
) -> None:
    """Three addresses are given; the others would refuse as well, and accounts get locked."""
    scram = way(secured_kafka, "SCRAM-SHA-256", tmp_path).but(password=CANARY)
    assert scram.bootstrap.count(",") == 2
    with pytest.raises(BrokerError) as error:
        await check(scram.connection)
    assert str(error.value).count("refused user") == 1
    assert scram.bootstrap.split(",")[0] in str(error.value)
