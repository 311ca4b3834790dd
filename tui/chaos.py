"""Load and trouble that can be asked of the lab, each as a deed with what it does and finds it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from streaming.lab.commands import (
    AddConsumer,
    Inject,
    KillBroker,
    KillConsumer,
    SetRate,
    SetShape,
)
from streaming.lab.fault_commands import LiftFaults, PlantFault
from streaming.lab.snapshot import KILL_BROKER, PLANT_FAULTS, LabSnapshot
from tui import numbers
from tui.deeds import Deed
from tui.safe import safe

if TYPE_CHECKING:
    from generators.incidents import Kind
    from generators.traffic import Shape
    from streaming.broker.mischief import Mischief

LOAD_STEPS: Final = {-1: 0.8, 1: 1.25}
LEAST_LOAD: Final = 10.0
MOST_LOAD: Final = 1_000_000.0
INCIDENT_S: Final = 30.0
"""How long trouble lasts unless another time is typed."""
MOST_SECONDS: Final = 3600.0
NAME_LIMIT: Final = 40
GROUPS: Final = ("consumer", "broker", "traffic", "incident")
"""The order of the groups in the palette, where a short list shows the beginning."""

NOT_RUNNING: Final = "the generators do not run"

FOUND_BY: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "late": ((), "no alarm looks for it: what comes too late stands in the table late_events"),
    "duplicate": ((), "no alarm looks for it: copies count, and verify tells how many there were"),
    "poison": (("dead_letters",), ""),
    "hot_key": (("anomaly", "hot_shard"), "detector same_visitor; hot_shard with limits on"),
    "bot_storm": (("anomaly",), "detector scraping"),
    "payment_outage": (("anomaly", "declined_share"), "declined_share; detector declines"),
    "price_glitch": (("anomaly",), "detector prices"),
    "flash_sale": (("anomaly", "transaction_rate"), "detectors clicks and orders"),
    "slow_drift": (("anomaly",), "detector loading, if it lasts for minutes"),
}
"""Incident to the alarms of the set that ships, and a word about them (docs/alarms.md)."""


class Asked(NamedTuple):
    """What was typed: None where it is no number; 0 intensity is the incident's own."""

    load: float | None = 0.0
    seconds: float | None = INCIDENT_S
    intensity: float | None = 0.0


class Trouble(NamedTuple):
    """One thing to ask for. `until_at_ms` is when it ends by itself (0: unknown), if it runs."""

    name: str
    group: str
    deed: Deed
    more: str = ""
    running: bool = False
    until_at_ms: int = 0


@cache
def incident_kinds() -> dict[str, Kind]:
    """Return the incidents that can be planted, loaded when first needed: they need numpy."""
    from generators.incidents import KINDS

    return KINDS


@cache
def shapes() -> dict[str, Shape]:
    """Return the shapes of the rate."""
    from generators.traffic import SHAPES

    return SHAPES


@cache
def mischief() -> dict[str, Mischief]:
    """Return what the embedded broker can be told to do wrong."""
    from streaming.broker.mischief import MISCHIEF

    return MISCHIEF


def stepped(load: float, step: int) -> float:
    """Return the load (records/s) one step below or above this one."""
    return min(max(round(max(load, LEAST_LOAD) * LOAD_STEPS[step]), 0.0), MOST_LOAD)


def typed(text: str, empty: float) -> float | None:
    """Return a typed number that is not negative, `empty` for nothing, None for what is none."""
    text = text.strip().replace(",", "")
    if not text:
        return empty
    try:
        value = float(text) if text.isascii() else math.nan
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None


def troubles(snapshot: LabSnapshot, load: float, asked: Asked) -> list[Trouble]:
    """Return all there is to ask for; `load` is what was asked for last, in records/s."""
    return [
        *_traffic(snapshot, load, asked),
        *_incidents(snapshot, asked),
        *_broker(snapshot, asked),
        *_consumers(snapshot),
    ]


def _traffic(snapshot: LabSnapshot, load: float, asked: Asked) -> Iterator[Trouble]:
    traffic = snapshot.traffic
    for step, word in ((1, "up"), (-1, "down")):
        wanted = stepped(load, step)
        text = f"From {numbers.count(load)} to {numbers.count(wanted)} records/s over all streams"
        yield Trouble(f"load.{word}", "traffic", Deed(f"Load {word}", text, (SetRate(wanted),)))
    exact = Deed("Load as typed", "So many records/s over all streams")
    if asked.load and asked.load <= MOST_LOAD:
        text = f"{numbers.count(asked.load)} records/s over all streams"
        exact = exact._replace(text=text, commands=(SetRate(asked.load),))
    else:
        exact = exact._replace(why=f"type a load from 1 to {MOST_LOAD:,.0f} records/s")
    yield Trouble("load.exact", "traffic", exact)
    for name, shape in shapes().items():
        deed = Deed(f"Traffic {name}", _sentence(shape.text), (SetShape(name),))
        yield Trouble(f"shape.{name}", "traffic", deed, running=traffic.shape == name)


