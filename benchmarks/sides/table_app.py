"""The other side of the row `screen`: a shard table of Textual's own widget, cell by cell."""

from __future__ import annotations

import random
from typing import Any, Final

from textual.app import App, ComposeResult
from textual.widgets import DataTable

HERTZ: Final = 2.0
SHARDS: Final = 64
COLUMNS: Final = (
    "shard", "share", "in", "out", "lag", "eta", "age", "trend", "owner", "state",
)  # fmt: skip


class TableApp(App[None]):
    """Sixty-four rows of ten columns, all of which change twice a second."""

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield DataTable()

    def on_mount(self) -> None:
        """Fill it, and change it from then on."""
        self._chance = random.Random(7)
        table = self._table
        for name in COLUMNS:
            table.add_column(name, key=name, width=9)
        for shard in range(SHARDS):
            table.add_row(*self._cells(), key=str(shard))
        self.set_interval(1 / HERTZ, self._change)

    @property
    def _table(self) -> DataTable[Any]:
        return self.query_one(DataTable)

    def _cells(self) -> list[str]:
        return [f"{self._chance.randrange(100_000):,}" for _ in COLUMNS]

    def _change(self) -> None:
        for shard in range(SHARDS):
            for name, text in zip(COLUMNS, self._cells(), strict=True):
                self._table.update_cell(str(shard), name, text)


if __name__ == "__main__":
    TableApp().run()
