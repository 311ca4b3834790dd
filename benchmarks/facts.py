"""What the figures depend on: the machine, how busy it is, and the versions."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import Final

LIBRARIES: Final = (
    "aiokafka", "confluent-kafka", "duckdb", "datasketches", "numpy", "msgspec", "pyarrow", "faker",
)  # fmt: skip


def load() -> str:
    """The load averages of the last 1, 5 and 15 minutes, where the system keeps them."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def version(library: str) -> str:
    """The installed version, "-" when there is none."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "-"


def facts() -> dict[str, str]:
    """Everything for the header."""
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "python": f"{platform.python_implementation()} {sys.version.split()[0]}",
        "load before": load(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }
