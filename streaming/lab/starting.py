"""What an engine is told at its start and how it ends, apart from the engine's own code.

Who starts one is on the screen before the engine's packages would be imported.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streaming.broker.wire import Wire

EXIT_CANNOT_START: Final = 2
EXIT_STORE: Final = 75


class EngineConfig(msgspec.Struct, frozen=True):
    """What the engine process is told; `settings` is LabSettings as JSON values.

    `kafka` is the table [kafka] of these settings. `resume`: an engine before this one was killed,
    and what was changed while it ran holds. `windows` are the declared ones as JSON,
    "" for those that ship.
    """

    settings: dict[str, Any]
    kafka: Wire
    root: str
    windows: str
    duration_s: float = 0.0
    resume: bool = False
