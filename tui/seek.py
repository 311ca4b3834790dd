"""Where in a stream's log people want to look: an offset of a shard, or a time."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tui.options import duration

_PLACE: Final = re.compile(r"(?:([0-9]{1,4})/)?([0-9][0-9_,]{0,17})")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?")
WRONG: Final = (
    "write an offset (3/12345: of shard 3; 12345: of the chosen one), a time of day (12:03:44), or "
    "how long ago (-2m)"
)


class BadSeek(ValueError):
    """The text is neither offset nor time; it says what would be right."""


class Seek(NamedTuple):
    """An offset, of the shard if one was written, or else a time in ms since the Unix epoch."""

    offset: int | None = None
    shard: int | None = None
    at_ms: int | None = None


def parse_seek(text: str, now_ms: int) -> Seek:
    """What a text means now, by the clock of this machine. Raises BadSeek.

    A time of day that has not come yet today means yesterday's.
    """
    text = text.strip()
    place, clock = _PLACE.fullmatch(text), _CLOCK.fullmatch(text)
    if place is not None:
        offset = re.sub("[,_]", "", place[2])
        return Seek(int(offset), None if place[1] is None else int(place[1]))
    if clock is not None:
        return Seek(at_ms=_time_of_day(clock, now_ms))
    if text.startswith("-"):
        try:
            return Seek(at_ms=now_ms - int(duration(text[1:]) * 1000))
        except argparse.ArgumentTypeError as error:
            raise BadSeek(f"{text!r}: {WRONG}") from error
    raise BadSeek(f"{text!r}: {WRONG}")


def _time_of_day(clock: re.Match[str], now_ms: int) -> int:
    now = datetime.fromtimestamp(now_ms / 1000)
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    try:
        at = now.replace(
            hour=hour, minute=minute, second=second,
            microsecond=int((clock[4] or "0").ljust(3, "0")) * 1000,
        )  # fmt: skip
    except ValueError as error:
        raise BadSeek(f"{clock[0]!r} is no time of day") from error
    if at > now:
        at -= timedelta(days=1)
    return int(at.timestamp() * 1000)
