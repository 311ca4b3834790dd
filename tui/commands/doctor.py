"""`dasprep-tui doctor`: whether a lab can run here, and what the broker can do."""

from __future__ import annotations

import argparse
import asyncio
import locale
import os
import shutil
import sys
from typing import Final

import msgspec

from streaming.broker.connection import Connection
from streaming.lab import doctor
from streaming.lab.doctor import Finding
from streaming.lab.loading import load
from streaming.lab.settings import LabSettings
from streaming.lab.sources import SettingsError
from tui.options import overrides, warn
from tui.safe import safe

WORDS: Final = {"ok": "ok  ", "note": "note", "bad": "BAD "}
SMALL: Final = (80, 24)
LONGEST: Final = 400


def main(options: argparse.Namespace) -> int:
    """Look at everything and say it; 0 when a lab can run, 1 when it cannot."""
    found: list[Finding] = []

    def say(finding: Finding) -> None:
        found.append(finding)
        if not options.json:
            _print(finding)

    for finding in [*doctor.versions(), *doctor.surprises(), *_terminal()]:
        say(finding)
    try:
        settings = load(getattr(options, "config", None), overrides(options), say=warn)
    except SettingsError as error:
        say(Finding("settings", "bad", str(error)))
    else:
        for finding in doctor.data_directory(settings.data_dir):
            say(finding)
        asyncio.run(_broker(settings, say))
    bad = [finding for finding in found if finding.level == "bad"]
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    elif bad:
        print(f"\nA lab cannot run like this: {len(bad)} thing{'s' * (len(bad) > 1)} to mend.")
    else:
        print("\nA lab can run here: dasprep-tui")
    return 1 if bad else 0


async def _broker(settings: LabSettings, say: doctor.Say) -> None:
    kafka = Connection(settings.bootstrap, settings.kafka) if settings.bootstrap else None
    async for finding in doctor.broker(kafka):
        say(finding)


def _terminal() -> list[Finding]:
    """What the screen would find; without a terminal `--plain` still works."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return [
            Finding(
                "terminal",
                "note",
                "standard input or output is no terminal",
                "The screen needs one; `dasprep-tui --plain` does not.",
            )
        ]
    columns, lines = shutil.get_terminal_size()
    name = os.environ.get("TERM", "")
    found = [Finding("terminal", "ok", f"{name or 'unnamed'}, {columns}x{lines}")]
    if columns < SMALL[0] or lines < SMALL[1]:
        found.append(
            Finding("terminal", "note", f"smaller than {SMALL[0]}x{SMALL[1]}", "Make it larger.")
        )
    encoding = (sys.stdout.encoding or locale.getpreferredencoding()).lower()
    if "utf" not in encoding:
        found.append(
            Finding("terminal", "note", f"its encoding is {encoding}", "Use --ascii, or UTF-8.")
        )
    if os.environ.get("NO_COLOR"):
        found.append(Finding("terminal", "note", "NO_COLOR is set: the screen has no colours"))
    return found


def _print(finding: Finding) -> None:
    line = f"{WORDS[finding.level]}  {finding.area:<9} {safe(finding.text, LONGEST)}"
    print(line, flush=True)
    if finding.todo:
        print(f"{'':16}→ {safe(finding.todo, LONGEST)}", flush=True)
