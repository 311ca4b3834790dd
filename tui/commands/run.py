"""`dasprep-tui run`: the lab without a screen, with progress, a summary and JSON."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from streaming.declarations.errors import DeclarationsError
from streaming.lab.client import LocalLab
from streaming.lab.commands import Command, Drain, Inject, Reply, StopTraffic, Summary, Verify
from streaming.lab.link import LabError
from streaming.lab.loading import load
from streaming.lab.snapshot import LabSnapshot
from streaming.lab.sources import SettingsError
from tui.commands.common import choose_root, lab_declarations
from tui.options import fail, overrides, warn
from tui.safe import safe, safe_lines
from tui.text import summary_lines

_GRACE_S: Final = 5.0
"""A generator that is behind its schedule gets this much longer than the duration, and no more."""

_DRAIN_S: Final = 120.0
_RETRY_S: Final = 0.3
_STOP_S: Final = 30.0


def main(options: argparse.Namespace) -> int:
    """Run; returns the exit code."""
    try:
        settings = load(getattr(options, "config", None), overrides(options), say=warn)
        windows = lab_declarations(options)
        _check_target(options.json)
        root = choose_root(settings.data_dir)
    except (SettingsError, DeclarationsError, OSError) as error:
        return fail(str(error))
    run = HeadlessRun(LocalLab(settings, root, options.duration or 0.0, windows), options)
    try:
        return asyncio.run(run.main())
    except LabError as error:
        return fail(safe(str(error), 2000))


def _check_target(target: str | None) -> None:
    """Find out before the run, not after it, that the JSON cannot be written."""
    if target and target != "-":
        try:
            with Path(target).open("a", encoding="utf-8"):
                pass
        except OSError as error:
            raise OSError(
                f"The summary cannot be written to {target}: {error.strerror}. "
                "Give --json another file, or - for standard output."
            ) from error


class HeadlessRun:
    """Starts the lab, watches it, ends it and says how it went."""

    def __init__(self, lab: LocalLab, options: argparse.Namespace) -> None:
        self._lab = lab
        self._options = options
        self._latest: LabSnapshot | None = None
        self._changed = asyncio.Event()
        self._interrupted: int | None = None
        self._shown = 0.0
        self._live_since: float | None = None
        self._live = asyncio.Event()
        self._bar = sys.stderr.isatty() and not options.plain

    async def main(self) -> int:
        """The whole run. Raises LabError."""
        self._listen_for_signals()
        try:
            await self._lab.open()
            watching = asyncio.create_task(self._watch())
            working = asyncio.create_task(self._work())
            await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done() and not working.done():
                working.cancel()
                watching.result()
                raise LabError("The lab ended before the run was over. See its logs: "
                               f"{self._lab.root / 'logs'}.")  # fmt: skip
            watching.cancel()
            return working.result()
        finally:
            await self._lab.close()

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, self._interrupt, number)

    def _interrupt(self, number: int) -> None:
        if self._interrupted is not None:
            raise SystemExit(128 + number)  # the second time: at once
        self._interrupted = number
        self._changed.set()
        self._say("stopping: the traffic ends, then what is in the log is stored "
                  "(again to leave at once)")  # fmt: skip

    # --- watching ---------------------------------------------------------------------------

    async def _watch(self) -> None:
        async for news in self._lab.snapshots():
            if isinstance(news, LabSnapshot):
                self._latest = news
                if self._live_since is None and news.state == "live":
                    self._live_since = time.monotonic()
                    self._live.set()
                self._progress(news)
            else:
                self._say(safe(news.reason, 300))
            self._changed.set()

    def _progress(self, s: LabSnapshot) -> None:
        now = time.monotonic()
        if s.state == "failed" or (not self._bar and now - self._shown < 1.0):
            return  # what failed is said once, at the end
        self._shown = now
        line = _line(s)
        if self._bar:
            # A longer line would wrap, and the next one would not cover it.
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[2K{(self._filled() + line)[:width]}")
            sys.stderr.flush()
        else:
            self._say(line)

    def _filled(self) -> str:
        duration = self._options.duration
        if not duration:
            return ""
        done = 0.0 if self._live_since is None else time.monotonic() - self._live_since
        cells = round(20 * min(1.0, done / duration))
        return f"[{'#' * cells}{'.' * (20 - cells)}] "

    def _say(self, text: str) -> None:
        print(f"\r\x1b[2K{text}" if self._bar else text, file=sys.stderr, flush=True)

    # --- working ----------------------------------------------------------------------------

    async def _work(self) -> int:
        planting = asyncio.create_task(self._plant())
        await self._until_traffic_ends()
        planting.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop_traffic(), _STOP_S)
        drained = await self._ask(Drain(_DRAIN_S))
        verified = None
        if self._options.verify:
            self._say("verifying: reading the whole log again and comparing it with the store")
            verified = await self._ask(Verify())
        reply = await self._ask(Summary(score_alarms=self._options.score_alarms))
        summary: dict[str, Any] = json.loads(reply.data) if reply.data else {}
        summary["engine_restarts"] = self._lab.restarts
        summary["drained"] = drained.ok
        self._finish(summary, drained, verified)
        if self._interrupted is not None:
            return 128 + self._interrupted
        if verified is not None:
            return 0 if verified.ok else 1
        return 0 if drained.ok else 1

    async def _plant(self) -> None:
        """Plant what was asked for, as soon as there is traffic to spoil."""
        await self._live.wait()
        for kind, seconds in self._options.plant:
            reply = await self._lab.send(Inject(kind, seconds))
            self._say(safe(reply.text, 300))

    async def _until_traffic_ends(self) -> None:
        duration = self._options.duration
        while self._interrupted is None:
            self._changed.clear()
            snapshot = self._latest
            if duration and snapshot is not None and snapshot.traffic.state == "done":
                return
            left = None
            if duration and self._live_since is not None:
                left = self._live_since + duration + _GRACE_S - time.monotonic()
                if left <= 0:
                    self._say("the generators are behind their schedule: the time is up")
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

    async def _ask(self, command: Command) -> Reply:
        """Send a command; when the engine dies over it, ask the next engine."""
        while True:
            engine = self._lab.restarts
            reply = await self._lab.send(command)
            if reply.ok or not reply.lost:
                return reply
            while self._lab.restarts == engine:
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _RETRY_S)
            if not isinstance(command, Summary):
                await self._stop_traffic()

    async def _stop_traffic(self) -> None:
        """End the traffic, which may only be about to start (a new engine's, for example)."""
        while True:
            reply = await self._lab.send(StopTraffic())
            if reply.ok or reply.lost:
                return
            await asyncio.sleep(_RETRY_S)

    def _finish(self, summary: dict[str, Any], drained: Reply, verified: Reply | None) -> None:
        target = self._options.json
        out = sys.stderr if target == "-" else sys.stdout
        if self._bar:
            sys.stderr.write("\r\x1b[2K")
        if not drained.ok:
            self._say(drained.text)
        print("\n".join(summary_lines(summary)), file=out)
        if verified is not None:
            print(safe_lines(verified.text), file=out)
        if target:
            text = msgspec.json.format(msgspec.json.encode(summary)).decode() + "\n"
            if target == "-":
                sys.stdout.write(text)
                sys.stdout.flush()
            else:
                Path(target).write_text(text, encoding="utf-8")
                print(f"summary written to {target}", file=out)


def _line(s: LabSnapshot) -> str:
    """One line of progress."""
    clock = time.strftime("%H:%M:%S", time.localtime(s.at_ms / 1000))
    ins = [stream.in_per_s for stream in s.streams if stream.in_per_s is not None]
    lags = [stream.lag for stream in s.streams if stream.lag is not None]
    parts = [
        clock,
        s.state.upper() + (f" ({s.detail})" if s.detail else ""),
        f"produced {s.traffic.produced:,}",
        f"stored {s.store.stored:,}",
        f"in {sum(ins):,.0f}/s" if ins else "in -",
        f"lag {sum(lags):,}" if lags else "lag -",
        f"windows {s.store.windows_open:,} open {s.store.windows_final:,} final",
        f"broker {s.broker.state}",
    ]
    parts += [f"node {node.id} missing" for node in s.broker.nodes if node.state == "missing"]
    return safe("  ".join(parts), 300)
