"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import argparse
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from streaming.lab.assignors import ASSIGNORS
from tui.safe import safe_lines

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}

INCIDENT_S: Final = 10.0

LAB_OPTIONS: Final = (
    "rate", "speed", "incidents", "shape", "shards", "consumers", "seed", "key", "view", "limits",
    "aggregate", "collect", "readers", "fan_out", "streams", "bootstrap", "topic_prefix",
    "replication", "lateness_s",
    "assignor", "session_timeout_s", "store_clicks", "data_dir",
)  # fmt: skip
"""The settings that have an option of their own; the others stand in dasprep.toml."""


class Help(argparse.RawDescriptionHelpFormatter):
    """Help with room for options and examples as they are written."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=96)


def time_or_zero(text: str) -> float:
    """Seconds of a time, or of 0."""
    return 0.0 if re.fullmatch(r"\s*0+(\.0+)?\s*(ms|s|m|h|)\s*", text) else duration(text)


def incident(text: str) -> tuple[str, float]:
    """An incident's kind and its seconds, of "poison" or "poison:5s"."""
    from generators.incidents import KINDS

    kind, _, seconds = text.partition(":")
    if kind not in KINDS:
        raise argparse.ArgumentTypeError(f"{kind!r} is none of {', '.join(KINDS)}")
    return kind, duration(seconds) if seconds else INCIDENT_S


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line that says where to read on."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end with exit code 2."""
        self.exit(2, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def duration(text: str) -> float:
    """Seconds of "30s", "2m", "1h", "500ms" or "30"."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|)\s*", text)
    if match is None or not 0 < float(match[1]) < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 30s, 2m or 1h")
    return float(match[1]) * _UNITS[match[2]]


def positive(text: str) -> int:
    """A whole number from 1."""
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def shard_counts(text: str) -> tuple[int, ...]:
    """Numbers of shards with commas between them."""
    return tuple(positive(part.strip()) for part in text.split(","))


def rate(text: str) -> float:
    """Records per second, more than none."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e12:
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate above 0")
    return value


def _no_secret(text: str) -> str:
    raise argparse.ArgumentTypeError(
        "passwords are not given on the command line, where every user of this machine can read "
        "them; set DASPREP_KAFKA_PASSWORD, or password below [kafka] in dasprep.toml"
    )


def _streams(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def add_lab_options(parser: argparse.ArgumentParser) -> None:
    """The options that say what lab to start."""
    lab = parser.add_argument_group("the lab")
    # Suppressed defaults: an option given before the command is not undone by the command's own.
    add = partial(lab.add_argument, default=argparse.SUPPRESS)
    add(
        "--rate", type=float, metavar="N",
        help="records per second of the wall clock, over all streams (1000)",
    )  # fmt: skip
    add(
        "--speed", type=float, metavar="N",
        help="event time runs N times faster than the wall clock: 20 makes an hour of the shop in "
        "3 minutes; the records of a second then lie in N seconds of event time (1)",
    )  # fmt: skip
    add(
        "--incidents", metavar="WHICH",
        help="trouble to plant, by event time after the beginning: default (an hour with one of "
        "each kind), none, a TOML file, or KIND@START+LENGTH such as flash_sale@30m+60s,... (none)",
    )  # fmt: skip
    add("--shards", type=int, metavar="N", help="shards (partitions) of each stream (4)")
    add("--consumers", type=int, metavar="N", help="consumer processes in the group (2)")
    add("--seed", type=int, metavar="N", help="same seed, same events (7)")
    add(
        "--key", metavar="KEY",
        help="what decides a record's shard: customer_id, session_id, product_id, category, "
        "country, device, event_type, event_id, constant, none, a template such as "
        "{country}:{device}; each also with +salt8, +salt8calc, +salt8hot, +choose2 or, "
        "in the kinesis view, +spread "
        "(customer_id)",
    )  # fmt: skip
    add(
        "--view", choices=("msk", "kinesis"),
        help="shards as Kafka has them, or as Kinesis: ranges of hash keys that split and merge "
        "(msk)",
    )  # fmt: skip
    add(
        "--limits", choices=("off", "on", "today", "course"),
        help="what a shard of the kinesis view takes: 1,000 records or 1 MiB a second (on, today), "
        "the numbers courses teach, or everything (off)",
    )  # fmt: skip
    add(
        "--aggregate", choices=("off", "on", "kpl", "naive"),
        help="pack records of a shard together as the KPL does (on, kpl), across shards, which "
        "readers have to drop (naive), or not (off); kinesis view",
    )  # fmt: skip
    add(
        "--collect", choices=("on", "off"),
        help="put up to 500 records of all shards by one call, as PutRecords does (on), or each "
        "by a call of its own, as PutRecord does (off); kinesis view (on)",
    )  # fmt: skip
    add(
        "--readers", type=int, metavar="N",
        help="applications that poll each shard, this one included; with limits they share its 5 "
        "reads and 2 MiB a second (1)",
    )  # fmt: skip
    add(
        "--fan-out", dest="fan_out", action="store_const", const=True,
        help="read by enhanced fan-out: 2 MiB a second of each shard for this application alone",
    )  # fmt: skip
    add(
        "--shape", metavar="NAME",
        help="how the rate moves: constant, ramp, diurnal, flash_sale, pause (constant)",
    )  # fmt: skip
    add(
        "--streams", type=_streams, metavar="A,B",
        help="what to produce, of clicks, orders, access (clicks,orders)",
    )  # fmt: skip
    add(
        "--bootstrap",
        metavar="HOST:PORT",
        help="use this Kafka instead of the lab's embedded broker",
    )
    add("--topic-prefix", metavar="TEXT", help="put this before each topic's name")
    add(
        "--replication",
        type=int,
        metavar="N",
        help="replicas of new topics (as many as the cluster has nodes, three at most)",
    )
    add(
        "--lateness", dest="lateness_s", type=time_or_zero, metavar="TIME",
        help="how long windows stay open past their end (10s)",
    )  # fmt: skip
    add(
        "--assignor", choices=ASSIGNORS,
        help="how the group shares out its shards: range or roundrobin, which let go of all of "
        "them at each rebalance (eager), or cooperative-sticky, which lets go only of those that "
        "change hands (roundrobin)",
    )  # fmt: skip
    add(
        "--session-timeout", dest="session_timeout_s", type=duration, metavar="TIME",
        help="a consumer silent this long loses its shards (6s)",
    )  # fmt: skip
    add(
        "--store-clicks",
        action="store_const",
        const=True,
        help="keep raw clicks in the store too, not only orders",
    )
    add(
        "--data-dir", type=Path, metavar="D",
        help="keep the lab's data here and go on with what is there (default: a new folder in "
        "your data directory; the last three are kept)",
    )  # fmt: skip
    add("--config", type=Path, metavar="FILE", help="settings file (dasprep.toml, if there is one)")
    add_kafka_options(parser)


def add_kafka_options(parser: argparse.ArgumentParser) -> None:
    """The options that say how to connect to another Kafka; none of them is a secret."""
    kafka = parser.add_argument_group(
        "another Kafka",
        "Passwords: DASPREP_KAFKA_PASSWORD in the environment, or password below [kafka] in "
        "dasprep.toml.",
    )
    add = partial(kafka.add_argument, default=argparse.SUPPRESS)
    add(
        "--security-protocol", dest="kafka_protocol", metavar="NAME",
        help="PLAINTEXT, SSL (TLS), SASL_PLAINTEXT or SASL_SSL (follows from the others)",
    )  # fmt: skip
    add(
        "--sasl-mechanism", dest="kafka_mechanism", metavar="NAME",
        help="PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM",
    )  # fmt: skip
    add("--sasl-username", dest="kafka_username", metavar="USER", help="who logs in")
    add(
        "--tls-ca", dest="kafka_ca_file", metavar="FILE",
        help="PEM file of the authority that signed the brokers' certificates",
    )  # fmt: skip
    add("--tls-cert", dest="kafka_cert_file", metavar="FILE", help="PEM file: own certificate")
    add("--tls-key", dest="kafka_key_file", metavar="FILE", help="PEM file: its private key")
    # Refused without being repeated; an unknown option would stand in the error with its value.
    for name in ("--sasl-password", "--password", "--tls-key-password"):
        add(name, type=_no_secret, help=argparse.SUPPRESS)


def overrides(options: argparse.Namespace) -> dict[str, Any]:
    """What was given on the command line, by the settings' names."""
    from streaming.lab.loading import KAFKA_OPTIONS

    return {name: getattr(options, name, None) for name in (*LAB_OPTIONS, *KAFKA_OPTIONS)}


def warn(message: str) -> None:
    """Say on standard error what the user should know; the command goes on."""
    print(f"dasprep-tui: warning: {message}", file=sys.stderr)  # noqa: T201


def fail(message: str, code: int = 2) -> int:
    """Say on standard error what went wrong; returns the exit code."""
    print(f"dasprep-tui: {safe_lines(message)}", file=sys.stderr)  # noqa: T201
    return code
