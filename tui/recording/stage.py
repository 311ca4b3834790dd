"""What a story tells whoever records it, beside what the lab says and which keys are pressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

Told: TypeAlias = Mapping[str, str]
"""A text by language ("en", "de", ...), its figures filled in already."""


class Stage(Protocol):
    """Takes down a story as it happens; each call means this instant."""

    def key(self, key: str) -> None:
        """A key was pressed, by Textual's name of it."""

    def caption(self, text: Told) -> None:
        """Tell this below the screen from now on; an empty mapping ends it."""

    def marker(self, text: Told) -> None:
        """A chapter begins."""

    def still(self, name: str) -> None:
        """Keep the screen as a picture of this name."""

    def hide(self) -> None:
        """Leave out what follows, its time too."""

    def show(self) -> None:
        """Take it up again."""


class EmptyStage:
    """Nobody records."""

    def key(self, key: str) -> None:
        """Forget it."""

    def caption(self, text: Told) -> None:
        """Forget it."""

    def marker(self, text: Told) -> None:
        """Forget it."""

    def still(self, name: str) -> None:
        """Forget it."""

    def hide(self) -> None:
        """Forget it."""

    def show(self) -> None:
        """Forget it."""
