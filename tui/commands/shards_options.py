"""What `dasprep-tui shards` takes: one parser for each action."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tui.options import Help, positive

EXAMPLES: Final = """\
A lab that runs with --view kinesis has streams whose shards are ranges of hash keys. They can be
listed, split, merged and scaled while records flow, as the service does it and with the service's
own refusals. `list` and `key` also work on a lab that sees Kafka partitions.
Every change of a stream begins a new epoch, and nothing is lost on the way. docs/shards.md tells
all of it.

examples:
  dasprep-tui --view kinesis --limits on --rate 3500
                                               a lab to try it on; then, in a second terminal:
  dasprep-tui shards list --stream clicks      ranges, states, parents, load and lag of its shards
  dasprep-tui shards split clicks 0            where what it carries halves
  dasprep-tui shards merge clicks 4 5          neighbours, the lower range first
  dasprep-tui shards update-count clicks 8     as UpdateShardCount does it
  dasprep-tui shards key clicks country        another key from now on
  dasprep-tui shards limits course             what a shard takes
  dasprep-tui shards aggregate on              many records travel as one, as the KPL packs them
  dasprep-tui shards collect off               each record by a call of its own, as PutRecord
  dasprep-tui shards parents-first off         see what the order of reading is good for

A shard is given by its number or its name: 3 or shardId-000000000003. Exit code 0: done; 1: the
lab refused, and says why; 2: wrong usage, or no running lab."""

_LIST: Final = """\
One line a shard: those that take records, and closed ones until some time after they were read to
their ends. A Kafka partition has no range, parents or limits. `-` is not known. `--json` writes a
list of objects, one a shard; docs/shards.md explains each field.

examples:
  dasprep-tui shards list
  dasprep-tui shards list --stream clicks
  dasprep-tui shards list --json"""

_SPLIT: Final = """\
Closes the shard; two new ones share its range. Without --at the lab reads the stream's newest
records and splits where what the shard carries halves, as nearly as its keys allow.

examples:
  dasprep-tui shards split clicks 0
  dasprep-tui shards split clicks shardId-000000000003
  dasprep-tui shards split clicks 0 --at 42535295865117307932921825928971026432"""

_MERGE: Final = """\
Closes both shards; a new one takes both ranges. The range of OTHER has to begin where that of
SHARD ends: `dasprep-tui shards list` shows the ranges.

example:
  dasprep-tui shards merge clicks 4 5"""

_UPDATE_COUNT: Final = """\
Scales the stream to N open shards by splits and merges, at most to double and at least to half of
what it has now, as UpdateShardCount does by default.

example:
  dasprep-tui shards update-count clicks 8"""

_KEY: Final = """\
Gives the stream another key from now on, and with --shards another number of shards (Kafka
partitions only become more). docs/keys.md says what each key keeps and loses.

examples:
  dasprep-tui shards key clicks country
  dasprep-tui shards key clicks customer_id+salt8 --shards 8"""

_LIMITS: Final = """\
What a shard takes from now on, for all streams: everything (off), or 1,000 records or 1 MiB a
second, whichever is reached first (on, or today); course has the 1,000,000 bytes that courses
teach.

examples:
  dasprep-tui shards limits on
  dasprep-tui shards limits off"""

_READING: Final = """\
Of streams with limits: 5 reads and 2 MiB a second of each shard are shared by the N applications
that poll it: this lab and N - 1 other processes, which only count what they read. With fan-out
(SubscribeToShard) the lab has 2 MiB a second of each shard for itself, whatever others read.

examples:
  dasprep-tui shards reading 5                 one of five that poll: one read a second each
  dasprep-tui shards reading 1                 alone
  dasprep-tui shards reading fan-out"""

_AGGREGATE: Final = """\
Whether the producer puts records together, for all streams: each alone (off), those of a shard in
one record of the log, as the KPL packs them (on, or kpl), or those of all shards (naive). Readers
drop a pack with a record of another shard: its records become dead letters (outside_shard).

