"""`dasprep-tui scenario`: tapes played on a lab, listed, shown and checked."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streaming.declarations.errors import DeclarationsError
from streaming.lab.link import LabError, LabLink
from streaming.lab.sources import SettingsError
from tui.options import fail, warn
from tui.safe import safe_lines
from tui.tapes.library import NoSuchTape, find, load, shipped_names
from tui.tapes.problems import TapeError

if TYPE_CHECKING:
    from streaming.lab.commands import Reply
    from tui.tapes.runner import TapeResult
    from tui.tapes.tape import Tape

SCREEN_LINES: Final = 40
WHERE: Final = ("bootstrap", "topic_prefix", "replication", "data_dir")
"""Settings that say where a lab runs, and are no part of a tape."""


def main(options: argparse.Namespace) -> int:
    """Do what was asked; see `scenario_options` for the exit codes."""
    try:
        match options.action:
            case "list":
                return _list()
            case "show":
                sys.stdout.write(find(options.tape).read_text(encoding="utf-8"))
                return 0
            case "metrics":
                return _metrics()
        return run(load(options.tape), options)
    except (NoSuchTape, TapeError) as error:
        return fail(f"the tape cannot be played:\n{error}" if isinstance(error, TapeError)
                    else str(error))  # fmt: skip
    except (SettingsError, DeclarationsError, LabError, OSError, UnicodeDecodeError) as error:
        return fail(str(error))


def _list() -> int:
    names = shipped_names()
    width = max((len(name) for name in names), default=0)
    for name in names:
        tape = load(name)
        print(f"{name:{width}}  {tape.heading}")
    return 0


def _metrics() -> int:
    from tui.tapes.reference import metric_rows

    rows = metric_rows()
    width = max(len(row.name) for row in rows)
    for row in rows:
        unit = f" ({row.unit})" if row.unit else ""
        print(f"{row.name:{width}}  {row.text}{unit}")
    return 0


# --- playing --------------------------------------------------------------------------------


def run(tape: Tape, options: argparse.Namespace) -> int:
    """Check, or play; returns the exit code."""
    if options.dry_run:
        print(f"{tape.title}: {len(tape.steps)} steps, nothing wrong")
        return 0
    _check_target(options.json)
    with lab_link(tape, options) as link:
        if options.live:
            return _live(tape, link, options)
        return _headless(tape, link(), options)


@contextlib.contextmanager
def lab_link(tape: Tape, options: argparse.Namespace) -> Iterator[Callable[[], LabLink]]:
    """What starts the tape's lab, or joins the one that was named; its folder goes afterwards.

    Raises SettingsError, LabError, OSError and FileNotFoundError.
    """
    from streaming.declarations.file import read_declarations
    from streaming.lab.client import AttachedLab, LocalLab
    from streaming.lab.loading import KAFKA_OPTIONS
    from streaming.lab.loading import load as load_settings
    from streaming.lab.settings import LabSettings
    from tui.commands.common import find_root

    if options.attach:
        joined = find_root(options.data_dir)
        yield lambda: AttachedLab(joined)
        return
    given = {name: getattr(options, name, None) for name in (*WHERE, *KAFKA_OPTIONS)}
    found = load_settings(options.config, given, say=warn)
    # Of file and environment only what says where: a tape is the same story everywhere.
    where = {name: getattr(found, name) for name in (*WHERE, "kafka")}
    settings = LabSettings.model_validate({**tape.settings.model_dump(), **where})
    kept: Path | None = settings.data_dir
    root = Path(tempfile.mkdtemp(prefix="dasprep-tape-")) if kept is None else kept.absolute()
    try:
        yield lambda: LocalLab(settings, root, 0.0, read_declarations(None))
    finally:
        if kept is None:
            shutil.rmtree(root, ignore_errors=True)


def _check_target(target: str | None) -> None:
    """Find out before the tape, not after it, that the JSON cannot be written."""
    if target and target != "-":
        try:
            with Path(target).open("a", encoding="utf-8"):
                pass
        except OSError as error:
            raise OSError(
                f"The JSON cannot be written to {target}: {error.strerror}. Name another file."
            ) from error


def _headless(tape: Tape, link: LabLink, options: argparse.Namespace) -> int:
    from tui.recording.stage import EmptyStage
    from tui.tapes.playing import play_headless

    say(tape.heading)
    return asyncio.run(
        interruptible(
            lambda: play_headless(tape, link, EmptyStage(), say, finish=options.verify),
            lambda played: report(played[0], played[1], options.json),
        )
    )


async def interruptible(play: Callable[[], Any], after: Callable[[Any], int]) -> int:
    """Await `play()`, and return what `after` makes of it; 128+n when signal n ended it in order.

    Whatever breaks the screens is told like a crash of theirs.
    """
    from tui.session import report_crash

    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(play())
    signals: list[int] = []

    def stop(number: int) -> None:
        if not signals:
            say("stopping: the lab is ended")
        signals.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, stop, number)
    try:
        played = await task
    except asyncio.CancelledError:
        return 128 + (signals[0] if signals else signal.SIGINT)
    except Exception as error:
        report_crash(error, None)
        return 1
    return after(played)


def _live(tape: Tape, link: Callable[[], LabLink], options: argparse.Namespace) -> int:
    from tui.guard import guarded, has_terminal, in_browser

    if sys.platform == "win32" or in_browser() or not has_terminal():
        return fail("--live needs a Unix terminal; without it the tape is played unseen")

    def play() -> int:
        from tui.session import run as session
        from tui.tapes.live import TapeApp
        from tui.tapes.playing import make_app

        apps: list[TapeApp] = []

        def made() -> TapeApp:
            app = make_app(tape, link(), TapeApp)
            assert isinstance(app, TapeApp)  # noqa: S101 - asked for
            app.tape, app.language = tape, options.language
            app.finish, app.stay = options.verify, options.stay
            apps.append(app)
            return app

        code = session(made)
        for app in apps:
            for line in app.lines:
                say(line)
            if app.result is not None:
                return code or report(app.result, app.verified, options.json)
        if code == 0:
            say("the screens were left before the tape's end")
        return code or 1

    return guarded(play)


def say(line: str) -> None:
    """A line of progress."""
    print(safe_lines(line), file=sys.stderr, flush=True)


def report(result: TapeResult, verified: Reply | None, target: str | None) -> int:
    """Say how the tape went, write its JSON, and return the exit code."""
    from tui.tapes.runner import failure_lines

    if result.failure is not None:
        for line in failure_lines(result.failure, SCREEN_LINES):
            say(line)
    else:
        say(f"{result.tape.title}: {len(result.done)} steps in {result.seconds:.0f} s, all as told")
    if verified is not None:
        say(verified.text)
    if target:
        text = msgspec.json.format(msgspec.json.encode(as_json(result, verified))).decode() + "\n"
        if target == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            Path(target).write_text(text, encoding="utf-8")
    if result.failure is not None and result.failure.cannot_start:
        return 2
    return 0 if result.ok and (verified is None or verified.ok) else 1


def as_json(result: TapeResult, verified: Reply | None) -> dict[str, Any]:
    """What came of a tape, for programs; docs/tapes.md tells the fields."""
    failure = result.failure
    return {
        "tape": result.tape.name,
        "title": result.tape.title,
        "ok": result.ok and (verified is None or verified.ok),
        "seconds": round(result.seconds, 3),
        "steps": [
            {
                "step": done.placed.number,
                "file": done.placed.place.file,
                "line": done.placed.place.line,
                "verb": done.placed.step.VERB,
                "words": done.words,
                "note": done.note,
                "seconds": round(done.seconds, 3),
            }
            for done in result.done
        ],
        "failure": None
        if failure is None
        else {
            "step": 0 if failure.placed is None else failure.placed.number,
            "file": "" if failure.placed is None else failure.placed.place.file,
            "line": 0 if failure.placed is None else failure.placed.place.line,
            "text": failure.text,
            "screen": list(failure.screen),
        },
        "metrics": {name: _plain(value) for name, value in result.metrics.items()},
        "verify": None if verified is None or not verified.data else msgspec.json.decode(
            verified.data
        ),
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return {str(shard): n for shard, n in value.items()} if isinstance(value, dict) else value
