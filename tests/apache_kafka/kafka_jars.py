"""Apache Kafka's jars and the Java that runs them: found, fetched once, kept in the cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import platformdirs

POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17  # Kafka 4's brokers need it (KIP-1013)
FETCH_LIMIT_S = 100  # below the time limit of one test
CACHE = Path(platformdirs.user_cache_dir("dasprep-tui", appauthor=False))


class KafkaUnavailable(Exception):
    """Apache Kafka cannot be had on this machine; the text says why and what would change it."""


@cache
def java() -> str:
    """The path of a Java that Kafka runs on. Raises KafkaUnavailable."""
    home = os.environ.get("JAVA_HOME")
    found = (home and shutil.which("java", path=Path(home) / "bin")) or shutil.which("java")
    if found is None:
        raise KafkaUnavailable(f"there is no java here; install Java {OLDEST_JAVA} or newer")
    try:
        told = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise KafkaUnavailable(f"{found} does not run ({error})") from error
    version = re.search(r'version "(\d+)', told.stderr)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise KafkaUnavailable(
            f"{found} is not Java {OLDEST_JAVA} or newer: {told.stderr.strip()[:120]}"
        )
    return found


def jars() -> Path:
    """The folder with the jars of `pom.xml`, fetched with Maven the first time.

    Raises KafkaUnavailable.
    """
    folder = CACHE / f"apache-kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:16]}"
    if not folder.is_dir():
        _fetch(folder)
    return folder


def version(folder: Path) -> str:
    """The version of Kafka in these jars, as Kafka itself reports it."""
    (clients,) = folder.glob("kafka-clients-*.jar")
    with zipfile.ZipFile(clients) as jar:
        told = jar.read("kafka/kafka-version.properties").decode()
    return next(line[8:] for line in told.splitlines() if line.startswith("version="))


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable("there is no mvn here; install Maven to fetch Apache Kafka's jars")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as temporary:
        ready = Path(temporary) / "jars"
        command = [maven, "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={ready}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_LIMIT_S)
        except (OSError, subprocess.SubprocessError) as error:
            raise KafkaUnavailable(f"Maven did not fetch Apache Kafka's jars: {error}") from error
        if done.returncode != 0:
            lines = [line for line in done.stdout.splitlines() if "ERROR" in line]
            raise KafkaUnavailable(
                "Maven could not fetch Apache Kafka's jars (is this machine offline?): "
                + " ".join(lines)[:400]
            )
        # Another process may have been faster; its jars are the same.
        with contextlib.suppress(OSError):
            ready.rename(folder)
