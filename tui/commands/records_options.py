"""What `dasprep-tui records` takes."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

from tui.options import positive

EXAMPLES: Final = """\
Reads records of a running lab from its log, without joining the consumers' group: the newest, or
those from an offset or a time on, filtered by the engine while it reads. --path tells one record's
whole way: key, hash, shard, consumer, store, the windows that counted it, alarms over these.
docs/records.md tells all of it.

examples:
  dasprep-tui records                          the newest 20 of the first stream
  dasprep-tui records --stream orders --last 5 --json
                                               the newest 5 orders, as JSON
  dasprep-tui records --stream clicks --shard 3 --from 12000
                                               20 of shard 3 from offset 12,000 on
  dasprep-tui records --from -2m --filter "country=BR type=checkout"
                                               what was put since two minutes ago and matches
  dasprep-tui records --from 12:03:44 --last 100
                                               from a time of day on (local time)
  dasprep-tui records --path 3:12345           the path of the record at offset 12,345 of shard 3;
                                               3:12345:7 is record 7 of an aggregate

filters (all must hold): country=BR, country!=BR, shard=3, key=..., lines.0.quantity=2, or plain
text that is anywhere in value or key; "quotes" keep spaces together.

Exit code 0: done; 1: no record matched, or the lab could not read the log and says why; 2: wrong
usage, or no running lab."""


def add_records(parser: argparse.ArgumentParser) -> None:
    """The options."""
    # Argparse takes "-2m" for an option, unless it is told that it looks like a negative number.
    parser._negative_number_matcher = re.compile(r"-\d")
    add = parser.add_argument
    add("--stream", metavar="NAME", help="clicks, orders or access (default: the first there is)")
    add("--last", type=positive, default=20, metavar="N", help="how many records (default: 20)")
    add("--shard", type=number, metavar="N", help="of this shard only")
    add(
        "--from", dest="place", metavar="OFFSET|TIME",
        help="the oldest from there on: an offset (with --shard), 12:03:44, or -2m",
    )  # fmt: skip
    add("--filter", default="", metavar="TEXT", help="text, field=value or field!=value")
    add("--path", type=path, metavar="SHARD:OFFSET", help="the path of one record")
    add("--json", action="store_true", help="the answer as JSON on standard output")
    add(
        "--data-dir", type=Path, metavar="D",
        help="the lab's folder (default: the running or newest lab)",
    )  # fmt: skip


def number(text: str) -> int:
    """A whole number from 0."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def path(text: str) -> tuple[int, int, int]:
    """Shard, offset and number in an aggregate (0 where none is written)."""
    match = re.fullmatch(r"([0-9]{1,4})[:/]([0-9]{1,13})(?:[:.]([0-9]{1,4}))?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not SHARD:OFFSET, such as 3:12345")
    return int(match[1]), int(match[2]), int(match[3] or 0)
