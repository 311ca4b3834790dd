"""What the command line's help teaches: introductions and examples."""

from __future__ import annotations

from typing import Final

TOP: Final = """\
A streaming lab in this terminal: a shop writes clicks and orders to a real Kafka (the lab's own
embedded broker, or any other), consumers count them in event-time windows into DuckDB, exactly
once, and the screen shows every shard live.

Without a command the lab opens on the screen. `dasprep-tui COMMAND --help` teaches each command."""

TOP_EXAMPLES: Final = """\
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

RUN_EXAMPLES: Final = """\
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

VERIFY_EXAMPLES: Final = """\
Reads every record of the log again, recomputes every window, order, late event and dead letter
with separate code, and compares them with the store, row by row. Works on a running lab and on
the data of one that has ended.

examples:
  dasprep-tui verify                           the running or newest lab
  dasprep-tui verify --data-dir ./lab --json -

A lab on another Kafka keeps how it connected, but no password: give that again as it was given
to the lab (DASPREP_KAFKA_PASSWORD, or dasprep.toml)."""

SQL_EXAMPLES: Final = """\
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

BROKER_EXAMPLES: Final = """\
This is the lab's embedded broker, NOT Apache Kafka: one node that speaks the Kafka protocol, for
learning and tests. It keeps its log across restarts and kills (not across power loss), drops what
is past its retention (7 days unless a topic says otherwise), listens on this machine only, and has
no transactions, no replication and no security.

examples:
  dasprep-tui broker --port 9092 --data ./broker-data
  dasprep-tui --bootstrap 127.0.0.1:9092       a lab on it, from another terminal"""


DOCTOR_EXAMPLES: Final = """\
Starts or connects to the broker the lab would use, asks it what it can do, writes to the data
directory, looks at the terminal and the versions, and says in plain words what it found. Nothing
is changed. Exit code 0: a lab can run here; 1: it cannot, and each BAD line says what to do.

examples:
  dasprep-tui doctor                           this machine, with the embedded broker
  dasprep-tui doctor --bootstrap localhost:9092
                                               what another Kafka can do, node by node
  dasprep-tui doctor --json                    the same for a program"""
