"""One node of a cluster: its settings, its process, and whether it answers."""

from __future__ import annotations

import random
import shutil
import socket
import struct
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from kafka_guard import Guard
from kafka_jars import java
from kafka_security import LISTENERS

CONTROLLER = "CONTROLLER"
# Below the ports that systems give to outgoing connections: a node that was killed finds its own
# ports free again.
PORTS = range(15_000, 32_000)
_END_S = 30


def jvm(jars: Path, heap: str, *arguments: str) -> list[str]:
    """The command line of a Java program in these jars, tuned for a quick start."""
    options = [f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
    log = "-Dorg.slf4j.simpleLogger."
    options += [f"{log}defaultLogLevel=warn", f"{log}showDateTime=true"]
    options += [f"{log}dateTimeFormat=HH:mm:ss.SSS", "-Djava.awt.headless=true"]
    return [java(), *options, "-cp", f"{jars}/*", *arguments]


def random_id() -> str:
    """A Kafka Uuid: 16 random bytes in base64url, not beginning with a dash."""
    while (text := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address nobody listens on, all different."""
    held: list[socket.socket] = []
    try:
        for port in random.sample(PORTS, len(PORTS)):
            one = socket.socket()
            held.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                held.pop().close()
            if len(held) == count:
                break
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


class Node:
    """A broker and controller in one process. `ports` is listener name to port."""

    def __init__(self, number: int, folder: Path, jars: Path, heap: str) -> None:
        self.number = number
        listeners = (*LISTENERS, CONTROLLER)
        self.ports = dict(zip(listeners, free_ports(len(listeners)), strict=True))
        self.data = folder / f"data-{number}"
        self.settings = folder / f"server-{number}.properties"
        self.log = folder / f"node-{number}.log"
        self._command = jvm(jars, heap, "kafka.Kafka", str(self.settings))
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, listener: str) -> str:
        return f"127.0.0.1:{self.ports[listener]}"

    def configure(self, quorum: str, properties: dict[str, str]) -> None:
        """Write its server.properties; `quorum` is the value of controller.quorum.voters."""
        protocols = {CONTROLLER: "PLAINTEXT", **LISTENERS}
        own = {
            "node.id": str(self.number),
            "process.roles": "broker,controller",
            "controller.quorum.voters": quorum,
            "controller.listener.names": CONTROLLER,
            "inter.broker.listener.name": "PLAINTEXT",
            "listeners": ",".join(f"{name}://{self.address(name)}" for name in self.ports),
            "advertised.listeners": ",".join(
                f"{name}://{self.address(name)}" for name in LISTENERS
            ),
            "listener.security.protocol.map": ",".join(map(":".join, protocols.items())),
            "broker.rack": f"zone-{self.number}",
            "log.dirs": str(self.data),
        }
        lines = [f"{name}={value}\n" for name, value in (own | properties).items()]
        self.settings.write_text("".join(lines))

    def format_like(self, first: Node) -> None:
        """Take over what the format tool wrote for another node; saves a start of Java."""
        shutil.copytree(first.data, self.data)
        meta = self.data / "meta.properties"
        ids = {"node.id": str(self.number), "directory.id": random_id()}
        lines = (line.partition("=")[::2] for line in meta.read_text().splitlines())
        meta.write_text("".join(f"{name}={ids.get(name, old)}\n" for name, old in lines))

    def start(self, guard: Guard) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        guard.started(self._process.pid)

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running else None

    def end(self, guard: Guard, *, gently: bool) -> None:
        """SIGKILL, or SIGTERM: then it hands its leaderships over first."""
        if self._process is None:
            return
        if gently:
            self._process.terminate()
        else:
            self._process.kill()
        self._process.wait(_END_S)
        guard.ended(self._process.pid)

    def brokers(self) -> int:
        """How many brokers it sees in the cluster; 0 while it does not answer."""
        # Metadata (key 3) version 1, no client id, an empty list of topics.
        request = struct.pack(">ihhihi", 14, 3, 1, 0, -1, 0)
        try:
            with socket.create_connection(("127.0.0.1", self.ports["PLAINTEXT"]), 2) as line:
                line.sendall(request)
                answer = line.makefile("rb").read(12)
                return struct.unpack(">iii", answer)[2]
        except (OSError, struct.error):
            return 0

    def log_tail(self) -> str:
        """The last words of a node, for an error message."""
        return "".join(self.log.read_text(errors="replace").splitlines(keepends=True)[-12:])
