"""`dasprep-tui windows`: the declared windows of a running lab, and of a file."""

from __future__ import annotations

import argparse
import asyncio

from streaming.declarations.errors import DeclarationsError
from streaming.declarations.file import read_declarations
from streaming.declarations.specification import Declarations
from streaming.lab.commands import UseWindows
from streaming.lab.link import LabError
from streaming.lab.snapshot import LabSnapshot
from streaming.lab.windowviews import group_text, shape
from streaming.windows.planning import make_plan
from tui.commands.common import find_root
from tui.commands.running import done, look
from tui.options import fail
from tui.safe import safe_lines
from tui.views.windows import value_text


def main(options: argparse.Namespace) -> int:
    """List, check or use; see `windows_options` for the exit codes."""
    try:
        if options.action == "check":
            print(safe_lines(_described(read_declarations(options.file))))
            return 0
        root = find_root(options.data_dir)
        if options.action == "list":
            print(safe_lines(listed(asyncio.run(look(root)))))
            return 0
        asked = read_declarations(options.file)
        return done(root, UseWindows(asked.model_dump_json()))
    except (DeclarationsError, FileNotFoundError, LabError) as error:
        return fail(str(error))


def _described(declared: Declarations) -> str:
    streams = sorted({spec.stream for spec in declared.windows})
    plan = make_plan(1, declared, streams, 10_000, 0)
    scores = declared.score_lines()
    sets = {panes.id: panes for panes in plan.sets}
    lines = []
    for window in plan.windows:
        panes = sets[window.panes]
        by = group_text(panes.fields, panes.literals)
        values = ", ".join(value.name for value in window.values)
        lines.append(
            f"{window.name}: {panes.stream}, {shape(window)}{f' by {by}' if by else ''}: {values}"
        )
        lines += [f"  scores {line}" for line in scores.get(window.name, ())]
    lines.append(f"{len(plan.windows)} windows from {len(plan.sets)} sets of panes")
    return "\n".join(lines)


def listed(seen: LabSnapshot) -> str:
    """Each window with its newest results, as text."""
    lines = []
    for window in seen.windows:
        by = f" by {window.group_by}" if window.group_by else ""
        lines.append(
            f"{window.name}: {window.stream}, {window.shape}{by}, set {window.generation}; "
            f"{window.final:,} final, {window.late:,} late"
        )
        lines += [f"  scores {line}" for line in window.scores]
        for result in window.newest[:3]:
            values = ", ".join(f"{name} {value_text(v)}" for name, v in result.values.items())
            lines.append(f"  {result.key or '*'}: n {result.n:,}, {values}")
    return "\n".join(lines) or "this lab has no declared windows"
