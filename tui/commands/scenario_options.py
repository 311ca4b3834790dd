"""What `dasprep-tui scenario` takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from tui.options import Help, add_kafka_options

EXAMPLES: Final = """\
A tape is a YAML file that starts a lab, presses keys, changes settings, plants trouble, waits for
what must come of it, and tells a story meanwhile. It is played on a real lab, in real time, and
fails with the step and what it saw when something does not come out. docs/tapes.md teaches how to
write one; these ship:

  dasprep-tui scenario list

examples:
  dasprep-tui scenario run hot_shard           without a terminal; a line a step on standard error
  dasprep-tui scenario run tour --live         watch it here, with captions below the screen
  dasprep-tui scenario run my.yaml --dry-run   only check it: everything that is wrong, with lines
  dasprep-tui scenario run split --verify --json -
                                               at last hold the store against the whole log
  dasprep-tui scenario show split > my.yaml    begin one of your own with one that ships
  dasprep-tui scenario metrics                 what conditions and captions can ask for

Exit code 0: the tape came out; 1: a step failed, or --verify found something lost or wrong; 2: the
tape is wrong, or the lab cannot start; 128+n: ended by signal n."""

_RUN: Final = """\
Plays a tape on a lab of its own with the embedded broker, in a temporary folder that is removed
afterwards. The tape says what lab that is; only where it runs is said here."""


def add_scenario(parser: argparse.ArgumentParser) -> None:
    """The parsers of the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    run = actions.add_parser(
        "run", help="play a tape on a lab", description=_RUN, formatter_class=Help
    )
    run.add_argument("tape", metavar="TAPE", help="a file, or the name of one that ships")
    run.add_argument("--dry-run", action="store_true", help="check the tape, and play nothing")
    run.add_argument(
        "--live", action="store_true", help="in this terminal, with captions below the screen"
    )
    run.add_argument(
        "--stay", action="store_true", help="with --live: do not leave at the tape's end"
    )
    run.add_argument(
        "--language", default="en", metavar="L",
        help="of the captions, where the tape has it: en, de, ... (en)",
    )  # fmt: skip
    run.add_argument(
        "--verify", action="store_true",
        help="at the end recompute the truth from the log and compare",
    )  # fmt: skip
    run.add_argument(
        "--json", metavar="FILE", help="write what came of it as JSON; - is standard output"
    )
    run.add_argument(
        "--attach", action="store_true",
        help="play it on a lab that runs already (of --data-dir, or the newest), as it is",
    )  # fmt: skip
    run.add_argument(
        "--data-dir", type=Path, metavar="D", help="keep the lab's data there afterwards"
    )
    run.add_argument(
        "--bootstrap", metavar="HOST:PORT", help="another Kafka instead of the embedded broker"
    )
    run.add_argument("--topic-prefix", metavar="TEXT", help="put this before each topic's name")
    run.add_argument("--replication", type=int, metavar="N", help="replicas of new topics")
    run.add_argument(
        "--config", type=Path, metavar="FILE",
        help="settings file for [kafka] (dasprep.toml, if there is one)",
    )  # fmt: skip
    add_kafka_options(run)
    for name, text in (
        ("list", "the tapes that ship, with their stories"),
        ("metrics", "what conditions and captions can ask for"),
    ):
        actions.add_parser(name, help=text, description=text, formatter_class=Help)
    show = actions.add_parser(
        "show", help="print a tape", description="Print a tape.", formatter_class=Help
    )
    show.add_argument("tape", metavar="NAME", help="one that ships, or a file")
