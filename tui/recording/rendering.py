"""`python -m tui.recording.rendering`: makes films in virtual time; `studio` starts it.

Reads a `Job`, one line of JSON, and prints what it `Said`, line by line. Exit code 0: all files
are there; 1: none of the missing ones is, and the last line says why.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec

from tui.recording.job import Failed, Job, Progress, Said, Written
from tui.recording.virtual import Clock, install, make_loop

_OUT: Final = sys.stdout.buffer
"""Textual puts something else in its place while an app runs."""


def main() -> int:
    """Do one job."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    clock = install(0.0)
    try:
        _make(job, clock)
    except Exception as error:
        _say(Failed(_reason(error)))
        return 1
    return 0


def _make(job: Job, clock: Clock) -> None:
    from tui.recording.camera import Camera
    from tui.recording.formats import Options, write
    from tui.recording.trace import read_trace

    trace = read_trace(Path(job.trace))
    loop = make_loop(clock)
    try:
        film = loop.run_until_complete(
            Camera(trace, job.shot, clock).film(lambda part: _say(Progress("filming", part)))
        )
    finally:
        loop.close()
    options = Options(font_px=job.font_px, fps=round(job.shot.fps), cast_version=job.cast_version)
    written: list[Path] = []
    try:
        for number, output in enumerate(job.outputs):
            _say(Progress(f"writing {Path(output).name}", number / len(job.outputs)))
            written += write(film, Path(output), options=options)
    except Exception:
        for path in written:  # all files or none
            path.unlink(missing_ok=True)
        raise
    for path in written:
        _say(Written(str(path), path.stat().st_size))


def _reason(error: Exception) -> str:
    from tui.recording.formats import FormatError
    from tui.recording.trace import TraceError

    if isinstance(error, TraceError | FormatError | OSError):
        return str(error)
    return f"The film could not be made: {type(error).__name__}: {error}"


def _say(said: Said) -> None:
    _OUT.write(msgspec.json.encode(said) + b"\n")
    _OUT.flush()


if __name__ == "__main__":
    sys.exit(main())
