"""What several commands need: the data directory they are about."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from streaming.lab import paths
from streaming.lab.loading import CONFIG_FILE

if TYPE_CHECKING:
    from streaming.declarations.specification import Declarations


def lab_declarations(options: argparse.Namespace) -> Declarations | None:
    """What the file of a lab to start declares, None without one. Raises DeclarationsError."""
    named: Path | None = getattr(options, "config", None)
    here = Path(CONFIG_FILE)
    path = named or (here if here.is_file() else None)
    if path is None:
        return None
    from streaming.declarations.file import read_declarations

    return read_declarations(path)


def choose_root(data_dir: Path | None) -> Path:
    """The data directory of a lab to start: the one named, or a fresh one. Raises OSError."""
    if data_dir is not None:
        return data_dir.absolute()
    try:
        return paths.new_run()
    except OSError as error:
        raise OSError(
            f"No data directory can be made in {paths.runs_home()}: {error.strerror}. "
            "Name a folder you may write to with --data-dir."
        ) from error


def find_root(data_dir: Path | None) -> Path:
    """The data directory of a lab that is there already. Raises FileNotFoundError."""
    if data_dir is not None:
        if not paths.LabPaths(data_dir).store.exists():
            raise FileNotFoundError(
                f"There is no lab in {data_dir} (no file lab.duckdb). Check the folder given "
                "with --data-dir."
            )
        return data_dir.absolute()
    latest = paths.latest_run()
    if latest is None:
        raise FileNotFoundError(
            "There is no lab yet. Start one with `dasprep-tui` or `dasprep-tui run`, or name "
            "its folder with --data-dir."
        )
    return latest
