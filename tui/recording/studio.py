"""Makes films of traces in a process of their own, where time is virtual and nothing else differs.

A film's bytes depend on the trace and the `Shot` alone: not on the machine's speed, its time
zone, its terminal or the seed of its hashes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tui.recording.job import Failed, Job, Said

SAME_FOR_ALL: Final = {
    "TZ": "UTC",
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "TEXTUAL_COLOR_SYSTEM": "truecolor",
    "TEXTUAL_ANIMATIONS": "none",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "LC_ALL": "C.UTF-8",
}
KEPT: Final = ("PATH", "PYTHONPATH", "HOME", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
"""What of the environment the process needs to run; nothing of it is in a film."""


class FilmError(Exception):
    """No film; the text says what, why and what to do."""


def make(job: Job, hear: Callable[[Said], None], environ: Mapping[str, str] = os.environ) -> None:
    """Make the films of a job; `hear` is told how it goes. Raises FilmError."""
    env = {name: environ[name] for name in KEPT if name in environ} | SAME_FOR_ALL
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.recording.rendering"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )
    failure = ""
    try:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101
        process.stdin.write(msgspec.json.encode(job) + b"\n")
        process.stdin.close()
        decoder = msgspec.json.Decoder(Said)
        for line in process.stdout:
            said = decoder.decode(line)
            if isinstance(said, Failed):
                failure = said.text
            hear(said)
        errors = process.stderr.read() if process.stderr is not None else b""
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if code or failure:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        raise FilmError(failure or f"The film's process ended with code {code}: {''.join(last)}")
