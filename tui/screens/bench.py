"""What the dialogs that change a stream share: live news, commands, and the answer in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label

from streaming.lab.stream_snapshot import StreamView
from tui import bindings
from tui.deeds import Deed
from tui.errands import deliver
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.panels.keybar import KeyBar
from tui.safe import safe
from tui.screens.live import LiveDialog
from tui.views.bench import Answer, answer_lines

if TYPE_CHECKING:
    pass

NUMBER_LIMIT = 6


class TextPanel(LinePanel, can_focus=False):
    """Lines that are only read."""


class SafeInput(Input):
    """An input that keeps nothing a terminal must not get."""

    BINDINGS = bindings.PAGES

    def __init__(self, *, id: str, limit: int, placeholder: str = "") -> None:
        super().__init__(id=id, compact=True, max_length=limit, placeholder=placeholder)
        self.limit = limit

    def validate_value(self, value: str) -> str:
        """Clean what was typed or pasted."""
        return safe(value, self.limit)


class Bench(LiveDialog):
    """A dialog that changes a stream: a form, and the answer in place."""

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.now = TextPanel(id="now", glyphs=glyphs)
        self.answer = TextPanel(id="answer", glyphs=glyphs)
        self.number_label = Label(" shards: ", id="number-label", markup=False)
        self.number = SafeInput(id="number", limit=NUMBER_LIMIT)
        self._said: tuple[Answer, str] = (Answer.HINT, "")
        self._working = ""

    def compose(self) -> ComposeResult:
        """Lay out the form, the answer, the body and the keys."""
        with Vertical(id="bench"):
            yield self.now
            with Horizontal(id="form"):
                yield from self.form()
            yield self.answer
            yield from self.body()
            yield KeyBar(id="bench-keys", glyphs=self.glyphs, entries=self.BAR)

    def form(self) -> ComposeResult:
        """The inputs, side by side."""
        yield self.number_label
        yield self.number

    @property
    def stream(self) -> StreamView | None:
        """The shown stream."""
        return self.moment.shown_stream

    @property
    def working(self) -> bool:
        """Whether a command is under way."""
        return bool(self._working)

    def show(self, moment: Moment) -> None:
        """Show one instant."""
        super().show(moment)
        if self.is_mounted:
            self.say(*self._said)

    def say(self, kind: Answer, text: str) -> None:
        """Show an answer in place; it stays until the next one."""
        self._said = (kind, text)
        self.answer.show_lines(answer_lines(kind, text, self.width, self.glyphs))

    def carry_out(self, deed: Deed) -> None:
        """Send what a deed asks for, or say why not."""
        if self.working:
            self.app.bell()
            return
        if deed.why:
            self.say(Answer.REFUSED, f"{deed.title}: {deed.why}")
            return
        self._working = deed.title
        self.say(Answer.WORKING, deed.title)
        # A worker of the app: a closed dialog must not cancel what the lab is doing.
        self.app.run_worker(self._send(deed), group="commands")

    async def _send(self, deed: Deed) -> None:
        reply = await deliver(self.lab.link, deed.commands)
        self._working = ""
        if self in self.app.screen_stack and self.is_mounted:
            self.say(Answer.DONE if reply.ok else Answer.REFUSED, reply.text or deed.title)
            self.answered(ok=reply.ok)
        else:
            self.lab.tell(reply.text or deed.title, ok=reply.ok)

    def answered(self, *, ok: bool) -> None:
        """Go on after an answer."""

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.submit()

    def submit(self) -> None:
        """Carry out what was typed."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        """Offer every action; dialogs that cannot do some narrow this."""
        return True
