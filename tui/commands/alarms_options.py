"""What `dasprep-tui alarms` takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from tui.options import Help, positive, time_or_zero

EXAMPLES: Final = """\
Alarms as CloudWatch defines them, over the lab's metrics (wall clock), over declared windows and
over detectors (event time). dasprep.toml declares them below [[alarms]], detectors below
[[detectors]]; without them those that ship are there. docs/alarms.md tells all of it.

examples:
  dasprep-tui alarms list                      states of the running lab, those in ALARM first
  dasprep-tui alarms history                   what changed when, of the running or newest lab
  dasprep-tui alarms detectors                 what detectors see, and why
  dasprep-tui alarms ack anomaly declines      say that somebody knows of it
  dasprep-tui alarms suppress sudden --for 30m no bell and no other action for half an hour
  dasprep-tui alarms suppress sudden --for 0s  its actions are on again
  dasprep-tui alarms check dasprep.toml        whether a file's detectors and alarms can be

Exit code 0: done; 1: the lab refused, and says why; 2: wrong usage or file, or no running lab."""


def add_alarms(parser: argparse.ArgumentParser) -> None:
    """The parsers of the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (
        ("list", "the alarms of the running lab"),
        ("detectors", "the detectors of the running lab"),
        ("history", "the newest changes of alarms' states"),
        ("ack", "acknowledge an alarm that is in ALARM"),
        ("suppress", "switch an alarm's actions off for a while"),
        ("check", "read a file's detectors and alarms and say what is wrong with them"),
    ):
        action = actions.add_parser(name, help=text, description=text, formatter_class=Help)
        if name == "check":
            action.add_argument("file", type=Path, metavar="FILE", help="TOML with [[alarms]]")
            continue
        if name in ("ack", "suppress"):
            action.add_argument("alarm", metavar="ALARM", help="its name")
            action.add_argument(
                "key", metavar="KEY", nargs="?", default="*", help="of this key (default: of all)"
            )
        if name == "suppress":
            action.add_argument(
                "--for", dest="seconds", type=time_or_zero, default=600.0, metavar="TIME",
                help="how long (default: 10m); 0s ends it",
            )  # fmt: skip
        if name == "history":
            action.add_argument(
                "--last", type=positive, default=30, metavar="N", help="changes (default: 30)"
            )
        action.add_argument(
            "--data-dir", type=Path, metavar="D",
            help="the lab's folder (default: the running or newest lab)",
        )  # fmt: skip
