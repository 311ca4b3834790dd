"""Files that appear whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def appearing() -> Iterator[Callable[[Path], Path]]:
    """Give a function from a file's name to that of its draft, in the same folder.

    At the end all drafts get their names; after an error all of them are gone. Raises OSError.
    """
    drafts: dict[Path, Path] = {}

    def draft_of(path: Path) -> Path:
        draft = path.with_name(f".{path.name}.{os.getpid()}.part")
        drafts[path] = draft
        return draft

    try:
        yield draft_of
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
