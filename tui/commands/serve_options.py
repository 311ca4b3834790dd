"""The options of `dasprep-tui serve`."""

from __future__ import annotations

import argparse
from typing import Final

from tui.options import add_lab_options

PORT: Final = 8000
EXAMPLES: Final = """\
One lab, and a page for everyone who opens the address; leaving a page does not end the lab. With
the --data-dir of a running lab that one is shown.

examples:
  dasprep-tui serve                            http://127.0.0.1:8000, this machine only
  dasprep-tui serve --port 0 --shards 12       on a free port, which it says
  dasprep-tui serve --host 192.0.2.7 --allow-remote
                                               for others, who can then change and kill it"""


def add_serve(parser: argparse.ArgumentParser) -> None:
    """What to serve, and where."""
    add_lab_options(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="the address browsers use (127.0.0.1: this machine only)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="P", help=f"{PORT}; 0 takes a free one"
    )
    parser.add_argument(
        "--allow-remote", action="store_true",
        help="serve at an address that others can reach, without password or encryption",
    )  # fmt: skip
