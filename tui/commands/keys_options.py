"""What `dasprep-tui keys` takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from tui.options import positive, rate, shard_counts

EXAMPLES: Final = """\
Takes your own events, one JSON object a line, or the newest of a running lab, and tells for each
way to choose a partition key and each number of shards how uneven the load would be, what the
shards' limits would refuse at your rate, and whose order is kept. A key is a field (customer_id),
a template ({country}:{device}), constant or none; with +salt8 one of 8 random suffixes, +salt8calc
calculated from the event's id, +salt8hot only for the 20 heaviest keys, +choose2 the less loaded
of two shards, +spread an explicit hash key for each record (--view kinesis). Keys that your events
cannot have are left out and named.

examples:
  dasprep-tui keys                             the running lab's clicks, at their measured rate
  dasprep-tui keys --sample events.jsonl --shards 4,8,16 --view kinesis --rate 5000
  dasprep-tui keys --sample events.jsonl --key user_id --key "{country}:{plan}" --view msk
  tail -n 20000 events.jsonl | dasprep-tui keys --sample - --json"""


def add_keys(keys: argparse.ArgumentParser) -> None:
    """Declare the options."""
    keys.add_argument(
        "--sample", metavar="FILE",
        help="JSON lines; - is standard input (default: the newest records of the running lab)",
    )  # fmt: skip
    keys.add_argument(
        "--stream", default="clicks", metavar="NAME", help="of the running lab (default: clicks)"
    )
    keys.add_argument(
        "--data-dir", type=Path, metavar="D", help="the lab's folder (default: the running or "
        "newest lab)",
    )  # fmt: skip
    keys.add_argument(
        "--key", dest="keys", action="append", metavar="KEY",
        help="a key to try; may be given several times (default: the shop's)",
    )  # fmt: skip
    keys.add_argument(
        "--shards", type=shard_counts, default=(4, 8, 16), metavar="N,N", help="default: 4,8,16"
    )
    keys.add_argument(
        "--view", choices=("kinesis", "msk"), default="kinesis",
        help="whose hashes and limits: Kinesis (MD5 ranges) or Kafka (murmur2); default: kinesis",
    )  # fmt: skip
    keys.add_argument(
        "--rate", type=rate, metavar="N",
        help="records per second of the stream, for the limits (default: as measured in the "
        "running lab; 1000 for a file)",
    )  # fmt: skip
    keys.add_argument(
        "--numbers", choices=("today", "course"), default="today",
        help="limits as they are, or as courses teach them (default: today)",
    )  # fmt: skip
    keys.add_argument(
        "--last", type=positive, default=20_000, metavar="N",
        help="use the last N records (default: 20000)",
    )  # fmt: skip
    keys.add_argument(
        "--seed", type=positive, default=7, metavar="N", help="of random suffixes (default: 7)"
    )
    keys.add_argument("--json", action="store_true", help="the rows as JSON")
