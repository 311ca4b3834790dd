"""`python -m benchmarks`: measure, print the table, exit 1 when results differ."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import report
from benchmarks.facts import facts, load
from benchmarks.measure import Row, SideFailed
from benchmarks.rows import consumer, forest, generators, latency, producer, screen, whatif

ROWS: Final[dict[str, Callable[[int, int, Path], Row]]] = {
    "consumer": consumer.measure,
    "producer": producer.measure,
    "generators": generators.measure,
    "latency": latency.measure,
    "whatif": whatif.measure,
    "forest": forest.measure,
    "screen": screen.measure,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the rows that were asked for."""
    options = _options(arguments)
    header = facts()
    for name, value in header.items():
        print(f"{name + ':':<13} {value}")
    print(
        "rates are records per CPU second (user + system, all threads) of the measured process, "
        "start-up and broker left out; median (lowest–highest)\n",
        flush=True,
    )
    started = time.monotonic()
    rows = [_measured(name, options) for name in options.only or ROWS]
    header["load after"] = load()
    print(report.table(rows), "", *map(report.details, rows), sep="\n")
    print(f"\nload after: {header['load after']}; took {time.monotonic() - started:.0f} s")
    if options.json:
        document = {"facts": header, "rows": rows}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    return int(any(row.equal is False for row in rows))


def _measured(name: str, options: argparse.Namespace) -> Row:
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="dasprep-bench-") as folder:
        try:
            return ROWS[name](options.records, options.rounds, Path(folder))
        except SideFailed as error:
            print(error, file=sys.stderr)
            return Row(name, "-", "-", "-", equal=False, notes=[str(error).splitlines()[0]])


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--only", action="append", choices=ROWS, metavar="NAME", help="only this row (repeatable)")
    add("--records", type=_positive, default=200_000, help="records per side (default %(default)s)")
    add("--rounds", type=_positive, default=3, help="turns of each side (default %(default)s)")
    add("--json", type=Path, metavar="FILE", help="write everything as JSON too")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
