"""A real browser without a window, told what to do through its own debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT_S = 60.0


def found() -> str | None:
    """The browser there is."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One page: what its socket received, and keys for it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.received = ""
        self.answered: list[str] = []
        self.errors: list[str] = []
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._heard = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            told = message.json()
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told.get("result", told))
            elif told["method"] == "Network.webSocketFrameReceived":
                frame = told["params"]["response"]
                data = frame["payloadData"]
                if frame["opcode"] == 2:
                    data = base64.b64decode(data).decode("utf-8", "replace")
                self.received += data
            elif told["method"] == "Network.responseReceived":
                self.answered.append(told["params"]["response"]["url"])
            elif told["method"] == "Runtime.exceptionThrown":
                self.errors.append(str(told["params"]))
            self._heard.set()

    async def do(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        return await asyncio.wait_for(answer, WAIT_S)

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while not condition():
                    self._heard.clear()
                    await self._heard.wait()
                return
        raise AssertionError(f"never {what}: {self.received[-2000:]!r} {self.errors}")

    async def press(self, key: str) -> None:
        focus = "document.querySelector('.xterm-helper-textarea').focus()"
        await self.do("Runtime.evaluate", expression=focus)
        await self.do("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.do("Input.dispatchKeyEvent", type="keyUp", key=key)


@contextlib.asynccontextmanager
async def browser(path: str, folder: Path) -> AsyncIterator[Page]:
    """A running browser with one page; afterwards it has ended."""
    process = await asyncio.create_subprocess_exec(
        path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--remote-debugging-port=0",
        f"--user-data-dir={folder}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        address = ""
        async with asyncio.timeout(WAIT_S):
            while "/devtools/" not in address:
                line = await process.stderr.readline()
                assert line, "the browser did not start"
                address = line.decode().strip().rpartition(" ")[2]
        base = address.removeprefix("ws://").partition("/")[0]
        draining = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{base}/json") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as ws:
                page = Page(ws)
                for domain in ("Network", "Page", "Runtime"):
                    await page.do(f"{domain}.enable")
                yield page
        draining.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
