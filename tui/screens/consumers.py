"""The consumers, live: members of the group, the shards of the one chosen, and rebalances."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from textual.app import ComposeResult

from streaming.lab.snapshot import ConsumerView
from tui import bindings, consumer_deeds
from tui.deeds import Deed
from tui.glyphs import Glyphs
from tui.lines import Line
from tui.moment import Moment
from tui.screens.bench import TextPanel
from tui.screens.choosing import ChoosingDialog
from tui.views.consumers import NO_MEMBERS, heading, member_lines, shard_lines, timeline_lines
from tui.views.members import Member, members

MOST_ROWS: Final = 8
VIEWS: Final = ("both", "shards", "rebalances")


class ConsumersScreen(ChoosingDialog):
    """Members above, the chosen one's shards below, then the group's rebalances."""

    TITLE_TEXT = "Consumers"
    BAR = bindings.CONSUMERS_BAR
    LIST_ID, DETAIL_ID = "members", "member-shards"
    LIST_BINDINGS = bindings.CONSUMERS + bindings.PAGES

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.timeline = TextPanel(id="timeline", glyphs=glyphs)
        self.shown = VIEWS[0]
        self._chosen: str | None = None
        self._members: tuple[Member, ...] = ()

    def body(self) -> ComposeResult:
        """Members, shards and rebalances."""
        yield from super().body()
        yield self.timeline

    def draw(self) -> None:
        """Draw the moment."""
        snapshot = self.moment.snapshot
        self._members = () if snapshot is None else members(snapshot)
        names = [member.view.name for member in self._members]
        # The cursor stays with what it is on, wherever that stands in the list now.
        if self._chosen in names:
            self.list.cursor = names.index(self._chosen)
        self.detail.display = self.shown != "rebalances"
        self.timeline.display = self.shown != "shards"
        height = min(len(names), max(3, min(MOST_ROWS, self.app.size.height // 4)))
        lines = partial(member_lines, self._members, glyphs=self.glyphs)
        self.show_list(len(names), height, lines, heading, NO_MEMBERS)
        room = self.timeline.room if self.timeline.size.width else self.width - 1
        timeline = () if snapshot is None else snapshot.timeline
        assignor = "" if snapshot is None else snapshot.assignor
        lines_of_it = timeline_lines(timeline, max(1, room), self.glyphs, assignor)
        self.timeline.show_lines(lines_of_it)

    def detail_lines(self, room: int) -> Sequence[Line]:
        """The shards of the chosen member."""
        place = self.list.cursor or 0
        member = self._members[place] if place < len(self._members) else None
        if member is None and self._members:
            member = self._members[-1]
        self._chosen = None if member is None else member.view.name
        return shard_lines(member, room, self.glyphs)

    @property
    def chosen(self) -> ConsumerView | None:
        """The member under the cursor."""
        return next((m.view for m in self._members if m.view.name == self._chosen), None)

    def action_other(self) -> None:
        """Show shards, rebalances, or both."""
        self.shown = VIEWS[(VIEWS.index(self.shown) + 1) % len(VIEWS)]
        self.draw()
        self.call_after_refresh(self.draw)

    def action_page(self, step: int) -> None:
        """Scroll shards and rebalances."""
        self.detail.action_scroll_body(step)
        self.timeline.action_scroll_body(step)

    def action_do(self, name: str) -> None:
        """Carry out one of the deeds on the chosen member, or say why not."""
        consumer = self.chosen
        if name == "add":
            self._carry_out(consumer_deeds.add())
        elif name == "regroup":
            snapshot = self.moment.snapshot
            if snapshot is not None:
                self._carry_out(consumer_deeds.regroup(snapshot.assignor))
        elif consumer is None:
            self.lab.tell(NO_MEMBERS, ok=False)
        elif name == "remove":
            self._carry_out(consumer_deeds.remove(consumer, len(self._members)))
        else:
            deeds = {
                "pause": consumer_deeds.pause,
                "slow": consumer_deeds.slower,
                "kill": consumer_deeds.kill,
            }
            self._carry_out(deeds[name](consumer))

    def _carry_out(self, deed: Deed) -> None:
        if deed.why:
            self.lab.tell(f"{deed.title}: {deed.why}", ok=False)
        for command in deed.commands:
            self.lab.ask(command)
