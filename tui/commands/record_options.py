"""What `dasprep-tui record` and `dasprep-tui replay` take."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

from tui.options import add_kafka_options, rate

RECORD_EXAMPLES: Final = """\
Plays a tape on a lab (see `dasprep-tui scenario --help`) and takes down all that the lab said: a
trace. Films are made of the trace afterwards, in time of their own, so that they are always the
same, byte for byte. Neither a browser nor another program is needed, but ffmpeg for .mp4.
docs/recording.md tells all of it.

examples:
  dasprep-tui record hot_shard -o demo.cast --gif --html
                                               demo.cast, demo.gif and demo.html of a tape that ships
  dasprep-tui record my.yaml -o my.gif --trace my.trace
                                               a tape of your own; keep the trace for other films
  dasprep-tui record --from-trace my.trace -o small.gif --size 100x28 --theme dasprep-projector
                                               the same take again: smaller, in other colours
  dasprep-tui record --from-trace lab-20260101-120000.trace -o what-i-did.html
                                               what you recorded with f9 on the screen

Exit code 0: all files are there; 1: the tape failed or a film could not be made, and no file is
there; 2: wrong usage, a wrong tape or a file that is no trace."""

REPLAY_EXAMPLES: Final = """\
Opens the screens on a trace. space stops and goes on, shift+left and shift+right go 5 s back and
forward, < and > step from one news of the lab to the next, [ and ] change the speed. Everything
can be looked at; nothing can be changed.

examples:
  dasprep-tui replay lab-20260101-120000.trace
  dasprep-tui replay my.trace --speed 4 --at 30s"""

EXTRA: Final = ("cast", "gif", "webp", "html", "svg", "txt", "mp4")


def add_record(parser: argparse.ArgumentParser) -> None:
    """What to film, how, and where it goes."""
    add = parser.add_argument
    add("tape", nargs="?", metavar="TAPE", help="a tape: a file, or the name of one that ships")
    add("--from-trace", type=Path, metavar="FILE", help="no lab: make films of this trace")
    add(
        "-o", "--output", type=Path, required=True, metavar="FILE",
        help="the film; its ending says the format: " + ", ".join(f".{each}" for each in EXTRA),
    )  # fmt: skip
    for kind in EXTRA:
        add(f"--{kind}", action="store_true", help=f"also the same name with the ending .{kind}")
    add("--trace", type=Path, metavar="FILE", help="keep the trace of the tape's take")
    add(
        "--size", type=size, metavar="COLSxROWS",
        help="the screen without the captions' rows (as the tape or the trace has it)",
    )  # fmt: skip
    add("--theme", metavar="NAME", help="colours (as the tape or the trace has them)")
    add("--language", default="en", metavar="L", help="of the captions, where there are some (en)")
    add("--fps", type=rate, metavar="N", help="pictures a second at most, to 50 (10)")
    add("--speed", type=rate, default=1.0, metavar="N", help="N times as fast as it was (1)")
    add(
        "--caption-rows", type=int, choices=range(5), metavar="N",
        help="rows for captions below the screen, 0 to 4 (2)",
    )  # fmt: skip
    add("--font-px", type=int, default=13, metavar="N", help="size of letters in pictures (13)")
    add("--cast-version", type=int, choices=(2, 3), default=2, help="of asciicast (2)")
    add("--no-keys", action="store_true", help="leave out which keys were pressed")
    add("--bootstrap", metavar="HOST:PORT", help="play the tape on this Kafka")
    add("--topic-prefix", metavar="TEXT", help="put this before each topic's name")
    add("--replication", type=int, metavar="N", help="replicas of new topics")
    add(
        "--config", type=Path, metavar="FILE",
        help="settings file for [kafka] (dasprep.toml, if there is one)",
    )  # fmt: skip
    add_kafka_options(parser)


def add_replay(parser: argparse.ArgumentParser) -> None:
    """Which trace, and from where on."""
    from tui.options import duration

    parser.add_argument("trace", type=Path, metavar="FILE", help="a trace")
    parser.add_argument(
        "--speed", type=float, choices=(0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0), default=1.0,
        metavar="N", help="0.25, 0.5, 1, 2, 4, 8 or 16 times as fast (1)",
    )  # fmt: skip
    parser.add_argument(
        "--at", type=duration, default=0.0, metavar="TIME", help="begin there: 30s, 2m"
    )


def size(text: str) -> tuple[int, int]:
    """Columns and rows of "120x36"."""
    match = re.fullmatch(r"(\d{1,3})x(\d{1,3})", text)
    if match is None or not (20 <= int(match[1]) <= 400 and 6 <= int(match[2]) <= 200):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no size such as 120x36 (20 to 400 columns, 6 to 200 rows)"
        )
    return int(match[1]), int(match[2])
