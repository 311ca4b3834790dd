"""`python -m streaming.broker.embedded`: the server as a process of its own."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from streaming.broker.embedded.config import NAME, BrokerConfig, Ready
from streaming.broker.embedded.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve. Returns the exit code."""
    options = _parser().parse_args(arguments)
    config = BrokerConfig(
        data=options.data,
        host=options.host,
        port=options.port,
        allow_remote=options.allow_remote,
        parent_pipe=options.parent_pipe,
        control=options.control,
        auto_create=options.auto_create,
        default_partitions=options.partitions,
        segment_bytes=options.segment_bytes,
        retention_ms=options.retention_ms,
        retention_bytes=options.retention_bytes,
        retention_check_ms=max(options.retention_check_ms, 1),
        advertised_host=options.advertised_host,
        advertised_port=options.advertised_port,
    )
    return serve(config, _announce)


def _announce(ready: Ready) -> None:
    """The one line on standard output, for the program that started this one."""
    sys.stdout.write(json.dumps({"event": "ready", **asdict(ready)}) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m streaming.broker.embedded",
        description=f"{NAME}: a log server for one machine that speaks the Kafka protocol. "
        "Records survive the end of the process, not a power cut.",
    )
    add = parser.add_argument
    defaults = BrokerConfig(data=Path())
    add("--data", type=Path, required=True, metavar="DIR", help="folder for records and offsets")
    add("--host", default=defaults.host, help="address to listen on (default %(default)s)")
    add("--port", type=int, default=0, help="port to listen on (default 0: any free one)")
    add("--allow-remote", action="store_true", help="listen on an address others can reach")
    add("--parent-pipe", action="store_true", help="stop when standard input ends")
    add(
        "--control",
        action="store_true",
        help="take orders (faults to show) as JSON lines on standard input, answer on standard "
        "output, and stop when standard input ends",
    )
    add(
        "--auto-create",
        action=argparse.BooleanOptionalAction,
        default=defaults.auto_create,
        help="make topics that clients ask for (default: yes, as Kafka)",
    )
    add(
        "--partitions",
        type=int,
        default=defaults.default_partitions,
        help="partitions of topics made so (default %(default)s)",
    )
    add(
        "--segment-bytes",
        type=int,
        default=defaults.segment_bytes,
        help="size at which a log goes on in a new file (default %(default)s)",
    )
    add(
        "--retention-ms",
        type=int,
        default=defaults.retention_ms,
        help="age in ms at which records go, -1: never (default %(default)s, 7 days)",
    )
    add(
        "--retention-bytes",
        type=int,
        default=defaults.retention_bytes,
        help="size of a partition above which its oldest records go (default %(default)s: never)",
    )
    add(
        "--retention-check-ms",
        type=int,
        default=defaults.retention_check_ms,
        help="how often both are checked (default %(default)s)",
    )
    add("--advertised-host", help="host that clients are told to connect to")
    add("--advertised-port", type=int, help="port that clients are told to connect to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
