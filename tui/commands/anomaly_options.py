"""What `dasprep-tui anomaly` takes."""

from __future__ import annotations

import argparse
from typing import Final

from streaming.anomaly.modes import MODES
from tui.options import positive

EXAMPLES: Final = """\
Scores your own series with the code that watches the lab. The detector (the default) judges each
row by what came before it alone: a random cut forest, how long it is unusual, and the range so far;
it needs 256 rows to warm up and has one setting for every series. The other modes are functions of
Kinesis Data Analytics for SQL: rcf (RANDOM_CUT_FOREST), explanation (..._WITH_EXPLANATION) and
hotspots (HOTSPOTS), with their parameters: --set numberOfTrees=50. See docs/anomalies.md.

examples:
  dasprep-tui anomaly --csv taxi.csv --time timestamp --value value
  dasprep-tui anomaly --csv web.csv --time at --value requests --value errors --out scores.csv
  dasprep-tui anomaly --csv taxi.csv --time timestamp --value value --mode rcf --out - | head
  dasprep-tui anomaly --csv taxi.csv --time timestamp --value value --mode rcf
                      --set shingleSize=8 --set subSampleSize=512 --out scores.csv
  dasprep-tui anomaly --csv places.csv --time at --value x --value y --mode hotspots
                      --set windowSize=1000 --set scanRadius=0.2
                      --set minimumNumberOfPointsInAHotspot=17

An empty cell is a missing value. Exit code 0: scored; 2: wrong usage, or a file that is no series
(NaN, infinities, no such column, no rows): the message names the line."""


def add_anomaly(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--csv", required=True, metavar="FILE", help="with a header; - reads stdin")
    parser.add_argument("--time", required=True, metavar="COL", help="the column of the time")
    parser.add_argument(
        "--value", dest="values", action="append", required=True, metavar="COL",
        help="a column of numbers; several are judged together",
    )  # fmt: skip
    parser.add_argument(
        "--mode", choices=tuple(MODES), default="detector", help="default: detector"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="write every row with its scores as CSV; - is standard output"
    )
    parser.add_argument(
        "--set", dest="parameters", action="append", type=parameter, default=[],
        metavar="NAME=N", help="a parameter of the function, by its name in Kinesis",
    )  # fmt: skip
    parser.add_argument(
        "--sensitivity", choices=("low", "medium", "high"), default="medium",
        help="detector: how much evidence is enough (default: medium)",
    )  # fmt: skip
    parser.add_argument(
        "--direction", choices=("both", "above", "below"), default="both",
        help="detector: which side is trouble (default: both)",
    )  # fmt: skip
    parser.add_argument(
        "--near", type=percent, default=0.05, metavar="P",
        help="detector: nothing this close to the running mean is an anomaly (default: 5%%)",
    )  # fmt: skip
    parser.add_argument(
        "--fill", choices=("missing", "zero", "previous"), default="missing",
        help="detector: what an empty cell is worth (default: missing, it is skipped)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=positive, default=7, metavar="N", help="of the forest (default: 7)"
    )


def parameter(text: str) -> tuple[str, float]:
    """NAME=NUMBER."""
    name, equals, number = text.partition("=")
    try:
        if not equals:
            raise ValueError
        word = number.strip().lower()
        return name.strip(), float({"true": "1", "false": "0"}.get(word, word))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=NUMBER, such as numberOfTrees=50"
        ) from None


def percent(text: str) -> float:
    """A part: 5% or 0.05."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a part such as 5% or 0.05")
    return value
