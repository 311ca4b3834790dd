"""`dasprep-tui` and `dasprep-tui attach`: the screen over a lab of its own, or a running one."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from streaming.declarations.errors import DeclarationsError
from streaming.lab import paths
from streaming.lab.client import AttachedLab, LocalLab
from streaming.lab.link import LabError, LabLink
from streaming.lab.loading import load
from streaming.lab.sources import SettingsError
from tui.commands.common import choose_root, find_root, lab_declarations
from tui.options import fail, overrides, warn
from tui.preferences import Choice, choose, settings_path


def main(options: argparse.Namespace) -> int:
    """Open the screen, or tell of the lab as lines; returns the exit code."""
    from tui.guard import die_with, guarded, has_terminal, in_browser

    plain = getattr(options, "plain", False)
    if not plain and not has_terminal():
        return fail(
            "the screen needs a terminal, and standard input or output is none. "
            "Use `dasprep-tui --plain` to watch the lab as lines of text, or `dasprep-tui run`."
        )
    if in_browser():
        die_with(os.getppid())
    try:
        choice = chosen(options)
        link = _link(options, choice)
    except (SettingsError, DeclarationsError, LabError, OSError) as error:
        return fail(str(error))
    if plain:
        return _plain(link, choice)

    def screen() -> int:
        from tui.app import run_app

        return run_app(link, choice=choice)

    return guarded(screen)


def _link(options: argparse.Namespace, choice: Choice) -> Callable[[], LabLink]:
    """What joins the running lab, or starts one. Raises what is wrong with settings or folder."""
    if options.attach:
        running = find_root(options.data_dir)
        if not paths.is_running(running):
            raise LabError(
                f"no lab is running in {running}. Start one with `dasprep-tui`, or name the "
                "running lab's folder with --data-dir."
            )
        return lambda: AttachedLab(running)
    given = overrides(options)
    if given["limits"] == "on":
        given["limits"] = choice.preferences.limits
    settings = load(getattr(options, "config", None), given, say=warn)
    windows = lab_declarations(options)
    root = choose_root(settings.data_dir)
    return lambda: LocalLab(settings, root, 0.0, windows)


def chosen(options: argparse.Namespace) -> Choice:
    """What the viewer wants of the screens. Raises SettingsError."""
    given = {name: getattr(options, name, None) for name in ("theme", "hz", "ascii")}
    return choose(settings_path(), os.environ, given)


def _plain(link: Callable[[], LabLink], choice: Choice) -> int:
    """Tell of the lab as lines; returns the exit code."""
    from tui.plain import run_plain

    for text in choice.warnings:
        warn(text)
    try:
        return run_plain(link(), ascii=choice.preferences.ascii)
    except LabError as error:
        return fail(str(error))
