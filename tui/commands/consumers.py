"""`dasprep-tui consumers`: the members of the group, and what people do to them."""

from __future__ import annotations

import argparse
import asyncio
import math
from typing import Any

import msgspec

from streaming.lab.commands import AddConsumer, Command, KillConsumer
from streaming.lab.consumer_commands import PauseConsumer, RemoveConsumer, SetAssignor, SlowConsumer
from streaming.lab.link import LabError
from streaming.lab.snapshot import LabSnapshot
from tui.commands.common import find_root
from tui.commands.running import REFUSED, done, look
from tui.glyphs import UNICODE
from tui.lines import text_of
from tui.options import fail
from tui.safe import safe_lines
from tui.views.consumers import heading, member_lines, timeline_lines
from tui.views.members import Member, members

WIDTH = 100


def main(options: argparse.Namespace) -> int:
    """Do what was asked; see `consumers_options` for the exit codes."""
    try:
        root = find_root(options.data_dir)
        if options.action == "list":
            seen = asyncio.run(look(root))
            print(as_json(seen) if options.json else safe_lines(listed(seen)))
            return 0
        if options.action == "kill":
            names = [consumer.name for consumer in asyncio.run(look(root)).consumers]
            if options.name not in names:
                known = ", ".join(names)
                return fail(f"there is no consumer {options.name}; there are {known}", REFUSED)
        return done(root, _command(options))
    except (FileNotFoundError, LabError) as error:
        return fail(str(error))


def _command(options: argparse.Namespace) -> Command:
    match options.action:
        case "add":
            return AddConsumer()
        case "kill":
            return KillConsumer(options.name)
        case "slow":
            return SlowConsumer(options.name, options.per_s)
        case "remove":
            return RemoveConsumer(options.name)
        case "assignor":
            return SetAssignor(options.assignor)
        case action:
            return PauseConsumer(options.name, action == "pause")


def listed(seen: LabSnapshot) -> str:
    """The members as a table, then the last rebalances."""
    lines = [
        heading(WIDTH),
        *member_lines(members(seen), WIDTH, UNICODE),
        (),
        *timeline_lines(seen.timeline, WIDTH, UNICODE, seen.assignor),
    ]
    return "\n".join(text_of(line).rstrip() for line in lines)


def as_json(seen: LabSnapshot) -> str:
    """The members with their lag, and the last rebalances, newest first."""
    told = {
        "assignor": seen.assignor,
        "consumers": [_member(member) for member in members(seen)],
        "rebalances": [msgspec.to_builtins(view) for view in seen.timeline],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def _member(member: Member) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(member.view),
        "lag": member.lag,
        "lag_ms": member.lag_ms,
        "clear_s": "never" if member.clear_s == math.inf else member.clear_s,
        "status": member.status,
    }
