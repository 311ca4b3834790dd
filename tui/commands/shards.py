"""`dasprep-tui shards`: the shards of a running lab, listed and changed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Final

import msgspec

from streaming.lab.commands import (
    Command,
    MergeShards,
    ReadParentsFirst,
    SetAggregation,
    SetCollection,
    SetLimits,
    SetReading,
    SplitShard,
    SwitchKey,
    UpdateShardCount,
)
from streaming.lab.link import LabError
from streaming.lab.snapshot import LabSnapshot
from tui.commands.common import find_root
from tui.commands.running import ask, look
from tui.commands.shards_table import applications, rows_of, table
from tui.options import fail
from tui.safe import safe_lines

_REFUSED: Final = 1


def main(options: argparse.Namespace) -> int:
    """List or change; 0 when done, 1 when the lab refused, 2 when no lab can be asked."""
    for name in ("stream", "key", "at"):
        if not _is_utf8(getattr(options, name, None) or ""):
            return fail(
                f"SerializationException: the {name} is not UTF-8, which names and partition keys "
                "are. Look at the terminal's encoding (LANG)."
            )
    try:
        root = find_root(options.data_dir)
        if options.action == "list":
            return _list(asyncio.run(look(root)), options)
        reply = asyncio.run(ask(root, command_of(options)))
    except (FileNotFoundError, LabError) as error:
        return fail(str(error))
    if reply.lost:
        return fail(
            "the lab ended before it could answer: whether this was done is not known. "
            "`dasprep-tui shards list` shows how the shards are.",
            _REFUSED,
        )
    if not reply.ok:
        return fail(reply.text, _REFUSED)
    print(safe_lines(reply.text))
    return 0


def _is_utf8(text: str) -> bool:
    """Bytes of the command line that are no UTF-8 come as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def command_of(options: argparse.Namespace) -> Command:
    """What the lab is asked for an action other than `list`."""
    match options.action:
        case "split":
            return SplitShard(options.stream, options.shard, options.at or "")
        case "merge":
            return MergeShards(options.stream, options.shard, options.other)
        case "update-count":
            return UpdateShardCount(options.stream, options.count)
        case "key":
            return SwitchKey(options.stream, options.key, options.count or 0)
        case "limits":
            return SetLimits(options.numbers)
        case "reading":
            alone = options.how == "fan-out"
            return SetReading(1 if alone else options.how, alone)
        case "aggregate":
            return SetAggregation(options.packing)
        case "collect":
            return SetCollection(options.switch == "on")
        case _:
            return ReadParentsFirst(options.switch == "on")


def _list(seen: LabSnapshot, options: argparse.Namespace) -> int:
    streams = [s for s in seen.streams if options.stream in (None, s.name)]
    if not streams:
        names = ", ".join(stream.name for stream in seen.streams)
        return fail(f"there is no stream {options.stream!r}; there are: {names} (--stream).")
    if options.json:
        rows = [row for stream in streams for row in rows_of(stream)]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n")
    else:
        print(safe_lines("\n\n".join(table(stream) for stream in streams)))
        if seen.applications:
            print("\n" + safe_lines(applications(seen.applications)))
        if not seen.parents_first:
            print("\nchild shards are read at once (parents-first is off)")
    return 0
