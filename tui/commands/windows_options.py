"""What `dasprep-tui windows` takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from tui.options import Help

EXAMPLES: Final = """\
A lab keeps the windows that dasprep.toml declares below [[windows]], or those that ship with it:
tumbling, hopping, sliding, stagger and session windows over event time, by any field. Each one's
results are in the view w_NAME for `dasprep-tui sql`. docs/windows.md tells all of it.

examples:
  dasprep-tui windows list                     what the running lab has, with the newest results
  dasprep-tui windows check dasprep.toml       whether a file's windows can be; errors name the line
  dasprep-tui windows use dasprep.toml         other windows from now on; final results stay
  dasprep-tui sql "FROM w_orders_5s ORDER BY start_at DESC LIMIT 5"

Exit code 0: done; 1: the lab refused, and says why; 2: wrong usage or file, or no running lab."""


def add_windows(parser: argparse.ArgumentParser) -> None:
    """The parsers of `list`, `check` and `use`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (
        ("list", "the windows of the running lab and their newest results"),
        ("check", "read a file's windows and say what is wrong with them"),
        ("use", "give the running lab a file's windows"),
    ):
        action = actions.add_parser(name, help=text, description=text, formatter_class=Help)
        if name != "list":
            action.add_argument("file", type=Path, metavar="FILE", help="TOML with [[windows]]")
        if name != "check":
            action.add_argument(
                "--data-dir", type=Path, metavar="D",
                help="the lab's folder (default: the running or newest lab)",
            )  # fmt: skip