examples:
  dasprep-tui shards aggregate on
  dasprep-tui shards aggregate naive           what happens to packs of several shards
  dasprep-tui shards aggregate off"""

_COLLECT: Final = """\
Whether the producer puts up to 500 records of all shards by one call (on, PutRecords), for which
a record waits at most 100 ms (buffer_ms), or each by a call of its own (off, PutRecord). For all
streams; a call is one request to the broker. `dasprep-tui shards list` tells how many there are.

examples:
  dasprep-tui shards collect off
  dasprep-tui shards collect on"""

_PARENTS: Final = """\
Whether a shard is read only after the shards it came from are stored to their ends (on, as the
lab starts). With off, a split or merge may bring records of a key out of order; the epoch's
inversions count them.

examples:
  dasprep-tui shards parents-first off
  dasprep-tui shards parents-first on"""


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Every action of the command."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)

    def add(name: str, text: str, epilog: str) -> argparse.ArgumentParser:
        return actions.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", epilog=epilog,
            formatter_class=Help,
        )  # fmt: skip

    listing = add("list", "show the shards of each stream", _LIST)
    listing.add_argument("--stream", metavar="NAME", help="only of this one (default: all)")
    listing.add_argument("--json", action="store_true", help="the rows as JSON")

    split = add("split", "split a shard in two", _SPLIT)
    _positional(split, "stream", "shard")
    split.add_argument(
        "--at", type=_given, metavar="HASHKEY",
        help="where the upper one begins (default: where what it carries halves)",
    )  # fmt: skip

    _positional(add("merge", "merge two neighbours into one", _MERGE), "stream", "shard", "other")

    scale = add("update-count", "scale a stream to a number of shards", _UPDATE_COUNT)
    _positional(scale, "stream", "count")

    key = add("key", "give a stream another key", _KEY)
    _positional(key, "stream", "key")
    key.add_argument(
        "--shards", dest="count", type=positive, metavar="N", help="and so many shards"
    )

    limits = add("limits", "say what a shard takes", _LIMITS)
    limits.add_argument("numbers", choices=("off", "on", "today", "course"))

    reading = add("reading", "say how shards are read where they have limits", _READING)
    reading.add_argument("how", type=_how, metavar="N|fan-out")

    aggregate = add("aggregate", "say how records are packed together", _AGGREGATE)
    aggregate.add_argument("packing", choices=("off", "on", "kpl", "naive"))

    collect = add("collect", "say whether many records are put by one call", _COLLECT)
    collect.add_argument("switch", choices=("on", "off"))

    parents = add("parents-first", "say whether parents are read before children", _PARENTS)
    parents.add_argument("switch", choices=("on", "off"))

    for action in actions.choices.values():
        action.add_argument(
            "--data-dir", type=Path, metavar="D", help="the lab's folder (default: the newest "
            "running lab)",
        )  # fmt: skip


def _how(text: str) -> int | str:
    """A number of applications that poll, or "fan-out"."""
    return text if text == "fan-out" else positive(text)


def shard_id(text: str) -> int:
    """A shard's number, of "3" or "shardId-000000000003"."""
    match = re.fullmatch(r"(?:shardId-)?([0-9]{1,12})", text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no shard; write its number or its name, 3 or shardId-000000000003"
        )
    return int(match[1])


def _given(text: str) -> str:
    """A hash key as the service will judge it; "" would mean that none was given."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty; leave --at out to let the lab choose")
    return text


_WORDS: Final[dict[str, tuple[Callable[[str], object], str]]] = {
    "stream": (str, "clicks, orders or access"),
    "shard": (shard_id, "its number or name"),
    "other": (shard_id, "the one whose range follows"),
    "count": (positive, "how many shards"),
    "key": (str, "a field, a template, with +salt8 ..., constant or none"),
}


def _positional(parser: argparse.ArgumentParser, *names: str) -> None:
    for name in names:
        kind, text = _WORDS[name]
        metavar = "N" if name == "count" else name.upper()
        parser.add_argument(name, type=kind, metavar=metavar, help=text)
