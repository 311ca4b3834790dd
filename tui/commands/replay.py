"""`dasprep-tui replay`: the screens on a recorded run."""

from __future__ import annotations

import argparse

from streaming.lab.sources import SettingsError
from tui.commands.lab import chosen
from tui.options import fail, warn
from tui.recording.trace import TraceError, read_trace


def main(options: argparse.Namespace) -> int:
    """Open the screens; returns the exit code."""
    from tui.guard import guarded, has_terminal

    if not has_terminal():
        return fail("a recording is shown on a terminal, and standard input or output is none.")
    try:
        choice = chosen(options)
        trace = read_trace(options.trace)
    except OSError as error:
        return fail(f"{options.trace} cannot be read: {error.strerror or error}.")
    except (TraceError, SettingsError) as error:
        return fail(str(error))
    if trace.cut:
        warn(f"{options.trace} was cut off: it ends after {trace.duration_ms / 1000:.0f} s.")

    def screen() -> int:
        from tui.replaying import ReplayApp
        from tui.session import run

        # A recording is no place to be led around the lab, or to change settings for good.
        wanted = choice.preferences.model_copy(update={"tour_hidden": True})

        def make() -> ReplayApp:
            app = ReplayApp(
                trace, refresh_hz=wanted.hz, ascii=wanted.ascii,
                choice=choice._replace(preferences=wanted, path=None),
            )  # fmt: skip
            app.player.speed = options.speed
            app.player.skip(options.at)
            return app

        return run(make)

    return guarded(screen)
