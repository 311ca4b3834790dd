"""`dasprep-tui record`: films of a tape that is played now, or of a trace."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tui.commands.record_options import EXTRA
from tui.options import fail, warn
from tui.recording.job import Job, Progress, Said, Written
from tui.recording.shot import Shot
from tui.recording.studio import FilmError, make
from tui.recording.trace import Header, Trace, TraceError, read_trace

EXIT_FAILED = 1
DEFAULT_FPS = 10.0
MOST_FPS = 50.0
DEFAULT_CAPTION_ROWS = 2
LETTERS = range(6, 65)


def main(options: argparse.Namespace) -> int:
    """Make the films; returns the exit code."""
    from tui.recording.formats import FormatError, kind_of

    if (options.tape is None) == (options.from_trace is None):
        return fail("name a tape, or a trace with --from-trace, and not both.")
    if options.font_px not in LETTERS:
        return fail(f"--font-px goes from {LETTERS[0]} to {LETTERS[-1]}.")
    outputs = outputs_of(options)
    try:
        for path in outputs:
            kind_of(path)
        for path in {*outputs, *([options.trace] if options.trace else [])}:
            if not path.absolute().parent.is_dir():
                return fail(f"the folder of {path} is not there. Make it, or name another file.")
    except FormatError as error:
        return fail(str(error))
    if options.from_trace is not None:
        return _from_trace(options, options.from_trace, outputs, None)
    return _from_tape(options, outputs)


def outputs_of(options: argparse.Namespace) -> list[Path]:
    """The files to write, each once."""
    output: Path = options.output
    more = [output.with_suffix(f".{kind}") for kind in EXTRA if getattr(options, kind)]
    return list(dict.fromkeys([output, *more]))


def _from_tape(options: argparse.Namespace, outputs: list[Path]) -> int:
    """Play the tape, then make its films; a take that failed leaves nothing."""
    from tui.recording.taking import take_down

    with tempfile.TemporaryDirectory(prefix="dasprep-take-") as folder:
        trace = options.trace or Path(folder) / "take.trace"
        taken = take_down(options, trace)
        if taken.code:
            return taken.code
        return _from_trace(options, trace, outputs, taken.shot)


def _from_trace(
    options: argparse.Namespace, path: Path, outputs: list[Path], wanted: Shot | None
) -> int:
    try:
        trace = read_trace(path)
    except OSError as error:
        return fail(f"{path} cannot be read: {error.strerror or error}.")
    except TraceError as error:
        return fail(str(error))
    _warn_of(trace, path, options)
    job = Job(
        str(path), shot_of(options, trace.header, wanted), tuple(map(str, outputs)),
        options.cast_version, options.font_px,
    )  # fmt: skip
    teller = _Teller()
    try:
        make(job, teller.hear)
    except FilmError as error:
        fail(str(error))
        return EXIT_FAILED
    return 0


def shot_of(options: argparse.Namespace, header: Header, wanted: Shot | None) -> Shot:
    """How to film: what the options say, else the tape (`wanted`), else as the take was."""
    base = wanted or Shot(header.columns, header.rows, header.theme, ascii=header.ascii)
    columns, rows = options.size or (base.columns, base.rows)
    captions = options.caption_rows
    return Shot(
        columns,
        rows,
        options.theme or base.theme,
        options.language,
        min(options.fps or base.fps, MOST_FPS),
        options.speed,
        base.caption_rows if captions is None else captions,
        not options.no_keys,
        base.ascii,
    )


def _warn_of(trace: Trace, path: Path, options: argparse.Namespace) -> None:
    if trace.cut:
        warn(f"{path} was cut off: it ends after {trace.duration_ms / 1000:.0f} s.")
    if trace.languages and options.language not in trace.languages:
        warn(f"the captions are not told in {options.language!r}: {', '.join(trace.languages)}.")


class _Teller:
    """Progress on standard error, on one line where that is a terminal; then what was written."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()

    def hear(self, said: Said) -> None:
        """Tell it."""
        if isinstance(said, Progress) and self._terminal:
            sys.stderr.write(f"\r\033[K{said.doing} {said.part:.0%}")
            sys.stderr.flush()
        elif isinstance(said, Written):
            clear = "\r\033[K" if self._terminal else ""
            sys.stderr.write(f"{clear}{said.path}  {said.size_bytes / 1024:,.0f} KiB\n")
        elif self._terminal and not isinstance(said, Progress):
            sys.stderr.write("\r\033[K")
