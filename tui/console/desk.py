"""What is asked at the console and what came of it; the screen only draws this."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from streaming.lab.link import LabError, LabLink
from streaming.store.catalogue import Catalogue
from streaming.store.exported import ExportError
from streaming.store.jail import CANCELLED, Leash, SqlResult
from streaming.store.results import plan_rows
from tui.console.asking import PAGE_ROWS, Asker
from tui.console.copies import Copies, Copy
from tui.views.grid import Grid, shaped

Work: TypeAlias = Literal["", "copying", "running", "exporting"]


@dataclass(frozen=True)
class Page:
    """Some rows of a query's result. `total` is None while nobody knows it."""

    sql: str
    copy: Copy
    offset: int
    result: SqlResult
    grid: Grid
    total: int | None = None
    counting: bool = False

    @property
    def end(self) -> int:
        """The number of the row behind the last one here."""
        return self.offset + len(self.result.rows)

    @property
    def more(self) -> bool:
        """Whether there are rows behind these."""
        return self.result.truncated if self.total is None else self.end < self.total


class Desk:
    """Runs one thing at a time; `changed` is called, in the app's loop, when there is news."""

    def __init__(
        self,
        link: LabLink,
        asker: Asker,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self._asker = asker
        self._monotonic = monotonic
        self._changed = changed
        self.copies = Copies(link, clock, monotonic)
        self.catalogue = Catalogue()
        self.page: Page | None = None
        self.work: Work = ""
        self.error = ""
        self.said = ""
        self.began_at = 0.0
        self.exported = 0
        self._leash = Leash()
        self._counting = Leash()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def elapsed_s(self) -> float:
        """How long the present work has taken."""
        return max(0.0, self._monotonic() - self.began_at)

    # --- asking -----------------------------------------------------------------------------

    def run(self, sql: str) -> None:
        """Run a query from its first row on, on a copy that is young enough."""
        self._begin(self._run(sql), "copying")

    def turn(self, step: int) -> None:
        """Show the page after (1) or before (-1) this one, of the same copy."""
        page = self.page
        if page is None or self.work:
            return
        offset = page.end if step > 0 else max(0, page.offset - PAGE_ROWS)
        if offset == page.offset or (step > 0 and not page.more):
            return
        self._begin(self._ask(page.sql, page.copy, offset, page.total), "running")

    def refresh(self) -> None:
        """Take a new copy now, and read its tables."""
        self._begin(self._learn(anew=True), "copying")

    def learn(self) -> None:
        """Take a copy if need be and read its tables, for the completion."""
        self._begin(self._learn(), "copying")

    def export(self, target: Path, replace_it: bool) -> None:
        """Write the whole result of the shown query."""
        if self.page is not None:
            self._begin(self._export(self.page, target, replace_it), "exporting")

    def cancel(self) -> None:
        """End the present work: its process is killed."""
        self._leash.cancel()
        self._changed()

    def close(self) -> None:
        """End everything and remove the copy."""
        self._leash.cancel()
        self._counting.cancel()
        self.copies.close()

    # --- at work ----------------------------------------------------------------------------

    def _begin(self, work: Awaitable[None], what: Work) -> None:
        if self.work:
            asyncio.ensure_future(work).cancel()
            return
        self.work, self.error, self.said = what, "", ""
        self.began_at, self.exported = self._monotonic(), 0
        self._leash = Leash()
        self._keep(asyncio.create_task(self._finish(work)))
        self._changed()

    async def _finish(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (LabError, ExportError) as error:
            self.error = str(error)
        except Exception as error:  # shown in place, whatever it was: the console goes on
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self.work = ""
            self._changed()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, sql: str) -> None:
        self._counting.cancel()
        copy = await self._copy()
        if copy is not None:
            self.page = None
            await self._ask(sql, copy, 0, None)

    async def _copy(self, anew: bool = False) -> Copy | None:
        """A copy, or None when the work was cancelled meanwhile."""
        copy = await self.copies.fresh(anew)
        if self._leash.cancelled:
            self.error = CANCELLED
            return None
        return copy

    async def _ask(self, sql: str, copy: Copy, offset: int, total: int | None) -> None:
        self.work, self.began_at = "running", self._monotonic()
        self._changed()
        leash = self._leash
        result, grid = await asyncio.to_thread(self._fetch, copy.path, sql, offset, leash)
        if result.error is not None:
            self.error = result.error
            return
        page = Page(sql, copy, offset, result, grid, total)
        if not result.truncated:
            page = replace(page, total=page.end)
        elif total is None:
            page = replace(page, counting=True)
        self.page = page
        if page.counting:
            self._counting = Leash()
            self._keep(asyncio.create_task(self._count(page, self._counting)))

    def _fetch(self, db: Path, sql: str, offset: int, leash: Leash) -> tuple[SqlResult, Grid]:
        result = plan_rows(self._asker.page(db, sql, offset, leash))
        return result, shaped(result)

    async def _count(self, page: Page, leash: Leash) -> None:
        total = await asyncio.to_thread(self._asker.count, page.copy.path, page.sql, leash)
        now = self.page
        if now is not None and not leash.cancelled and now.copy is page.copy:
            self.page = replace(now, total=total, counting=False)
            self._changed()

    async def _learn(self, anew: bool = False) -> None:
        copy = await self._copy(anew)
        if copy is None:
            return
        found = await asyncio.to_thread(self._asker.catalogue, copy.path)
        if found is not None:
            self.catalogue = found

    async def _export(self, page: Page, target: Path, replace_it: bool) -> None:
        def progress(rows: int) -> None:
            self.exported = rows

        done = await asyncio.to_thread(
            self._asker.export, page.copy.path, page.sql, target, replace_it, self._leash, progress
        )
        self.said = f"{done.rows:,} rows, {done.size_bytes:,} bytes written to {done.path}"
