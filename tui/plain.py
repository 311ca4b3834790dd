"""The lab without a screen and without escapes: lines of text on standard output, only changes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable

from streaming.lab.link import LabError, LabLink, LinkLost
from tui.glyphs import as_ascii
from tui.views.plain import Teller


async def tell(link: LabLink, say: Callable[[str], None], *, ascii: bool = False) -> int:
    """Say what changes until the lab ends or a signal comes; returns the exit code."""
    ending = asyncio.Event()
    code = 0

    def told(number: int) -> None:
        nonlocal code
        code = 128 + number
        ending.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, told, number)
    following = asyncio.create_task(_follow(link, say, ascii=ascii))
    waiting = asyncio.create_task(ending.wait())
    try:
        await asyncio.wait({following, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            following.result()
            say("the lab has ended")
    finally:
        following.cancel()
        waiting.cancel()
        await link.close()
    return code


async def _follow(link: LabLink, say: Callable[[str], None], *, ascii: bool) -> None:
    """Say what changes. Raises LabError."""
    teller = Teller()
    await link.open()
    async for news in link.snapshots():
        lines = [teller.lost(news.reason)] if isinstance(news, LinkLost) else teller.lines(news)
        for line in lines:
            say(as_ascii(line) if ascii else line)


def run_plain(link: LabLink, *, ascii: bool) -> int:
    """Tell of a lab on standard output. Raises LabError."""

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201 - this is what standard output is for here

    try:
        return asyncio.run(tell(link, say, ascii=ascii))
    except LabError:
        raise
    except UnicodeEncodeError as error:
        raise LabError(f"standard output takes no {error.encoding}; add --ascii") from error
