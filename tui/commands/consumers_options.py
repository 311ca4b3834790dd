"""What `dasprep-tui consumers` takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from streaming.lab.assignors import ASSIGNORS
from streaming.lab.consumer_commands import LEAST_PER_S, MOST_PER_S
from tui.options import Help

EXAMPLES: Final = """\
Consumers are the members of the lab's Kafka group: each is a process that reads the shards the
group gave it. A paused consumer stays a member: it keeps its shards, reads nothing, and their lag
grows. A killed one is gone: the group waits for its session to time out, then gives its shards to
others (a rebalance), and the lab starts it again. How many shards a rebalance stops depends on the
assignor: eager ones let go of all. docs/consumers.md tells all of it.

examples:
  dasprep-tui consumers list                   members, their shards and lag, the last rebalances
  dasprep-tui consumers list --json            the same for a program
  dasprep-tui consumers add                    one more member; see what moves
  dasprep-tui consumers pause c-1              it reads nothing, and stays a member
  dasprep-tui consumers resume c-1             it goes on; its shards' lag clears
  dasprep-tui consumers slow c-1 100           it reads at most 100 records/s
  dasprep-tui consumers slow c-1 off           it reads at full speed again
  dasprep-tui consumers kill c-1               SIGKILL; the lab starts it again after the rebalance
  dasprep-tui consumers remove c-1             it leaves the group and does not come back
  dasprep-tui consumers assignor cooperative-sticky   rebalances move only what changes hands

A consumer that is started again is neither paused nor slowed.

Exit code 0: done; 1: the lab refused, and says why; 2: wrong usage, or no running lab."""

ABOUT: Final = (
    "range: neighbours of each stream, eager",
    "roundrobin: one after the other, eager",
    "cooperative-sticky: as few moves as can be, and all the others are read on",
)

NAMED: Final = ("kill", "pause", "resume", "slow", "remove")


def add_consumers(parser: argparse.ArgumentParser) -> None:
    """The parsers of the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (
        ("list", "the members of the group and its last rebalances"),
        ("add", "start one more consumer"),
        ("kill", "SIGKILL a consumer; the lab starts it again"),
        ("pause", "let a consumer read nothing; it stays a member"),
        ("resume", "let a paused consumer go on"),
        ("slow", "let a consumer read at most so many records a second"),
        ("remove", "let a consumer leave the group for good"),
        ("assignor", "share the shards out another way: all members leave and come back"),
    ):
        action = actions.add_parser(name, help=text, description=text, formatter_class=Help)
        if name == "list":
            action.add_argument("--json", action="store_true", help="as JSON")
        if name in NAMED:
            action.add_argument("name", metavar="NAME", help="a consumer, such as c-1")
        if name == "assignor":
            action.add_argument("assignor", choices=ASSIGNORS, help="; ".join(ABOUT))
        if name == "slow":
            action.add_argument(
                "per_s", type=per_second, metavar="N", help="records a second; off is full speed"
            )
        action.add_argument(
            "--data-dir", type=Path, metavar="D",
            help="the lab's folder (default: the running or newest lab)",
        )  # fmt: skip


def per_second(text: str) -> float:
    """Records a second that a consumer may be slowed to, 0 for "off"."""
    if text == "off":
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not LEAST_PER_S <= value <= MOST_PER_S:
        raise argparse.ArgumentTypeError(
            f"must be off or a number from {LEAST_PER_S:g} to {MOST_PER_S:,.0f}"
        )
    return value
