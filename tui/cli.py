"""The command line `dasprep-tui`: parses, checks and hands over to one module per command.

Exit codes: 0 done, 1 something differs or failed while running, 2 wrong input or cannot start
(the message says what to do), 75 the store could not be written, 128+n ended by signal n.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tui.commands.alarms_options import EXAMPLES as _ALARMS_EXAMPLES
from tui.commands.alarms_options import add_alarms
from tui.commands.anomaly_options import EXAMPLES as _ANOMALY_EXAMPLES
from tui.commands.anomaly_options import add_anomaly
from tui.commands.consumers_options import EXAMPLES as _CONSUMERS_EXAMPLES
from tui.commands.consumers_options import add_consumers
from tui.commands.keys_options import EXAMPLES as _KEYS_EXAMPLES
from tui.commands.keys_options import add_keys
from tui.commands.records_options import EXAMPLES as _RECORDS_EXAMPLES
from tui.commands.records_options import add_records
from tui.commands.scenario_options import EXAMPLES as _SCENARIO_EXAMPLES
from tui.commands.scenario_options import add_scenario
from tui.commands.serve_options import EXAMPLES as _SERVE_EXAMPLES
from tui.commands.serve_options import add_serve
from tui.commands.shards_options import EXAMPLES as _SHARDS_EXAMPLES
from tui.commands.shards_options import add_actions
from tui.commands.windows_options import EXAMPLES as _WINDOWS_EXAMPLES
from tui.commands.windows_options import add_windows
from tui.options import (
    Help,
    Parser,
    add_kafka_options,
    add_lab_options,
    duration,
    incident,
    positive,
)

VERSION: Final = "0.1.0"

_TOP: Final = """\
A streaming lab in this terminal: a shop writes clicks and orders to a real Kafka (the lab's own
embedded broker, or any other), consumers count them in event-time windows into DuckDB, exactly
once, and the screen shows every shard live.

Without a command the lab opens on the screen. `dasprep-tui COMMAND --help` teaches each command."""

_TOP_EXAMPLES: Final = """\
examples:
  dasprep-tui                                  open the lab: 4 shards, 1,000 records/s
  dasprep-tui --shards 12 --rate 2500 --key country
                                               see what a skewed key does to 12 shards
  dasprep-tui run --duration 30s --verify      the same without a screen, checked at the end
  dasprep-tui --view kinesis --limits on --rate 3500
                                               shards as Kinesis has them: limits, splits, merges
  dasprep-tui --view kinesis --limits on --aggregate on --rate 3500
                                               the same, many records packed into one
  dasprep-tui attach                           watch a running lab from a second terminal
  dasprep-tui shards split clicks 0            split a shard of it while records flow
  dasprep-tui sql "FROM windows ORDER BY n DESC LIMIT 10"
                                               ask the store of the running or newest lab
  dasprep-tui --bootstrap localhost:9092       the same lab on another Kafka
  DASPREP_KAFKA_PASSWORD=... dasprep-tui --bootstrap broker:9096 --sasl-mechanism SCRAM-SHA-512
              --sasl-username lab              one that asks for a login (docs/kafka.md)

Settings can also stand in a file dasprep.toml, below [lab]: rate = 2500, shards = 12, ... and
[kafka]: mechanism = "SCRAM-SHA-512", ...; or in the environment: DASPREP_RATE=2500,
DASPREP_KAFKA_MECHANISM=... An option goes before the environment, that before the file."""

_RUN_EXAMPLES: Final = """\
examples:
  dasprep-tui run --duration 30s --rate 2000 --shards 4 --consumers 2 --seed 7 --json out.json
  dasprep-tui run --duration 30s --rate 5000 --shards 8 --consumers 3 --verify --json -
  dasprep-tui run --duration 20s --plant poison:5s --plant late --verify
  dasprep-tui run --view kinesis --limits on --rate 3500 --duration 20s --verify
                                               full shards refuse records, and none is lost
  dasprep-tui run --duration 3m --speed 20 --incidents default --score-alarms
                                               an hour of the shop in 3 minutes: are the planted
                                               incidents found, and nothing else?
  dasprep-tui run --plain                      a line a second until ctrl+c

