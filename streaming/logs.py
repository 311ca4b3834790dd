"""Logging of the lab's processes: to their own file, the same complaint once per ten seconds."""

from __future__ import annotations

import logging
import sys
import time
from typing import Final

_REPEAT_S: Final = 10.0


class _Repeats(logging.Filter):
    """A client without its broker says the same a hundred times a second; once is enough."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, str(record.msg))
        now = time.monotonic()
        last, count = self._seen.get(key, (-_REPEAT_S, 0))
        if now - last < _REPEAT_S:
            self._seen[key] = (last, count + 1)
            return False
        if count:
            record.msg = f"{record.msg} (and {count} times before)"
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[key] = (now, 0)
        return True


def to_stderr(process: str) -> None:
    """Log warnings (and our own information) to standard error, which is the process's file."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Repeats())
    handler.setFormatter(logging.Formatter(f"%(asctime)s {process} %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("streaming").setLevel(logging.INFO)
