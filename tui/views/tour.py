"""The tour: one line for each panel and each screen, with the key that opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from textual.binding import Binding

from tui import bindings
from tui.lines import Line, crop, merged
from tui.views.texts import wrapped

LINES: Final = 3
"""Lines of text a step may take."""


class Step(NamedTuple):
    """What is looked at: a panel by its id on the live screen, or a binding that opens a screen."""

    title: str
    text: str
    panel: str = ""
    binding: str = ""


PANELS: Final = (
    Step("Header", "where you are, whether the lab is live, its rate and its lag", "header"),
    Step(
        "Shards",
        "a row for each shard: what comes in, gets out, and waits; HOT is a word",
        "shards",
    ),
    Step("Heat", "each shard over the last minutes; each lighter shade is half as much", "heat"),
    Step("Rates", "records in and out per second and the lag, over the last minutes", "rates"),
    Step("Keys", "the heaviest keys with their shards, and what other keys would do", "keylist"),
    Step("Events", "what happened in the lab, the newest first", "events"),
)
SCREENS: Final = {
    "app.key_lab": "give the stream another key; before, after and predicted side by side",
    "app.shards": "where shards come from; split, merge and scale them",
    "app.windows": "the declared windows and their newest results",
    "app.alarms": "alarms and detectors, their states and their reasons",
    "app.sql": "questions to the store, read-only; ready queries, pages, export",
    "app.records": "the newest records, filtered, and the way of one from key to alarm",
    "app.consumers": "who reads what, how far behind, and every rebalance; pause and kill",
    "app.chaos": "change the load, plant trouble, kill things, and watch what finds it",
    "app.settings": "theme, refresh rate, ASCII and keys; all of it is kept",
    "app.commands": "everything there is to do, by its name",
    "app.help": "every key, panel and state; this tour is there, too (t)",
}
"""Id of a binding to what its screen is for; other screens have their binding's words alone."""


def steps() -> list[Step]:
    """Return the steps: panels, every screen a key opens, commands and help."""
    found = list(PANELS)
    last = []
    for binding in bindings.APP:
        if not isinstance(binding, Binding) or binding.id is None:
            continue
        step = Step(binding.description, SCREENS.get(binding.id, ""), binding=binding.id)
        if binding.action.startswith("bench("):
            found.append(step)
        elif binding.id in SCREENS:
            last.append(step)
    return found + last


def step_lines(
    number: int, all_: Sequence[Step], keys: Mapping[str, Sequence[str]], width: int
) -> list[Line]:
    """Return one step: how far one is, what it is about, the key, and what that is for."""
    step = all_[number]
    key = " or ".join(keys.get(step.binding, ()))
    head = merged(
        (
            (f"{number + 1}/{len(all_)}  ", "dim"),
            (step.title, "strong"),
            *([("  key ", "text"), (key, "key")] if key else []),
        )
    )
    text: list[Line] = [((line, "text"),) for line in wrapped(step.text, width)]
    return [crop(line, width) for line in (head, *text)][:LINES]
