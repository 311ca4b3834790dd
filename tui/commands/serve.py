"""`dasprep-tui serve`: the screens in a browser, over a lab of its own or one that runs already."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from streaming.declarations.errors import DeclarationsError
from streaming.lab import paths
from streaming.lab.client import LocalLab
from streaming.lab.link import LabError, LinkLost
from streaming.lab.loading import load
from streaming.lab.sources import SettingsError
from tui.commands.common import choose_root, lab_declarations
from tui.options import fail, overrides, warn
from tui.safe import safe

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ANY = ("0.0.0.0", "::", "")  # noqa: S104 - named in order to refuse them
REMOTE = (
    "everyone who can reach {host}:{port} sees this lab and can change, load and kill it; there "
    "is no password and no encryption"
)


def main(options: argparse.Namespace) -> int:
    """Serve until ctrl+c or SIGTERM; returns the exit code."""
    wrong = _wrong(options)
    if wrong:
        return fail(wrong)
    try:
        data_dir: Path | None = getattr(options, "data_dir", None)
        if data_dir is not None and paths.is_running(data_dir):
            return asyncio.run(_serve(options, data_dir.absolute(), None))
        settings = load(getattr(options, "config", None), overrides(options), say=warn)
        declared = lab_declarations(options)
        root = choose_root(settings.data_dir)
        return asyncio.run(_serve(options, root, LocalLab(settings, root, 0.0, declared)))
    except (SettingsError, DeclarationsError, LabError) as error:
        return fail(safe(str(error), 2000))
    except OSError as error:
        where = f"{options.host}:{options.port}"
        return fail(f"nothing can be served at {where}: {error.strerror or error}")


def _wrong(options: argparse.Namespace) -> str:
    """What is wrong with the address, "" when nothing is."""
    if not 0 <= options.port < 65536:
        return f"{options.port} is not a port. Give one from 1 to 65535, or 0 for a free one."
    if options.host in LOOPBACK:
        return ""
    if options.host in ANY:
        return "name the one address that browsers use; --host takes no address for all"
    if not options.allow_remote:
        told = REMOTE.format(host=options.host, port=options.port)
        return f"{told}. If that is wanted, add --allow-remote."
    warn(REMOTE.format(host=options.host, port=options.port))
    return ""


async def _serve(options: argparse.Namespace, root: Path, lab: LocalLab | None) -> int:
    """Start the lab, then the server; end both, the server first."""
    from tui.serving import LabServer, serving, viewer_of

    ending = asyncio.Event()
    code = 0

    def told(number: int) -> None:
        nonlocal code
        # ctrl+c is how this is meant to be ended.
        code = 0 if number == signal.SIGINT else 128 + number
        ending.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, told, number)
    async with contextlib.AsyncExitStack() as stack:
        watching: asyncio.Task[None] | None = None
        if lab is not None:
            stack.push_async_callback(lab.close)
            await lab.open()
            watching = asyncio.create_task(_watch(lab))
            stack.callback(watching.cancel)
        command = viewer_of(sys.executable, root)
        server = await stack.enter_async_context(
            serving(LabServer(command, options.host, options.port))
        )
        print(f"the lab in {safe(str(root), 300)} is shown at {server.public_url}", flush=True)
        print("ctrl+c ends it", flush=True)
        waiting = asyncio.create_task(ending.wait())
        stack.callback(waiting.cancel)
        await asyncio.wait({waiting, *([watching] if watching else [])},
                           return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
        if watching is not None and watching.done() and not ending.is_set():
            watching.result()
            raise LabError(f"the lab ended; its logs are in {root / 'logs'}")
    return code


async def _watch(lab: LocalLab) -> None:
    """Follow the lab: that starts its engine again when it is killed. Raises LabError."""
    async for news in lab.snapshots():
        if isinstance(news, LinkLost):
            warn(safe(news.reason, 300))
