"""The bell and desktop notifications: once for what is new, and harmless whatever the text."""

from typing import Any

import msgspec

from tests.screens.fakes import snapshot
from tui.alerts import Alerts, notification


class Terminal:
    def __init__(self) -> None:
        self.bells, self.written = 0, []
        self._driver: Any = self

    def bell(self) -> None:
        self.bells += 1

    def write(self, text: str) -> None:
        self.written.append(text)


def heard(terminal: Terminal, alerts: Alerts, bells: int, *notices: str, noticed: int = 0) -> None:
    alerts.hear(msgspec.structs.replace(snapshot(), bells=bells, notices=notices, noticed=noticed))


def test_only_what_is_new_rings() -> None:
    terminal = Terminal()
    alerts = Alerts(terminal)  # type: ignore[arg-type]
    heard(terminal, alerts, 5, "old", noticed=1)
    assert (terminal.bells, terminal.written) == (0, [])
    heard(terminal, alerts, 7, "old", "new", noticed=2)
    assert (terminal.bells, terminal.written) == (1, [notification("new")])
    heard(terminal, alerts, 7, "old", "new", noticed=2)
    heard(terminal, alerts, 0, noticed=0)
    assert (terminal.bells, len(terminal.written)) == (1, 1)
    heard(terminal, alerts, 1, "again", noticed=1)
    assert (terminal.bells, terminal.written[-1]) == (2, notification("again"))


def test_a_notification_cannot_be_broken_out_of() -> None:
    text = notification("a\x07b\x1b]52;c;AAAA\x07\x9c\u202ec" + "x" * 1000)
    assert text.startswith("\x1b]9;") and text.endswith("\x07")
    inside = text[4:-1]
    assert inside.isprintable() and len(inside) <= 200
