"""A dialog with a list above and what there is to know of the chosen row below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tui.glyphs import Glyphs
from tui.lines import Line
from tui.moment import Moment
from tui.panels.cursor import CursorPanel
from tui.screens.bench import TextPanel
from tui.screens.live import LiveDialog


class ChoosingDialog(LiveDialog):
    """List and detail; the list's keys are `LIST_BINDINGS`, its id is `LIST_ID`."""

    AUTO_FOCUS = ".choices"
    LIST_ID: ClassVar[str]
    DETAIL_ID: ClassVar[str]
    LIST_BINDINGS: ClassVar[list[BindingType]]

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        rows = type("Rows", (CursorPanel,), {"BINDINGS": self.LIST_BINDINGS})
        self.list: CursorPanel = rows(id=self.LIST_ID, glyphs=glyphs)
        self.list.add_class("choices")
        self.detail = TextPanel(id=self.DETAIL_ID, glyphs=glyphs)

    def body(self) -> ComposeResult:
        """List and detail."""
        yield self.list
        yield self.detail

    def show_list(
        self,
        count: int,
        height: int,
        lines: Callable[[int], Sequence[Line]],
        heading: Callable[[int], Line],
        nothing: str,
    ) -> None:
        """Draw `count` rows in a list of `height`, or that there are none."""
        if not count:
            self.list.shard_ids = []
            self.list.show_lines([((nothing, "busy"),)])
            self.detail.show_lines([])
            return
        room = max(1, self.list.room if self.list.size.width else self.width - 1)
        self.list.styles.height = height + 2
        self.list.show_rows(range(count), lines(room), heading(room))
        self.draw_detail()

    def draw_detail(self) -> None:
        """Draw what there is to know of the chosen row."""
        room = max(1, self.detail.room if self.detail.size.width else self.width - 1)
        self.detail.show_lines(self.detail_lines(room))

    def detail_lines(self, room: int) -> Sequence[Line]:
        """What there is to know of the chosen row, in lines of `room` cells."""
        raise NotImplementedError

    def action_choose(self, step: int) -> None:
        """Look at another row."""
        self.list.action_move(step)
        self.draw_detail()

    def action_page(self, step: int) -> None:
        """Move by several rows."""
        self.action_choose(step)
