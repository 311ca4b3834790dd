"""The ways into a real cluster as the lab's own settings, and its command line under them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka_cluster import KafkaCluster
from kafka_security import unsigned_token
from streaming.broker.connection import Connection
from streaming.broker.security import Security


@dataclass(frozen=True)
class Way:
    """Addresses and the values of [kafka] for one way of connecting."""

    bootstrap: str
    values: dict[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> Way:
        """The same with some values changed; None takes one away."""
        values = {**self.values, **changes}
        return Way(self.bootstrap, {n: v for n, v in values.items() if v is not None})

    def at(self, bootstrap: str) -> Way:
        return Way(bootstrap, self.values)

    @property
    def connection(self) -> Connection:
        return Connection(self.bootstrap, Security.model_validate(self.values))

    def environment(self) -> dict[str, str]:
        """The same as a user's environment."""
        given = {f"DASPREP_KAFKA_{n.upper()}": str(v) for n, v in self.values.items()}
        return {"DASPREP_BOOTSTRAP": self.bootstrap, **given}


def way_of(cluster: KafkaCluster, name: str, folder: Path, *, tls: bool = True) -> Way:
    """A way that works."""
    found = cluster.security(name, tls=tls)
    values: dict[str, Any] = {"protocol": found.protocol, "mechanism": found.mechanism}
    if found.password:
        values |= {"username": found.user, "password": found.password}
    if name == "OAUTHBEARER":
        values["token_file"] = str(token_file(folder, 3600))
    files = {"ca_file": found.ca, "cert_file": found.certificate, "key_file": found.key}
    values |= {n: str(path) for n, path in files.items() if path}
    return Way(found.bootstrap, {n: v for n, v in values.items() if v is not None})


def token_file(folder: Path, lifetime_s: float) -> Path:
    path = folder / f"token-{lifetime_s:.0f}.jwt"
    path.write_text(unsigned_token(lifetime_s=lifetime_s))
    return path


def dasprep(
    *arguments: str, folder: Path, environment: dict[str, str], timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder of its own under this environment."""
    clean = {n: v for n, v in os.environ.items() if not n.startswith("DASPREP_")}
    home = {"XDG_DATA_HOME": str(folder / "home"), "HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *arguments],
        cwd=folder, env={**clean, **home, **environment}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
