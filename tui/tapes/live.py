"""A tape in this terminal: the app above, the captions in rows of their own below it."""

from __future__ import annotations

from typing import Any, Final

from rich.cells import cell_len, set_cell_size
from textual import events, work
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message
from textual.pilot import Pilot

from streaming.lab.commands import Reply
from tui.app import LabApp
from tui.recording.captions import caption_lines
from tui.recording.stage import EmptyStage, Told
from tui.tapes.playing import finished
from tui.tapes.runner import TapeResult, run_tape
from tui.tapes.tape import Tape

FEWEST_ROWS: Final = 12
"""The app keeps these; in a lower terminal there are fewer rows for captions, or none."""
LANGUAGE: Final = "en"
EXIT_INTERRUPTED: Final = 130


class CaptionDriver(LinuxDriver):
    """Tells the app of a terminal that is some rows lower, and writes captions into those."""

    caption = ""
    chapter = ""

    @property
    def rows(self) -> int:
        """Rows below the app."""
        _, height = super()._get_terminal_size()
        return self._spare(height)

    def _spare(self, height: int) -> int:
        wanted = getattr(self._app, "caption_rows", 0)
        return max(0, min(int(wanted), height - FEWEST_ROWS))

    def _get_terminal_size(self) -> tuple[int, int]:
        width, height = super()._get_terminal_size()
        return width, height - self._spare(height)

    def process_message(self, message: Message) -> None:
        """Take the rows away of a size that the terminal tells by itself, too."""
        if isinstance(message, events.Resize):
            width, height = message.size
            size = Size(width, height - self._spare(height))
            message = events.Resize(size, size, size, message.pixel_size)
        super().process_message(message)

    def tell(self, caption: str, chapter: str) -> None:
        """Write a caption and its chapter below the app."""
        self.caption, self.chapter = caption, chapter
        self.retell()

    def retell(self) -> None:
        """Write them again: the terminal may have another size by now."""
        width, height = super()._get_terminal_size()
        rows = self._spare(height)
        for number, line in enumerate(told_lines(self.caption, self.chapter, width, rows)):
            row = height - rows + number + 1
            self.write(f"\x1b7\x1b[{row};1H\x1b[0;1m{line}\x1b[0m\x1b8")
        self.flush()


def told_lines(caption: str, chapter: str, width: int, rows: int) -> list[str]:
    """Return a caption as `rows` lines of exactly `width` cells, laid out as in films."""
    return [
        set_cell_size(f" {text}", width - cell_len(name) - 1) + f"{name} "
        for text, name in caption_lines(caption, chapter, width, rows)
    ]


class LiveStage(EmptyStage):
    """Shows captions and chapters in one language."""

    def __init__(self, app: App[Any], language: str) -> None:
        self._app = app
        self._language = language
        self._caption = ""
        self._chapter = ""

    def _own(self, text: Told) -> str:
        return text.get(self._language) or text.get(LANGUAGE, "")

    def caption(self, text: Told) -> None:
        """Show it."""
        self._caption = self._own(text)
        self._tell()

    def marker(self, text: Told) -> None:
        """Name the chapter."""
        self._chapter = self._own(text)
        self._tell()

    def _tell(self) -> None:
        driver = self._app._driver
        if isinstance(driver, CaptionDriver):
            driver.tell(self._caption, self._chapter)


class TapeApp(LabApp):
    """Plays a tape as soon as it is on the screen, and ends with it unless it is to stay."""

    tape: Tape
    language = LANGUAGE
    finish = False
    stay = False
    result: TapeResult | None = None
    verified: Reply | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.lines: list[str] = []

    @property
    def caption_rows(self) -> int:
        """Rows below the app that are asked for."""
        return self.tape.record.caption_rows

    def get_driver_class(self) -> type[Driver]:
        """The usual driver, with rows for captions where that is a Unix terminal's."""
        usual = super().get_driver_class()
        return CaptionDriver if usual is LinuxDriver else usual

    def on_ready(self) -> None:
        """Begin the tape."""
        self.play()

    def on_resize(self) -> None:
        """Put the captions where the terminal's last rows are now."""
        if isinstance(self._driver, CaptionDriver):
            self._driver.retell()

    def action_help_quit(self) -> None:
        """Leave on ctrl+c: whoever watches a tape has nothing to lose."""
        self.exit(return_code=EXIT_INTERRUPTED)

    @work(group="tape")
    async def play(self) -> None:
        """Play the tape; its lines are kept until the terminal is free."""
        stage = LiveStage(self, self.language)
        press = Pilot(self).press
        self.result = await run_tape(self.tape, self, press, stage, self.lines.append)
        if self.finish and self.result.ok:
            self.verified = await finished(self.link, self.lines.append)
        if not self.stay:
            ok = self.result.ok and (self.verified is None or self.verified.ok)
            self.exit(return_code=0 if ok else 1)
