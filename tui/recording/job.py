"""What a film is to be made of and into: travels to the process that makes it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tui.recording.shot import Shot


class Job(msgspec.Struct, frozen=True):
    """Make films of one trace. `outputs` are files; their endings say the formats."""

    trace: str
    shot: Shot
    outputs: tuple[str, ...]
    cast_version: Literal[2, 3] = 2
    font_px: int = 13


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far it is: a part (0 to 1) of what `doing` says."""

    doing: str
    part: float


class Written(msgspec.Struct, frozen=True, tag="written"):
    """A file is there."""

    path: str
    size_bytes: int


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It cannot be done; the text says what, why and what to do."""

    text: str


Said: TypeAlias = Progress | Written | Failed
