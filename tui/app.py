"""The live screens on a lab, and what a viewer can ask of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import ClassVar, Final

from textual import work
from textual.command import Provider

from streaming.lab.commands import Command, Reply, SetRate, WhatIf
from streaming.lab.link import LabLink
from tui import bindings
from tui.following import REFRESH_HZ, FollowingApp
from tui.palette import LabCommands
from tui.panels.keybar import keys_by_id
from tui.safe import safe
from tui.screens.benches import BENCHES
from tui.screens.dialog import DIALOG_WIDTH, EDGES, Dialog
from tui.screens.main import MainScreen
from tui.views.broker import broker_text
from tui.views.plan import open_shards
from tui.views.texts import help_lines, plain_lines

LOAD_STEPS: Final = {-1: 0.8, 1: 1.25}
LEAST_LOAD: Final = 10.0
MOST_LOAD: Final = 1_000_000.0
REPLY_LIMIT: Final = 300
TITLES: Final[dict[type, str]] = {WhatIf: "What if: other keys"}
"""Titles of the answers to commands whose own names are no words."""
STYLES: Final[list[str | PurePath]] = [
    f"styles/{name}.tcss" for name in ("lab", "dialogs", "consumers")
]


class LabApp(FollowingApp):
    """The app: keys and commands over what follows the lab."""

    TITLE = "dasprep-tui"
    CSS_PATH = STYLES
    BINDINGS = bindings.APP
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = (
        FollowingApp.COMMANDS | {LabCommands}
    )

    def action_pause(self) -> None:
        """Hold the display; the lab goes on."""
        self.paused = not self.paused
        if self.paused:
            self.main.show_header(self._header_moment())
        else:
            self.draw()

    def action_refresh_rate(self, step: int) -> None:
        """Refresh more or less often."""
        place = REFRESH_HZ.index(self.hertz) + step
        self.hertz = REFRESH_HZ[min(max(place, 0), len(REFRESH_HZ) - 1)]
        if self._beat is not None:
            self._beat.stop()
        self._beat = self.set_interval(1 / self.hertz, self.beat)
        self.main.show_header(self._header_moment())

    def on_main_screen_stream_chosen(self, event: MainScreen.StreamChosen) -> None:
        """Show another stream, of the held snapshot while the display is paused."""
        self.stream = event.name
        self._show(self._header_moment())

    def action_load(self, step: int) -> None:
        """Ask for less or more load than was asked for last."""
        if self.newest is None:
            self.tell("The lab is not running yet.", ok=False)
            return
        now = self._asked_load
        if now is None:
            now = self.newest.traffic.target_per_s
        wanted = max(now, LEAST_LOAD) * LOAD_STEPS[step]
        self._asked_load = min(max(round(wanted), 0.0), MOST_LOAD)
        self.ask(SetRate(self._asked_load))

    def action_help(self) -> None:
        """Explain keys and panels."""
        keys = bindings.keys_of(bindings.DIALOGS, self._keymap)
        keys |= keys_by_id(self.main.active_bindings.values())
        self.push_screen(
            Dialog("Help", lambda width: help_lines(keys, width, self.glyphs), glyphs=self.glyphs)
        )

    def ask(self, command: Command, long: bool = False) -> None:
        """Send a command; the reply comes as a toast, or in a dialog if it took long."""
        if long:
            name = TITLES.get(type(command), type(command).__name__)
            self.tell(f"{name}: under way; this takes a while.", ok=True)
        self._send(command, long)

    @work(group="commands")
    async def _send(self, command: Command, long: bool) -> None:
        try:
            reply = await self.link.send(command)
        except Exception as error:
            reply = Reply(
                False, f"{type(command).__name__} failed: {error or type(error).__name__}"
            )
            long = True
        if long:
            self.report(TITLES.get(type(command), type(command).__name__), reply.text)
        else:
            self.tell(reply.text, ok=reply.ok)

    def report(self, title: str, text: str) -> None:
        """Show a text from outside in a dialog."""
        self.push_screen(Dialog(title, lambda width: plain_lines(text, width), glyphs=self.glyphs))

    def action_broker(self) -> None:
        """Show the cluster's nodes and what it can do."""
        if self.newest is not None:
            self.report("Broker", broker_text(self.newest.broker, self.newest.at_ms))

    def action_bench(self, name: str) -> None:
        """Open a dialog that changes the shown stream."""
        self.push_screen(BENCHES[name](self.glyphs, self._header_moment()))

    def action_what_if(self) -> None:
        """Try other keys out on the shown stream's newest records, on as many shards and twice."""
        stream = None if self.main.moment is None else self.main.moment.shown_stream
        if stream is None:
            self.tell("The lab is not running yet.", ok=False)
            return
        count = len(open_shards(stream))
        width = min(self.size.width, DIALOG_WIDTH) - EDGES
        self.ask(WhatIf(stream.name, (count, 2 * count), width), True)

    def tell(self, text: str, *, ok: bool) -> None:
        """Show a text from outside as a toast."""
        shown = safe(text, REPLY_LIMIT)
        self.notify(shown, severity="information" if ok else "error", markup=False)


def run_app(
    link_factory: Callable[[], LabLink],
    *,
    refresh_hz: float = 2.0,
    ascii: bool = False,
    crash_dir: Path | None = None,
) -> int:
    """Run the screens on a lab until the viewer leaves, and return the exit code."""
    from tui.session import run

    return run(
        lambda: LabApp(link_factory(), refresh_hz=refresh_hz, ascii=ascii), crash_dir=crash_dir
    )
