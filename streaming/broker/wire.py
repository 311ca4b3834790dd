"""How a connection travels to the lab's own processes; apart, so that sending needs no client."""

from __future__ import annotations

from typing import Any

import msgspec


class Wire(msgspec.Struct, frozen=True):
    """A connection on its way to one of our own processes, secrets in plain text.

    Only for the pipe that `platform.spawn` writes to; its text shows no secret.
    """

    bootstrap: str
    security: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Wire({self.bootstrap!r})"
