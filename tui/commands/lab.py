"""`dasprep-tui` and `dasprep-tui attach`: the screen over a lab of its own, or a running one."""

from __future__ import annotations

import argparse
import os

from streaming.declarations.file import DeclarationsError
from streaming.lab import paths
from streaming.lab.client import AttachedLab, LocalLab
from streaming.lab.link import LabLink
from streaming.lab.settings import load
from streaming.lab.sources import SettingsError
from tui.commands.common import choose_root, find_root, lab_declarations
from tui.options import fail, overrides, warn
from tui.preferences import Choice, choose, settings_path


def main(options: argparse.Namespace) -> int:
    """Open the screen; returns the exit code."""
    from tui.guard import guarded, has_terminal

    if not has_terminal():
        return fail(
            "the screen needs a terminal, and standard input or output is none. "
            "Use `dasprep-tui run --plain` to run the lab without one."
        )
    try:
        choice = chosen(options)
        if options.attach:
            root = find_root(options.data_dir)
            if not paths.is_running(root):
                return fail(
                    f"no lab is running in {root}. Start one with `dasprep-tui`, or name the "
                    "running lab's folder with --data-dir."
                )
        else:
            given = overrides(options)
            if given["limits"] == "on":
                given["limits"] = choice.preferences.limits
            settings = load(getattr(options, "config", None), given, say=warn)
            windows = lab_declarations(options)
            root = choose_root(settings.data_dir)
    except (SettingsError, DeclarationsError, FileNotFoundError, OSError) as error:
        return fail(str(error))

    def link() -> LabLink:
        return AttachedLab(root) if options.attach else LocalLab(settings, root, 0.0, windows)

    def screen() -> int:
        from tui.app import run_app

        return run_app(link, choice=choice)

    return guarded(screen)


def chosen(options: argparse.Namespace) -> Choice:
    """What the viewer wants of the screens. Raises SettingsError."""
    given = {name: getattr(options, name, None) for name in ("theme", "hz", "ascii")}
    return choose(settings_path(), os.environ, given)