Progress goes to standard error; with `--json -` standard output carries the JSON alone.
Exit code 1 means that --verify found something lost, duplicated or wrong."""

_VERIFY_EXAMPLES: Final = """\
Reads every record of the log again, recomputes every window, order, late event and dead letter
with separate code, and compares them with the store, row by row. Works on a running lab and on
the data of one that has ended.

examples:
  dasprep-tui verify                           the running or newest lab
  dasprep-tui verify --data-dir ./lab --json -

A lab on another Kafka keeps how it connected, but no password: give that again as it was given
to the lab (DASPREP_KAFKA_PASSWORD, or dasprep.toml)."""

_SQL_EXAMPLES: Final = """\
Read-only beyond doubt: the query runs in a locked-down process on a copy. Tables: windows,
events_orders, late_events, dead_letters, offsets, watermarks, epochs, epoch_starts, producers,
ground_truth, journal, meta (events_clicks with --store-clicks), anomaly, alarms, alarm_history, and
each declared window as w_NAME.

examples:
  dasprep-tui sql "SELECT key, sum(n) AS clicks FROM windows WHERE stream = 'clicks'
                   AND dim = 'category' AND size_s = 10 GROUP BY key ORDER BY clicks DESC"
  dasprep-tui sql --format csv "FROM dead_letters" > dead.csv
  dasprep-tui sql --format parquet --out orders.parquet --timeout 2m "FROM events_orders"
  echo "DESCRIBE windows" | dasprep-tui sql -"""

_BROKER_EXAMPLES: Final = """\
This is the lab's embedded broker, NOT Apache Kafka: one node that speaks the Kafka protocol, for
learning and tests. It keeps its log across restarts and kills (not across power loss), drops what
is past its retention (7 days unless a topic says otherwise), listens on this machine only, and has
no transactions, no replication and no security.

examples:
  dasprep-tui broker --port 9092 --data ./broker-data
  dasprep-tui --bootstrap 127.0.0.1:9092       a lab on it, from another terminal"""


_DOCTOR_EXAMPLES: Final = """\
Starts or connects to the broker the lab would use, asks it what it can do, writes to the data
directory, looks at the terminal and the versions, and says in plain words what it found. Nothing
is changed. Exit code 0: a lab can run here; 1: it cannot, and each BAD line says what to do.

