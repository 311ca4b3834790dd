"""What can be asked of the lab from the command palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider

from streaming.lab.commands import Inject, KillBroker, Verify
from streaming.lab.snapshot import KILL_BROKER, LabSnapshot
from tui import consumer_deeds, deeds
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


def incident_kinds() -> dict[str, str]:
    """Return the incidents that can be planted with what each does, loaded when first needed."""
    from generators.incidents import KINDS

    return {name: kind.text for name, kind in KINDS.items()}


def entries(app: LabApp, snapshot: LabSnapshot | None) -> Iterator[Entry]:
    """Return what can be asked for now."""
    if snapshot is None:
        return
    yield Entry(
        "Consumers",
        "Members of the group with their lag, and the last rebalances",
        partial(app.action_bench, "consumers"),
    )
    for consumer in snapshot.consumers:
        yield from (
            _entry(app, deed)
            for deed in (
                consumer_deeds.kill(consumer),
                consumer_deeds.pause(consumer),
                *(consumer_deeds.slow(consumer, n) for n in (*consumer_deeds.SLOW_PER_S, 0.0)),
                consumer_deeds.remove(consumer, len(snapshot.consumers)),
            )
        )
    yield _entry(app, consumer_deeds.add())
    yield _needing(
        KILL_BROKER,
        app,
        snapshot,
        Entry(
            "Kill broker",
            "SIGKILL the broker; it restarts on its data",
            partial(app.ask, KillBroker()),
        ),
    )
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
    for name, text in incident_kinds().items():
        yield Entry(f"Plant incident: {name}", text, partial(app.ask, Inject(name)))
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
    yield from (_entry(app, deed) for deed in found)
    lacking = snapshot.broker.lacks(deeds.ADD_PARTITIONS)
    if stream.view != "kinesis":
        title = f"Add partitions to {safe(stream.name, NAME_LIMIT)}"
        run = partial(app.tell, f"{title}: {lacking}", ok=False)
        open_it = partial(app.action_bench, "shards")
        yield Entry(title, "More of them, in a new epoch", run if lacking else open_it, lacking)
    else:
        title = f"Change the number of shards of {safe(stream.name, NAME_LIMIT)}"
        yield Entry(title, "As UpdateShardCount does it", partial(app.action_bench, "shards"))


def _entry(app: LabApp, deed: deeds.Deed) -> Entry:
    run = partial(app.tell, f"{deed.title}: {deed.why}", ok=False)
    return Entry(deed.title, deed.text, run if deed.why else partial(_ask, app, deed), deed.why)


def _ask(app: LabApp, deed: deeds.Deed) -> None:
    for command in deed.commands:
        app.ask(command)


def _needing(capability: str, app: LabApp, snapshot: LabSnapshot, entry: Entry) -> Entry:
    """Return the entry, greyed out with the reason when the broker lacks the capability."""
    why = snapshot.broker.lacks(capability)
    if not why:
        return entry
    return entry._replace(run=partial(app.tell, f"{entry.title}: {why}", ok=False), why=why)


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
