"""kaskade beside this project's packages: fetched once into the user's cache, not pinned with them.

It brings some thirty packages that only one test needs, so they are no part of what users install.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from kafka_jars import CACHE

PINS = Path(__file__).with_name("kaskade.txt")
FETCH_LIMIT_S = 100  # below the time limit of one test


class KaskadeUnavailable(Exception):
    """kaskade cannot be had on this machine; the text says why."""


def folder() -> Path:
    """A folder for PYTHONPATH from which kaskade is imported. Raises KaskadeUnavailable."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ready = CACHE / f"kaskade-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:16]}-{version}"
    if not ready.is_dir():
        _fetch(ready)
    return ready


def _fetch(ready: Path) -> None:
    ready.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ready.parent, prefix="fetching-") as temporary:
        target = Path(temporary) / "kaskade"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        command += ["--only-binary", ":all:", "--disable-pip-version-check"]
        command += ["--target", str(target), "--requirement", str(PINS)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_LIMIT_S)
        except (OSError, subprocess.SubprocessError) as error:
            raise KaskadeUnavailable(f"kaskade was not installed: {error}") from error
        if done.returncode != 0:
            raise KaskadeUnavailable(f"kaskade was not installed: {done.stderr.strip()[-300:]}")
        # Another process may have been faster; its packages are the same.
        with contextlib.suppress(OSError):
            target.rename(ready)
