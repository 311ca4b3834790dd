"""What can be asked of the lab from the command palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider

from streaming.lab.commands import SetRate, Verify
from streaming.lab.snapshot import LabSnapshot
from tui import deeds
from tui.chaos import every
from tui.safe import safe

if TYPE_CHECKING:
    from tui.app import LabApp

NAME_LIMIT = 40
TEXT_LIMIT = 120


class Entry(NamedTuple):
    """One line of the palette; `why` is the reason it cannot be done here, "" when it can."""

    title: str
    text: str
    run: Callable[[], None]
    why: str = ""


def entries(app: LabApp, snapshot: LabSnapshot | None) -> Iterator[Entry]:
    """Return what can be asked for now."""
    if snapshot is None:
        return
    yield Entry(
        "Chaos and traffic",
        "Load, shapes, incidents, faults of the broker and kills, with what runs already",
        partial(app.action_bench, "chaos"),
    )
    for trouble in every(snapshot, app.load):
        yield _entry(app, trouble.deed)
    yield Entry(
        "What if: other keys",
        "What each key would do to the shown stream, from its newest records",
        app.action_what_if,
    )
    yield from _of_stream(app, snapshot)
    yield Entry(
        "Show broker",
        "Its nodes and replicas, what it can do and why it cannot do the rest",
        app.action_broker,
    )
    yield Entry(
        "Verify",
        "Compute the truth from the log and compare it with the store; takes a while",
        partial(app.ask, Verify(), True),
    )


def _of_stream(app: LabApp, snapshot: LabSnapshot) -> Iterator[Entry]:
    """Return what can be done to the shown stream and the shard under the cursor."""
    yield Entry(
        "Key lab",
        "Give the shown stream another key; before, after and predicted side by side",
        partial(app.action_bench, "keys"),
    )
    yield Entry(
        "Shards and lineage",
        "Splits and merges of the shown stream, and the number of its shards",
        partial(app.action_bench, "shards"),
    )
    yield Entry(
        "Windows",
        "The declared windows and their newest results",
        partial(app.action_bench, "windows"),
    )
    yield Entry(
        "Alarms and detectors",
        "Their states, their reasons, and what to do about an alarm",
        partial(app.action_bench, "alarms"),
    )
    stream = None if app.main.moment is None else app.main.moment.shown_stream
    if stream is None:
        return
    cursor = app.main.shards.cursor
    shard = next((s for s in stream.shards if s.id == cursor), None)
    found = [
        deeds.split(stream, shard),
        deeds.merge(stream, shard),
        *(deeds.limits(stream, numbers) for numbers in deeds.LIMITS if numbers != stream.limits),
        deeds.parents_first(stream, snapshot),
        deeds.fan_out(stream, snapshot),
        *(deeds.polled_by(stream, readers) for readers in deeds.READERS),
        deeds.aggregation(stream),
        deeds.naive_aggregation(stream),
        deeds.collection(stream),
    ]
    for deed in found:
        yield _entry(app, deed)
    lacking = snapshot.broker.lacks(deeds.ADD_PARTITIONS)
    if stream.view != "kinesis":
        title = f"Add partitions to {safe(stream.name, NAME_LIMIT)}"
        run = partial(app.tell, f"{title}: {lacking}", ok=False)
        open_it = partial(app.action_bench, "shards")
        yield Entry(title, "More of them, in a new epoch", run if lacking else open_it, lacking)
    else:
        title = f"Change the number of shards of {safe(stream.name, NAME_LIMIT)}"
        yield Entry(title, "As UpdateShardCount does it", partial(app.action_bench, "shards"))


def _ask(app: LabApp, deed: deeds.Deed) -> None:
    for command in deed.commands:
        if isinstance(command, SetRate):
            app.asked_load = command.per_s
        app.ask(command)


def _entry(app: LabApp, deed: deeds.Deed) -> Entry:
    """Return the deed's line, greyed out with the reason where there is one."""
    run = partial(app.tell, f"{deed.title}: {deed.why}", ok=False)
    return Entry(deed.title, deed.text, run if deed.why else partial(_ask, app, deed), deed.why)


class LabCommands(Provider):
    """Offers the lab's commands; names from outside are Text, which is never read as markup."""

    def _entries(self) -> Iterator[Entry]:
        app = cast("LabApp", self.app)
        return entries(app, app.newest)

    async def discover(self) -> Hits:
        """List everything while nothing is typed."""
        for entry in self._entries():
            yield DiscoveryHit(_prompt(entry), entry.run, text=entry.title)

    async def search(self, query: str) -> Hits:
        """List what matches the typed text."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = matcher.match(entry.title)
            if score > 0:
                yield Hit(score, _prompt(entry), entry.run, text=entry.title)


def _prompt(entry: Entry) -> Text:
    """Return title and explanation as text that nothing interprets."""
    prompt = Text(entry.title, "dim" if entry.why else "")
    text = f"not here: {entry.why}" if entry.why else entry.text
    prompt.append("\n" + safe(text, TEXT_LIMIT), "dim")
    return prompt
