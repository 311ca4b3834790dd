"""Incidents to come: which, when and for how long, in seconds of event time after the beginning.

`--incidents default` is the file beside this one; `--incidents FILE` one's own, as TOML:

    [[incidents]]
    kind = "payment_outage"
    start = "26m"
    length = "90s"
    intensity = 0.95

or in one line, `--incidents payment_outage@26m+90s,flash_sale@31m+60s`.
"""

from __future__ import annotations

import random
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from generators.incidents import KINDS, checked_intensity

DEFAULT: Final = Path(__file__).with_name("incidents.toml")
MOST: Final = 200
LONGEST_S: Final = 86_400.0
JITTER_S: Final = 20.0

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0}
_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SHORT: Final = re.compile(r"\s*(?P<kind>[a-z_]+)@(?P<start>[^+@,]+)\+(?P<length>[^+@,]+)\s*")


class ScheduleError(ValueError):
    """The incidents cannot be; the text says where and why."""


class Planned(msgspec.Struct, frozen=True):
    """An incident from `start_s` on, for `length_s`; intensity 0 is the kind's own."""

    kind: str
    start_s: float
    length_s: float
    intensity: float = 0.0


def read_schedule(text: str, seed: int) -> tuple[Planned, ...]:
    """What `--incidents` says: none, default, a file's name, or KIND@START+LENGTH and so on.

    Those of `default` begin up to 20 s earlier or later, by the seed. Raises ScheduleError.
    """
    if text in ("", "none"):
        return ()
    if text == "default":
        return _shaken(_from_file(DEFAULT), seed)
    if "@" in text:
        return _in_order([_from_words(words) for words in text.split(",")])
    path = Path(text)
    if not path.is_file():
        raise ScheduleError(
            f"there is no file {text}; give default, none, a TOML file or KIND@START+LENGTH"
        )
    return _from_file(path)


def _from_words(words: str) -> Planned:
    match = _SHORT.fullmatch(words)
    if match is None:
        raise ScheduleError(f"{words!r} is not KIND@START+LENGTH, such as flash_sale@30m+60s")
    try:
        return _planned(match.groupdict())
    except ScheduleError as error:
        raise ScheduleError(f"{words.strip()}: {error}") from None


def _from_file(path: Path) -> tuple[Planned, ...]:
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScheduleError(f"{path} cannot be read as TOML: {error}") from error
    entries = document.get("incidents")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ScheduleError(f"{path}: write each incident below a line with [[incidents]]")
    heads = [
        i + 1
        for i, line in enumerate(text.splitlines())
        if re.match(r"\s*\[\[\s*incidents\s*\]\]", line)
    ]
    found = []
    for i, entry in enumerate(entries):
        try:
            found.append(_planned(entry))
        except ScheduleError as error:
            where = f", line {heads[i]}" if i < len(heads) else ""
            raise ScheduleError(f"{path}{where}: {error}") from None
    return _in_order(found)


def _planned(entry: dict[str, Any]) -> Planned:
    for name in entry.keys() - {"kind", "start", "length", "intensity"}:
        raise ScheduleError(f"an incident has no {name!r}; it has kind, start, length, intensity")
    for name in ("kind", "start", "length"):
        if not isinstance(entry.get(name), str):
            raise ScheduleError(f"an incident needs {name} = TEXT")
    intensity = entry.get("intensity", 0.0)
    if not isinstance(intensity, int | float) or isinstance(intensity, bool):
        raise ScheduleError("intensity is a number")
    if entry["kind"] not in KINDS:
        raise ScheduleError(
            f"no incident is called {entry['kind']!r}; there are {', '.join(KINDS)}"
        )
    try:
        checked_intensity(entry["kind"], float(intensity))
    except ValueError as error:
        raise ScheduleError(str(error)) from None
    start, length = (_seconds(name, entry[name]) for name in ("start", "length"))
    if not 0 < length <= LONGEST_S:
        raise ScheduleError("length: an incident lasts more than 0 s and at most a day")
    return Planned(entry["kind"], start, length, float(intensity))


def _seconds(name: str, text: str) -> float:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ScheduleError(f"{name}: {text!r} is no time such as 90s, 26m or 1h")
    return float(match[1]) * _UNITS[match[2]]


def _in_order(found: list[Planned]) -> tuple[Planned, ...]:
    if len(found) > MOST:
        raise ScheduleError(f"{len(found)} incidents; {MOST} are allowed")
    return tuple(sorted(found, key=lambda planned: (planned.start_s, planned.kind)))


def _shaken(found: tuple[Planned, ...], seed: int) -> tuple[Planned, ...]:
    roll = random.Random(seed)
    return tuple(
        msgspec.structs.replace(planned, start_s=planned.start_s + roll.uniform(-1, 1) * JITTER_S)
        for planned in found
    )