examples:
  dasprep-tui doctor                           this machine, with the embedded broker
  dasprep-tui doctor --bootstrap localhost:9092
                                               what another Kafka can do, node by node
  dasprep-tui doctor --json                    the same for a program"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="dasprep-tui", description=_TOP, epilog=_TOP_EXAMPLES, formatter_class=Help
    )
    parser.add_argument("--version", action="version", version=f"dasprep-tui {VERSION}")
    add_lab_options(parser)
    _add_screen_options(parser)
    parser.set_defaults(module="lab", attach=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    run = _command(commands, "run", "run the lab without a screen", _RUN_EXAMPLES)
    add_lab_options(run)
    run.add_argument(
        "--duration", type=duration, metavar="TIME", help="how long to produce: 30s, 2m, 1h "
        "(default: until ctrl+c)",
    )  # fmt: skip
    run.add_argument(
        "--plant", type=incident, action="append", default=[], metavar="KIND[:TIME]",
        help="plant trouble once records flow: late, duplicate, poison, hot_key, bot_storm, "
        "payment_outage or price_glitch, for 10s or TIME; may be given several times",
    )  # fmt: skip
    run.add_argument(
        "--json", metavar="FILE", help="write the summary as JSON; - is standard output"
    )
    run.add_argument("--plain", action="store_true", help="a line a second, no progress bar")
    run.add_argument(
        "--verify", action="store_true", help="at the end recompute the truth from the log"
    )
    run.add_argument(
        "--score-alarms", action="store_true",
        help="at the end hold the alarms by event time against the incidents that were planted",
    )  # fmt: skip

    attach = _command(commands, "attach", "open the screen of a lab that runs already", "")
    _add_data_dir(attach)
    _add_screen_options(attach)
    attach.set_defaults(module="lab", attach=True)

    add_serve(_command(commands, "serve", "show the screens in a browser", _SERVE_EXAMPLES))

    verify = _command(
        commands, "verify", "compare the store with the log, record by record", _VERIFY_EXAMPLES
    )
    _add_data_dir(verify)
    verify.add_argument("--bootstrap", metavar="HOST:PORT", help="where the log is, if it moved")
    verify.add_argument("--json", metavar="FILE", help="write the report as JSON; - is stdout")
    verify.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file (dasprep.toml, if there is one)"
    )
    add_kafka_options(verify)

    sql = _command(commands, "sql", "ask the store, read-only", _SQL_EXAMPLES)
    sql.add_argument("query", help="one SQL query; - reads it from standard input")
    _add_data_dir(sql)
    sql.add_argument(
        "--format", choices=("table", "csv", "json", "parquet"), default="table",
        help="default: table",
    )  # fmt: skip
    sql.add_argument(
        "--out", type=Path, metavar="FILE", help="write the whole result there, as csv or parquet"
    )
    sql.add_argument("--overwrite", action="store_true", help="even if FILE exists")
    sql.add_argument("--max-rows", type=positive, default=500, metavar="N", help="default: 500")
    sql.add_argument("--timeout", type=duration, default=5.0, metavar="TIME", help="default: 5s")

    doctor = _command(
        commands, "doctor", "find out whether a lab can run here, and say why not", _DOCTOR_EXAMPLES
    )
    add_lab_options(doctor)
    doctor.add_argument("--json", action="store_true", help="the findings as JSON")

    add_keys(
        _command(
            commands, "keys", "try partition keys out on a sample of your own events",
            _KEYS_EXAMPLES,
        )
    )  # fmt: skip

    add_actions(
        _command(commands, "shards", "list and change a running lab's shards", _SHARDS_EXAMPLES)
    )

    add_windows(
        _command(
            commands, "windows", "list, check and change the declared windows", _WINDOWS_EXAMPLES
        )
    )

    add_alarms(
        _command(
            commands, "alarms", "list, acknowledge and suppress alarms; look at detectors",
            _ALARMS_EXAMPLES,
        )
    )  # fmt: skip

    add_records(
        _command(
            commands, "records", "show records of a running lab, and the path of one",
            _RECORDS_EXAMPLES,
        )
    )  # fmt: skip

    add_consumers(
        _command(
            commands, "consumers", "list, add, pause, slow down and kill a running lab's consumers",
            _CONSUMERS_EXAMPLES,
        )
    )  # fmt: skip

    add_anomaly(
        _command(commands, "anomaly", "score your own series from a CSV file", _ANOMALY_EXAMPLES)
    )

    add_scenario(
        _command(
            commands, "scenario", "play a tape: a story that drives and checks a lab",
            _SCENARIO_EXAMPLES,
        )
    )  # fmt: skip

    broker = _command(commands, "broker", "run the embedded broker alone", _BROKER_EXAMPLES)
    broker.add_argument(
        "--port", type=int, default=9092, metavar="P", help="default: 9092; 0 takes a free one"
    )
    broker.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="where the log segments go"
    )
    return parser


def _command(
    commands: argparse._SubParsersAction[Parser],
    name: str,
    text: str,
    epilog: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".", epilog=epilog,
        formatter_class=Help,
    )  # fmt: skip
    parser.set_defaults(module=name)
    return parser


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", type=Path, metavar="D", help="the lab's folder (default: the running or "
        "newest lab)",
    )  # fmt: skip


def _add_screen_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hz", type=float, default=argparse.SUPPRESS, choices=(0.5, 1.0, 2.0, 4.0, 10.0),
        metavar="HZ", help="screen updates a second: 0.5, 1, 2, 4 or 10 (2)",
    )  # fmt: skip
    parser.add_argument(
        "--ascii", action="store_const", const=True, default=argparse.SUPPRESS,
        help="draw with plain ASCII only",
    )  # fmt: skip
    parser.add_argument(
        "--plain", action="store_true", default=argparse.SUPPRESS,
        help="no screen: lines of text, only what changes, for screen readers and logs",
    )  # fmt: skip
    parser.add_argument(
        "--theme",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="colours: dasprep-projector, dasprep-calm or one of Textual's (textual-dark)",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = build_parser().parse_args(arguments)
    command = importlib.import_module(f"tui.commands.{options.module}")
    try:
        return int(command.main(options))
    except BrokenPipeError:
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    sys.exit(main())
