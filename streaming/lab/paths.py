"""Where a lab keeps its things, and how others find it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from streaming import platform

KEPT_RUNS: Final = 3
LOCK: Final = "lab.lock"
_SOCKETS: Final = "lab-"


class LabPaths:
    """The files of one lab below its data directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "lab.duckdb"
        self.broker = root / "broker"
        self.logs = root / "logs"
        self.lock = root / LOCK
        self.card = root / "lab.json"


class Card(msgspec.Struct, frozen=True):
    """What a running lab leaves in its data directory for those who want to join it."""

    pid: int
    engine: str


def write_card(paths: LabPaths, card: Card) -> None:
    """Leave the card, whole or not at all."""
    draft = paths.card.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(card))
    draft.replace(paths.card)


def read_card(root: Path) -> Card | None:
    """The card of the lab in this directory, running or not; None when there is none."""
    try:
        return msgspec.json.decode(LabPaths(root).card.read_bytes(), type=Card)
    except (OSError, msgspec.MsgspecError):
        return None


def is_running(root: Path) -> bool:
    """Whether some process holds the lab's lock."""
    path = LabPaths(root).lock
    if not path.exists():
        return False
    try:
        with path.open("a+", encoding="utf-8") as probe:
            platform.try_lock(probe)
    except OSError:
        return True
    return False


def runs_home() -> Path:
    """The folder of the labs that were started without a data directory of their own."""
    return platform.data_home() / "runs"


def new_run() -> Path:
    """A fresh data directory; older ones beyond the last few are deleted unless they run."""
    home = runs_home()
    home.mkdir(parents=True, exist_ok=True)
    for old in sorted(home.iterdir())[: -(KEPT_RUNS - 1) or None]:
        if old.is_dir() and not is_running(old):
            shutil.rmtree(old, ignore_errors=True)
    # UTC, so that names sort by age when the clocks go back.
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    for number in range(1000):
        root = home / f"{stamp}-{os.getpid()}{f'-{number}' if number else ''}"
        with contextlib.suppress(FileExistsError):
            root.mkdir()
            return root
    raise FileExistsError(f"{home} holds a thousand labs of this second")


def latest_run() -> Path | None:
    """The newest data directory made by `new_run`, running ones first."""
    home = runs_home()
    if not home.is_dir():
        return None
    runs = [root for root in sorted(home.iterdir(), reverse=True) if LabPaths(root).store.exists()]
    return next((root for root in runs if is_running(root)), runs[0] if runs else None)


def new_socket_dir() -> Path:
    """A folder for this process's socket that only its user may enter. Raises OSError."""
    return Path(tempfile.mkdtemp(prefix=f"{_SOCKETS}{os.getpid()}-", dir=platform.runtime_home()))


def sweep_sockets() -> None:
    """Remove the socket folders of engines that were killed and could not do it themselves."""
    import psutil

    with contextlib.suppress(OSError):
        for folder in platform.runtime_home().glob(f"{_SOCKETS}*-*"):
            pid = folder.name.removeprefix(_SOCKETS).partition("-")[0]
            if pid.isdigit() and not psutil.pid_exists(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)
