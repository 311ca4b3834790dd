"""Shards and their lineage: ranges to scale, and what can be done to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import events
from textual.app import ComposeResult

from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import ShardView, StreamView
from tui import bindings, deeds
from tui.deeds import Deed
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.cursor import CursorPanel
from tui.screens.bench import Bench
from tui.views.bench import NO_STREAM, Answer, now_line, producer_line, topic_lines
from tui.views.lineage import heading, lineage

HINT = "split and merge take the shard under the cursor"


class LineagePanel(CursorPanel):
    """The tree of shards, with a cursor."""

    BINDINGS = bindings.LINEAGE + bindings.PAGES

    def on_click(self, event: events.Click) -> None:
        """Choose a row."""
        place = event.get_content_offset(self)
        if place is not None and place.y and self.shard_ids:
            self.put_cursor(place.y - 1 + self.scroll_offset.y)


class LineageScreen(Bench):
    """The tree of a Kinesis stream; for a Kafka topic, in words, why it has none."""

    AUTO_FOCUS = "#lineage"
    TITLE_TEXT = "Shards and lineage"
    BAR = bindings.LINEAGE_BAR

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.tree_panel = LineagePanel(id="lineage", glyphs=glyphs)
        self._said = (Answer.HINT, HINT)
        self._view = ""

    def body(self) -> ComposeResult:
        """The tree."""
        yield self.tree_panel

    def draw(self) -> None:
        """Draw the moment."""
        stream, snapshot, width = self.stream, self.moment.snapshot, self.width
        put = () if stream is None else producer_line(stream, width, self.glyphs)
        self.now.show_lines([now_line(self.moment, width, self.glyphs, lab_wide=True), put])
        room = max(1, self.tree_panel.room if self.tree_panel.size.width else width - 1)
        if stream is None or snapshot is None:
            self.tree_panel.shard_ids = []
            self.tree_panel.show_lines([((NO_STREAM, "busy"),)])
            return
        if stream.view == "kinesis":
            ids, lines = lineage(stream, room, self.glyphs)
            self.tree_panel.show_rows(ids, lines, heading(room))
        else:
            self.tree_panel.shard_ids = []
            why = snapshot.broker.lacks(deeds.ADD_PARTITIONS)
            self.tree_panel.show_lines(topic_lines(stream, why, room))
        if stream.view != self._view:
            self._view = stream.view
            self.number_label.update("shards: " if stream.view == "kinesis" else "partitions: ")
            self._said = (Answer.HINT, HINT if stream.view == "kinesis" else "")
            self.refresh_bindings()

    @property
    def chosen(self) -> ShardView | None:
        """The shard under the cursor."""
        if self.stream is None or self.tree_panel.cursor not in self.tree_panel.shard_ids:
            return None
        return next((s for s in self.stream.shards if s.id == self.tree_panel.cursor), None)

    def action_do(self, name: str) -> None:
        """Carry out one of the deeds."""
        if self.stream is None or self.moment.snapshot is None:
            self.say(Answer.REFUSED, NO_STREAM)
            return
        self.carry_out(_DEEDS[name](self.stream, self.chosen, self.moment.snapshot))

    def action_number(self) -> None:
        """Type a number."""
        self.number.focus()

    def submit(self) -> None:
        """Have as many shards as was typed."""
        stream, snapshot = self.stream, self.moment.snapshot
        count = deeds.number(self.number.value)
        self.tree_panel.focus()
        if stream is None or snapshot is None:
            self.say(Answer.REFUSED, NO_STREAM)
        elif not count:
            self.say(Answer.REFUSED, f"type a number from 1 to {deeds.MOST:,}")
        else:
            self.carry_out(deeds.resize(stream, count, snapshot))

    def answered(self, *, ok: bool) -> None:
        """Take the number away once it holds."""
        if ok:
            self.number.value = ""

    def action_page(self, step: int) -> None:
        """Move the cursor by a page, or scroll the text."""
        if self.tree_panel.shard_ids:
            self.tree_panel.action_move(step)
        else:
            self.tree_panel.action_scroll_body(step)

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        """Hide what only ranges have while a topic is shown."""
        return action != "do" or (self.stream is not None and self.stream.view == "kinesis")


_DEEDS: dict[str, Callable[[StreamView, ShardView | None, LabSnapshot], Deed]] = {
    "split": lambda stream, shard, _: deeds.split(stream, shard),
    "merge": lambda stream, shard, _: deeds.merge(stream, shard),
    "limits": lambda stream, _, __: deeds.limits(stream),
    "parents": lambda stream, _, snapshot: deeds.parents_first(stream, snapshot),
    "fan_out": lambda stream, _, snapshot: deeds.fan_out(stream, snapshot),
    "aggregation": lambda stream, _, __: deeds.aggregation(stream),
    "collection": lambda stream, _, __: deeds.collection(stream),
}
"""The deeds by the names that the bindings give them."""
