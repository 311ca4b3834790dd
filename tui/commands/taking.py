"""Plays a tape on a lab of its own and takes it down as a trace."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

from tui.commands.scenario import interruptible, lab_link, report, say
from tui.recording.hand import header_of
from tui.recording.tee import TeeLink
from tui.recording.writing import TraceWriter
from tui.tapes.playing import play_headless
from tui.tapes.tape import Tape


def take_down(tape: Tape, options: argparse.Namespace, path: Path) -> int:
    """Play the tape; returns the exit code. There is a trace if that is 0, and nothing if not.

    Raises SettingsError, LabError and OSError. What of the lab's folder is told on the screens is
    not in the trace: traces and films are for others.
    """
    with lab_link(tape, options) as make_link:
        link = make_link()
        root = getattr(link, "root", None)
        record = tape.record
        header = header_of(tape.title, record.size, record.hz, record.theme, False, {}, time.time)
        private = {} if root is None else {str(root): "a folder of its own"}
        writer = TraceWriter(path, header, time.monotonic, private)
        tee = TeeLink(link, writer)
        try:
            say(tape.heading)
            code = asyncio.run(
                interruptible(
                    lambda: play_headless(tape, tee, writer, say),
                    lambda played: report(played[0], played[1], None),
                )
            )
            if tee.failed is not None:
                raise tee.failed
            if not code:
                writer.close()
            return code
        finally:
            if not writer.closed:
                writer.discard()
