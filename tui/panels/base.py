"""A panel that draws ready-made lines: only what changed is drawn again, nothing is interpreted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from tui.glyphs import UNICODE, Glyphs, as_ascii
from tui.lines import STYLES, Line, Lines, text_of

LINE_CLASSES: Final = {f"line--{name}" for name in STYLES}
"""Component classes of a screen with panels: kept once there, not styled anew in each panel."""


class LinePanel(ScrollView, inherit_bindings=False):
    """Lines of (text, style name) segments under an optional fixed first line."""

    def __init__(self, *, id: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self.stale = False
        self._fixed: tuple[Line, ...] = ()
        self._lines: Sequence[Line] = ()
        self._strips: dict[int, Strip] = {}
        self._looks: dict[str, Style] = {}
        self._drawn_width = 0
        self.jump_key = ""

    @property
    def room(self) -> int:
        """Cells a line has, the scrollbar's own column not counted; at least one."""
        return max(self.scrollable_content_region.width, 1)

    @property
    def texts(self) -> list[str]:
        """All lines as plain text, the fixed ones first: what a selection is cut from."""
        return [self._text(text_of(line)) for line in (*self._fixed, *self._lines)]

    def show_lines(self, lines: Sequence[Line], fixed: tuple[Line, ...] = ()) -> None:
        """Draw these lines; those that are as before are left alone.

        Lines out of sight are not looked at: they are drawn when they come into it.
        """
        was_fixed, was = self._fixed, self._lines
        self._fixed, self._lines = fixed, lines if isinstance(lines, Lines) else tuple(lines)
        if len(was_fixed) != len(fixed) or len(was) != len(lines):
            self._strips.clear()
            self.virtual_size = Size(0, len(fixed) + len(lines))
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(was_fixed, fixed, strict=True)):
            if old != new:
                self.redraw(y)
        top = int(self.scroll_offset.y)
        sight = range(top, min(top + self.size.height, len(lines)))
        for place in [y for y in self._strips if y >= len(fixed) and y - len(fixed) not in sight]:
            del self._strips[place]
        for place in sight:
            if was[place] != self._lines[place]:
                self.redraw(place + len(fixed))

    def redraw(self, y: int) -> None:
        """Draw one line again, counted with the fixed ones."""
        self._strips.pop(y, None)
        if y < len(self._fixed):
            self.refresh(Region(0, y, self.size.width, 1))
        elif 0 <= y - self.scroll_offset.y < self.size.height:
            self.refresh_line(y)

    def row_text(self, *, whole: bool) -> str:
        """Return the text of the line that is looked at: the first one in sight."""
        place = int(self.scroll_offset.y)
        return text_of(self._lines[place]).strip() if place < len(self._lines) else ""

    def action_scroll_body(self, step: int) -> None:
        """Scroll by some lines."""
        self.scroll_to(y=self.scroll_offset.y + step, animate=False)

    def redraw_all(self) -> None:
        """Draw everything again: the look changed, not the text."""
        self._strips.clear()
        self.refresh()

    def show_stale(self, stale: bool) -> None:
        """Draw in one dim colour while the data is old; the header says how old."""
        if stale != self.stale:
            self.stale = stale
            self.redraw_all()

    def show_title(self, title: str, subtitle: str = "") -> None:
        """Set the texts on the frame, or both on its top line where that is all there is.

        A panel with a key of its own has it before its title.
        """
        title = f"{self.jump_key} {title}" if self.jump_key else title
        if not self.styles.border_bottom[0]:
            title, subtitle = f" {title}   {subtitle}".rstrip() + " ", ""
        for name, text in (("border_title", title), ("border_subtitle", subtitle)):
            content = Content(self._text(text)) if text else None
            if getattr(self, f"_{name}", None) != content:
                setattr(self, name, content)

    def notify_style_update(self) -> None:
        """Forget drawn lines when a theme or a class changed their colours."""
        super().notify_style_update()
        self._strips.clear()
        self._looks.clear()

    def marked(self, y: int) -> Line:
        """Return a line with what the panel itself adds to it, such as a cursor."""
        return self._lines[y - len(self._fixed)]

    def line_style(self, y: int) -> str:
        """Return the name of a style laid over a whole line, or ""."""
        return ""

    def render_line(self, y: int) -> Strip:
        """Draw one line of the visible part."""
        if self.size.width != self._drawn_width:
            self._drawn_width = self.size.width
            self._strips.clear()
        place = y if y < len(self._fixed) else y + self.scroll_offset.y
        if place >= len(self._fixed) + len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        selection = self.text_selection
        if selection is not None:
            return self._build(place, selection).apply_offsets(0, place)
        strip = self._strips.get(place)
        if strip is None:
            strip = self._strips[place] = self._build(place, None).apply_offsets(0, place)
        return strip

    def _build(self, place: int, selection: Selection | None) -> Strip:
        fixed = len(self._fixed)
        line = self._fixed[place] if place < fixed else self.marked(place)
        base = self.rich_style
        over = self._look(self.line_style(place))
        segments = [
            Segment(self._text(text), base + self._look("stale" if self.stale else style) + over)
            for text, style in line
        ]
        strip = Strip(segments).crop_extend(0, self.size.width, base + over)
        span = None if selection is None else selection.get_span(place)
        return strip if span is None else self._selected(strip, *span)

    def _look(self, name: str) -> Style:
        """Return a style by name, its transparency already mixed with the background."""
        look = self._looks.get(name)
        if look is None:
            look = self._looks[name] = self._mixed(name)
        return look

    def _mixed(self, name: str) -> Style:
        if not name or name == "text":
            return Style.null()
        styles = self.screen.get_component_styles(f"line--{name}")
        under = self.background_colors[1]
        colors = {
            rule: (under + color if color.ansi is None else color).rich_color
            for rule, color in (("color", styles.color), ("background", styles.background))
            if styles.has_rule(rule)
        }
        look = Style(color=colors.get("color"), bgcolor=colors.get("background"))
        return look + styles.text_style

    def _text(self, text: str) -> str:
        return as_ascii(text) if self.glyphs.plain else text

    def _selected(self, strip: Strip, start: int, end: int) -> Strip:
        """Lay the selection's style over the characters from `start` to `end` (-1: the end)."""
        left = strip.index_to_cell_position(min(start, len(strip.text)))
        right = strip.cell_length
        if end != -1:
            right = strip.index_to_cell_position(min(end, len(strip.text)))
        if right <= left:
            return strip
        style = self.screen.get_component_rich_style("screen--selection")
        middle = Strip([Segment(strip.crop(left, right).text, style)])
        return Strip.join([strip.crop(0, left), middle, strip.crop(right)])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return what the mouse marked, as the text that is on the screen."""
        try:
            return selection.extract("\n".join(self.texts)), "\n"
        except IndexError:
            return None

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw again without the cache while something is marked."""
        self._strips.clear()
        self.refresh()
