"""The lab as a tape sees it through the app: never older than the tape's last command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui.tapes.metrics import Seen

if TYPE_CHECKING:
    from streaming.lab.snapshot import LabSnapshot
    from streaming.verify.report import VerifyReport
    from tui.app import LabApp

SNAPSHOTS: Final = 2
"""After a command its effect is seen in the second snapshot at the latest: the first may have been
measured before."""


class LabView:
    """The newest snapshot that is worth to be judged.

    Nothing is known while the link is lost, after a command until two snapshots have come, and
    after a kill of the engine until there is another one.
    """

    def __init__(self, app: LabApp, stream: str) -> None:
        self._app = app
        self._stream = stream
        self._engine: int | None = None
        self._from_seq = 0
        self._gone: int | None = None
        self.report: VerifyReport | None = None

    def command_sent(self) -> None:
        """What was known is old from now on."""
        newest = self._app.newest
        if newest is not None:
            self._engine, self._from_seq = newest.started_at_ms, newest.seq + SNAPSHOTS

    def engine_killed(self) -> None:
        """The engine that the newest snapshot is of says nothing more."""
        newest = self._app.newest
        self._gone = None if newest is None else newest.started_at_ms

    @property
    def snapshot(self) -> LabSnapshot | None:
        """What can be judged now, None while nothing can."""
        newest = self._app.newest
        if newest is None or self._app.lost is not None or newest.started_at_ms == self._gone:
            return None
        if newest.started_at_ms == self._engine and newest.seq < self._from_seq:
            return None
        return newest

    @property
    def seen(self) -> Seen:
        """What is known now."""
        return Seen(self.snapshot, self._stream, self.report)
