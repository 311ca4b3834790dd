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

from tui import cli_texts as texts
from tui.commands.alarms_options import EXAMPLES as _ALARMS_EXAMPLES
from tui.commands.alarms_options import add_alarms
from tui.commands.anomaly_options import EXAMPLES as _ANOMALY_EXAMPLES
from tui.commands.anomaly_options import add_anomaly
from tui.commands.consumers_options import EXAMPLES as _CONSUMERS_EXAMPLES
from tui.commands.consumers_options import add_consumers
from tui.commands.keys_options import EXAMPLES as _KEYS_EXAMPLES
from tui.commands.keys_options import add_keys
from tui.commands.record_options import RECORD_EXAMPLES, REPLAY_EXAMPLES, add_record, add_replay
from tui.commands.records_options import EXAMPLES as _RECORDS_EXAMPLES
from tui.commands.records_options import add_records
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


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="dasprep-tui", description=texts.TOP, epilog=texts.TOP_EXAMPLES, formatter_class=Help
    )
    parser.add_argument("--version", action="version", version=f"dasprep-tui {VERSION}")
    add_lab_options(parser)
    _add_screen_options(parser)
    parser.set_defaults(module="lab", attach=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    run = _command(commands, "run", "run the lab without a screen", texts.RUN_EXAMPLES)
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
        commands,
        "verify",
        "compare the store with the log, record by record",
        texts.VERIFY_EXAMPLES,
    )
    _add_data_dir(verify)
    verify.add_argument("--bootstrap", metavar="HOST:PORT", help="where the log is, if it moved")
    verify.add_argument("--json", metavar="FILE", help="write the report as JSON; - is stdout")
    verify.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file (dasprep.toml, if there is one)"
    )
    add_kafka_options(verify)

    sql = _command(commands, "sql", "ask the store, read-only", texts.SQL_EXAMPLES)
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
        commands,
        "doctor",
        "find out whether a lab can run here, and say why not",
        texts.DOCTOR_EXAMPLES,
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

    add_record(_command(commands, "record", "make a film of a tape or a trace", RECORD_EXAMPLES))
    replay = _command(commands, "replay", "open the screens on a trace", REPLAY_EXAMPLES)
    add_replay(replay)
    _add_screen_options(replay)

    broker = _command(commands, "broker", "run the embedded broker alone", texts.BROKER_EXAMPLES)
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
