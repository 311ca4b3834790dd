"""A screen that paints what a key changed at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import Screen

if TYPE_CHECKING:
    from tui.following import FollowingApp


class PromptScreen(Screen[None]):
    """Does not let a key wait for the next frame.

    Textual paints at most once a frame: after a paint it waits for one to two frames (up to 33 ms)
    before the next. That is right for what changes by itself, but a key pressed just after the
    screen was drawn would be held up by that drawing twice.
    """

    def on_idle(self) -> None:
        """Paint now, not in the next frame, when a key was pressed since the last paint.

        Called before Textual's own handler, once all that the key changed has come in.
        """
        app = cast("FollowingApp", self.app)
        if app.pressed and self.is_active and self._is_dirty:
            app.pressed = False
            self._on_timer_update()

    @property
    def _is_dirty(self) -> bool:
        changed = self._layout_required or self._scroll_required or self._repaint_required
        return changed or bool(self._dirty_widgets)
