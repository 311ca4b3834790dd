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
from tui.chaos import stepped
from tui.palette import LabCommands
from tui.panels.keybar import keys_by_id
from tui.preferences import REFRESH_HZ, Choice
from tui.recording.hand import RecordingApp
from tui.screens.benches import bench, get_ready
from tui.screens.dialog import DIALOG_WIDTH, EDGES, Dialog, HelpDialog
from tui.screens.main import MainScreen
from tui.screens.tour import TourScreen
from tui.tailored import UNTOLD
from tui.views.broker import broker_text
from tui.views.plan import open_shards
from tui.views.texts import help_lines, plain_lines

TITLES: Final[dict[type, str]] = {WhatIf: "What if: other keys"}
"""Titles of the answers to commands whose own names are no words."""
SHEETS: Final = (
    "lab", "dialogs", "console", "chaos", "settings", "tour", "themes", "records", "consumers",
)  # fmt: skip
STYLES: Final[list[str | PurePath]] = [
    Path(__file__).with_name("styles") / f"{name}.tcss" for name in SHEETS
]
"""Whole paths: Textual looks for others beside the module of the class, which may be another."""


class LabApp(RecordingApp):
    """The app: keys and commands over what follows the lab."""

    TITLE = "dasprep-tui"
    CSS_PATH = STYLES
    BINDINGS = bindings.APP
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = (
        RecordingApp.COMMANDS | {LabCommands}
    )

    _mouse_taken = True

    def on_ready(self) -> None:
        """Make ready what the first key may open, once the first screen is painted."""
        self.main.call_after_refresh(self.run_worker, get_ready, thread=True, group="ready")

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
        self.set_rate(REFRESH_HZ[min(max(place, 0), len(REFRESH_HZ) - 1)])

    def on_main_screen_stream_chosen(self, event: MainScreen.StreamChosen) -> None:
        """Show another stream, of the held snapshot while the display is paused."""
        self.stream = event.name
        self._show(self._header_moment())

    @property
    def load(self) -> float:
        """The load that was asked for last, in records/s."""
        if self.asked_load is not None:
            return self.asked_load
        return 0.0 if self.newest is None else self.newest.traffic.target_per_s

    def action_load(self, step: int) -> None:
        """Ask for less or more load than was asked for last."""
        if self.newest is None:
            self.tell("The lab is not running yet.", ok=False)
            return
        self.asked_load = stepped(self.load, step)
        self.ask(SetRate(self.asked_load))

    def action_help(self) -> None:
        """Explain keys and panels."""
        keys = bindings.keys_of(bindings.DIALOGS, self._keymap)
        keys |= keys_by_id(self.main.active_bindings.values())
        self.push_screen(
            HelpDialog(
                "Help", lambda width: help_lines(keys, width, self.glyphs), glyphs=self.glyphs
            )
        )

    def action_tour(self) -> None:
        """Tell of one panel and screen after the other."""
        self.push_screen(TourScreen(self.glyphs))

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
        self.push_screen(bench(name, self.glyphs, self._header_moment()))

    def action_what_if(self) -> None:
        """Try other keys out on the shown stream's newest records, on as many shards and twice."""
        stream = None if self.main.moment is None else self.main.moment.shown_stream
        if stream is None:
            self.tell("The lab is not running yet.", ok=False)
            return
        count = len(open_shards(stream))
        width = min(self.size.width, DIALOG_WIDTH) - EDGES
        self.ask(WhatIf(stream.name, (count, 2 * count), width), True)

    def action_picture(self) -> None:
        """Save what is on the screen as SVG, and say where."""
        try:
            path = self.save_screenshot(path=str(Path.cwd()))
        except OSError as error:
            self.tell(f"The picture could not be saved: {error}", ok=False)
        else:
            self.tell(f"Saved {path}", ok=True)

    def action_mouse(self) -> None:
        """Let go of the mouse, so that the terminal marks and copies text; or take it again."""
        self._mouse_taken = not self._mouse_taken
        name = "_enable_mouse_support" if self._mouse_taken else "_disable_mouse_support"
        change = getattr(self._driver, name, None)
        if change is None:
            self.tell("This terminal's mouse cannot be let go of.", ok=False)
            return
        change()
        text = (
            "The mouse works here again." if self._mouse_taken else "The mouse is the terminal's."
        )
        self.tell(f"{text} m changes that.", ok=True)


def run_app(
    link_factory: Callable[[], LabLink],
    *,
    choice: Choice = UNTOLD,
    crash_dir: Path | None = None,
) -> int:
    """Run the screens on a lab until the viewer leaves, and return the exit code."""
    from tui.session import run

    wanted = choice.preferences
    return run(
        lambda: LabApp(link_factory(), refresh_hz=wanted.hz, ascii=wanted.ascii, choice=choice),
        crash_dir=crash_dir,
    )
