"""What an alarm does when it goes off: programs and webhooks here, the rest by who asked.

A program gets the alarm as JSON on its standard input, a webhook as the body of a POST. Both end
after a while, few run at once, and what went wrong comes back as a text: an action never stops the
lab.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import urllib.error
import urllib.request
from typing import Final

import msgspec

PLAIN: Final = ("bell", "notify", "record")
"""Actions that whoever watches the alarms does."""

TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 4
MOST_WAITING: Final = 100


class Alarmed(msgspec.Struct, frozen=True):
    """What actions are told, as JSON with these names. Times are ms since the Unix epoch."""

    alarm: str
    key: str
    title: str
    severity: str
    state: str
    before: str
    at_ms: int
    reason: str
    value: float | None


class Runner:
    """Runs commands and webhooks; `run` returns what to tell people, "" when all went well."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def run(self, action: str, alarmed: Alarmed) -> str:
        """Do what "command: ..." or "webhook: URL" says."""
        if self._waiting >= MOST_WAITING:
            return f"{action}: left out, {MOST_WAITING} actions are waiting already"
        kind, _, what = action.partition(":")
        self._waiting += 1
        try:
            async with self._slots:
                told = msgspec.json.encode(alarmed)
                run = _command if kind == "command" else _webhook
                return await run(what.strip(), told)
        finally:
            self._waiting -= 1


async def _command(text: str, told: bytes) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(text),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"command {text}: it cannot be started: {error}"
    try:
        _, said = await asyncio.wait_for(process.communicate(told), TIMEOUT_S)
    except TimeoutError:
        return f"command {text}: ended, it took longer than {TIMEOUT_S:g} s"
    finally:
        # What it started may live on after it; on Windows there is no group to end.
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-1:] or [""]
        return f"command {text}: exit code {process.returncode}; {last[0][:200]}"
    return ""


async def _webhook(url: str, told: bytes) -> str:
    def post() -> str:
        request = urllib.request.Request(  # noqa: S310  # http and https only, checked before
            url, told, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
                return ""
        except urllib.error.HTTPError as error:
            return f"webhook {url}: it answered {error.code}"
        except (OSError, ValueError) as error:
            return f"webhook {url}: {error}"

    return await asyncio.to_thread(post)
