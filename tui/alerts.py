"""What alarms ask of the terminal: its bell, and a notification of the desktop."""

from __future__ import annotations

from textual.app import App

from streaming.lab.snapshot import LabSnapshot
from tui.safe import safe

NOTICE_LIMIT = 200


class Alerts:
    """Rings once for what is new since the last snapshot; what was before the first is past."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._bells: int | None = None
        self._noticed: int | None = None

    def hear(self, snapshot: LabSnapshot) -> None:
        """Ring and notify. An engine that begins again counts from 0: nothing is new then."""
        bells, noticed = self._bells, self._noticed
        self._bells, self._noticed = snapshot.bells, snapshot.noticed
        if bells is not None and snapshot.bells > bells:
            self._app.bell()
        if noticed is not None and snapshot.noticed > noticed:
            for text in snapshot.notices[-(snapshot.noticed - noticed) :]:
                self._notify(text)

    def _notify(self, text: str) -> None:
        driver = self._app._driver
        if driver is not None:
            driver.write(notification(text))


def notification(text: str) -> str:
    """The escape by which a terminal shows a notification (OSC 9); the text is harmless in it."""
    return f"\x1b]9;{safe(text, NOTICE_LIMIT)}\x07"
