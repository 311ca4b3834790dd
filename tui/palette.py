"""What can be asked of the lab from the command palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.text import Text
from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider

from streaming.lab.commands import SetRate, Verify
from streaming.lab.snapshot import LabSnapshot
from tui import bindings, consumer_deeds, deeds
from tui.chaos import every
from tui.safe import safe

if TYPE_CHECKING:
    from tui.app import LabApp

NAME_LIMIT = 40
TEXT_LIMIT = 120
LOADS = {"load.up": "load(1)", "load.down": "load(-1)"}
HELP = {
    "app.help": "Keys, panels and states explained",
    "app.pause": "Hold the display; the lab goes on",
    "app.quit": "Leave, and end the lab if it is this screen's own",
    "refresh.up": "More updates a second",
    "refresh.down": "Fewer updates a second",
    "app.settings": "Theme, refresh rate, limits, ASCII, tour and keys, kept between starts",
    "shards.filter": "Only the shards that fit what is typed",
    "shards.filter.clear": "All shards again",
    "stream.next": "Clicks, orders, and so on",
    "sort.left": "By another column",
    "sort.right": "By another column",
    "sort.reverse": "Largest first or smallest first",
}
"""Id of a binding to what it is good for, where its description does not say enough."""


class Entry(NamedTuple):
    """One line of the palette; `why` is the reason it cannot be done here, "" when it can.

    `action` is the binding's action that does the same, "" where no key does.
    """

    title: str
    text: str
    run: Callable[[], object]
    why: str = ""
    action: str = ""


def entries(app: LabApp, snapshot: LabSnapshot | None) -> Iterator[Entry]:
    """Return what can be asked for now: of the lab first, then all that keys do besides."""
    found = [] if snapshot is None else list(_of_lab(app, snapshot))
    yield from found
    tour = "What each panel and screen is for, one step a key"
    yield Entry("Take the tour", tour, app.action_tour, action="tour")
    done = {entry.action for entry in found}
    for binding in _keys():
        if binding.action not in done:
            done.add(binding.action)
            yield _action(app, binding)


def _keys() -> Iterator[Binding]:
    """Return the bindings of the app and of the live screen, but for the palette's own."""
    for binding in (*bindings.APP, *bindings.MAIN):
        if isinstance(binding, Binding) and binding.action != "command_palette":
            yield binding


def _action(app: LabApp, binding: Binding) -> Entry:
    """Return a key's line; its action runs where the key would have run it."""
    place = app.main if binding in bindings.MAIN else app
    keys = bindings.keys_of([binding], app.keymap).get(binding.id or "", [])
    text = HELP.get(binding.id or "", "")
    text = f"{text}; key {' or '.join(keys)}" if text else f"Key {' or '.join(keys)}"
    run = partial(app.call_later, app.run_action, binding.action, place)
    return Entry(binding.description, text, run, action=binding.action)


def _bench(app: LabApp, title: str, text: str, name: str) -> Entry:
    return Entry(title, text, partial(app.action_bench, name), action=f"bench('{name}')")


def _of_lab(app: LabApp, snapshot: LabSnapshot) -> Iterator[Entry]:
    """Return what can be asked of the lab."""
    yield _bench(
        app,
        "Chaos and traffic",
        "Load, shapes, incidents, faults of the broker and kills, with what runs already",
        "chaos",
    )
    yield _bench(
        app,
        "Consumers",
        "Members of the group with their lag, and the last rebalances",
        "consumers",
    )
    for trouble in every(snapshot, app.load):
        yield _entry(app, trouble.deed)._replace(action=LOADS.get(trouble.name, ""))
    for consumer in snapshot.consumers:
        paces = (*consumer_deeds.SLOW_PER_S, 0.0)
        yield _entry(app, consumer_deeds.pause(consumer))
        for deed in (consumer_deeds.slow(consumer, pace) for pace in paces):
            yield _entry(app, deed)
        yield _entry(app, consumer_deeds.remove(consumer, len(snapshot.consumers)))
    for deed in consumer_deeds.other_ways(snapshot.assignor):
        yield _entry(app, deed)
    yield Entry(
        "What if: other keys",
        "What each key would do to the shown stream, from its newest records",
        app.action_what_if,
        action="what_if",
    )
    yield from _of_stream(app, snapshot)
    yield Entry(
        "Show broker",
        "Its nodes and replicas, what it can do and why it cannot do the rest",
        app.action_broker,
        action="broker",
    )
    yield Entry(
        "Verify",
        "Compute the truth from the log and compare it with the store; takes a while",
        partial(app.ask, Verify(), True),
    )


def _of_stream(app: LabApp, snapshot: LabSnapshot) -> Iterator[Entry]:
    """Return what can be done to the shown stream and the shard under the cursor."""
    yield _bench(
        app,
        "Key lab",
        "Give the shown stream another key; before, after and predicted side by side",
        "keys",
    )
    yield _bench(
        app,
        "Shards and lineage",
        "Splits and merges of the shown stream, and the number of its shards",
        "shards",
    )
    yield _bench(
        app,
        "Windows",
        "The declared windows and their newest results",
        "windows",
    )
    yield _bench(
        app,
        "Alarms and detectors",
        "Their states, their reasons, and what to do about an alarm",
        "alarms",
    )
    yield _bench(
        app,
        "SQL console",
        "Ask the store: read-only SQL on a copy, with ready queries and export",
        "sql",
    )
    yield Entry(
        "Records",
        "The newest records of the shown stream; filter, seek, and the path of one",
        partial(app.action_bench, "records"),
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