def _incidents(snapshot: LabSnapshot, asked: Asked) -> Iterator[Trouble]:
    traffic = snapshot.traffic
    ends = dict(zip(traffic.incidents, traffic.incident_ends, strict=False))
    for name, kind in incident_kinds().items():
        text = f"{_sentence(kind.text)} ({asked.intensity or kind.intensity:g})"
        deed = Deed(f"Plant {name}", text)
        why = _why_not(name, asked)
        if traffic.state in ("dead", "done"):
            why = NOT_RUNNING
        if not why and asked.seconds is not None and asked.intensity is not None:
            deed = deed._replace(commands=(Inject(name, asked.seconds, asked.intensity),))
        yield Trouble(
            f"incident.{name}", "incident", deed._replace(why=why),
            finders(name), name in traffic.incidents, ends.get(name, 0),
        )  # fmt: skip


def _why_not(name: str, asked: Asked) -> str:
    """Return what is wrong with the typed time and intensity, for this incident."""
    from generators.incidents import checked_intensity

    if asked.seconds is None or not 0 < asked.seconds <= MOST_SECONDS:
        return f"type seconds above 0 and at most {MOST_SECONDS:,.0f}"
    if asked.intensity is None:
        return "type an intensity that is a number, or none"
    try:
        checked_intensity(name, asked.intensity)
    except ValueError as error:
        return str(error)
    return ""


def finders(name: str) -> str:
    """Return which alarm should find an incident, or why none does."""
    alarms, words = FOUND_BY.get(name, ((), "no alarm is known to look for it"))
    if not alarms:
        return words
    plural = "s" if len(alarms) > 1 else ""
    return f"alarm{plural} {', '.join(alarms)}" + (f" ({words})" if words else "")


def _broker(snapshot: LabSnapshot, asked: Asked) -> Iterator[Trouble]:
    kill = Deed("Kill broker", "SIGKILL the broker; it restarts on its data", (KillBroker(),))
    why = snapshot.broker.lacks(KILL_BROKER)
    more = "no alarm of its own: the header and the events tell; lag_grows if it takes long"
    yield Trouble("broker.kill", "broker", _greyed(kill, why), more)
    why = snapshot.broker.lacks(PLANT_FAULTS)
    ends = {fault.name: fault.until_at_ms for fault in snapshot.broker.faults}
    seconds = asked.seconds
    for name, fault in mischief().items():
        deed = Deed(f"Broker {name.replace('_', ' ')}", _sentence(fault.text))
        wrong = "" if _fits(seconds) else "type seconds from 0.5 to 300"
        if not why and not wrong and seconds is not None:
            deed = deed._replace(commands=(PlantFault(name, seconds),))
        more = "no alarm of its own; lag_grows or iterator_age if readers fall behind"
        yield Trouble(
            f"fault.{name}", "broker", _greyed(deed, why or wrong), more,
            name in ends, ends.get(name, 0),
        )  # fmt: skip
    lift = Deed("Broker well again", "End all faults that were planted in it", (LiftFaults(),))
    yield Trouble("broker.lift", "broker", _greyed(lift, why))


def _fits(seconds: float | None) -> bool:
    from streaming.broker.mischief import LONGEST_S, SHORTEST_S

    return seconds is not None and SHORTEST_S <= seconds <= LONGEST_S


def _consumers(snapshot: LabSnapshot) -> Iterator[Trouble]:
    add = Deed("Add consumer", "One more process in the group", (AddConsumer(),))
    yield Trouble("consumer.add", "consumer", add)
    for consumer in snapshot.consumers:
        deed = Deed(
            f"Kill consumer {safe(consumer.name, NAME_LIMIT)}",
            "SIGKILL its process; the lab starts it again after the group moved on",
            (KillConsumer(consumer.name),),
        )
        more = "alarms lag_grows and iterator_age, if its shards wait for long"
        why = "its process has ended already" if consumer.state == "dead" else ""
        yield Trouble(f"consumer.kill.{consumer.name}", "consumer", _greyed(deed, why), more)


def _greyed(deed: Deed, why: str) -> Deed:
    return deed._replace(commands=(), why=why) if why else deed


def every(snapshot: LabSnapshot, load: float) -> Iterator[Trouble]:
    """Return what can be asked for without typing anything: what the palette offers."""
    found = troubles(snapshot, load, Asked())
    for trouble in sorted(found, key=lambda trouble: GROUPS.index(trouble.group)):
        if trouble.group == "incident":
            name = trouble.name.removeprefix("incident.")
            text = f"{trouble.deed.text}; {finders(name)}"
            deed = trouble.deed._replace(title=f"Plant incident: {name}", text=text)
            yield trouble._replace(deed=deed)
        elif trouble.name != "load.exact":
            yield trouble


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
