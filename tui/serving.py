"""The screens in a browser: one lab, a viewer's process for each page, this machine only at first.

A page drives the lab as a terminal does. So only pages that came from here may open the socket:
without the checks any web page in the same browser could.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler
from textual_serve.app_service import AppService
from textual_serve.server import Server

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
LEAVE_S: Final = 5.0
"""A viewer that does not end within this time is killed."""

LEAST, MOST = 2, 500
"""Cells that a page may ask for in either direction."""

POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src {sockets}; frame-ancestors 'none'"
)
"""Nothing is fetched from elsewhere: the pages work, and tell nobody, without a network."""


class Viewer(AppService):
    """The process behind one page, without a shell, and killed where asking it does not help."""

    def __init__(self, arguments: Sequence[str], **more: Any) -> None:
        super().__init__(arguments[0], **more)
        self.arguments = arguments

    async def _open_app_process(
        self, width: int = 80, height: int = 24
    ) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        self._process = process = await asyncio.create_subprocess_exec(
            *self.arguments,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=self._build_environment(width=width, height=height),
        )
        self._stdin = process.stdin
        return process

    async def stop(self) -> None:
        """End the process, by force if it must be."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(super().stop(), LEAVE_S)
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), LEAVE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


class LabServer(Server):
    """Serves viewers of one lab at one address."""

    def __init__(self, arguments: Sequence[str], host: str, port: int) -> None:
        super().__init__(arguments[0], host=host, port=port, title="dasprep-tui")
        self.arguments = arguments
        self._viewers: set[Viewer] = set()
        self._sockets: set[web.WebSocketResponse] = set()

    def at(self, port: int) -> None:
        """Take over the port that was got."""
        self.port = port
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.public_url = f"http://{name}:{port}"

    @property
    def names(self) -> set[str]:
        """What a browser may call this server in the header Host."""
        hosts = LOOPBACK if self.host in LOOPBACK else (self.host,)
        return {f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}" for host in hosts}

    async def make_app(self) -> web.Application:
        """The web application, guarded."""
        app = await self._make_app()
        app.middlewares.append(self._guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command says where it serves."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Close every page and end its process."""
        for socket in list(self._sockets):
            with contextlib.suppress(Exception):
                await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")
        await asyncio.gather(*(viewer.stop() for viewer in list(self._viewers)))

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what other sites' pages send, and names that were bound to this address."""
        if request.headers.get("Host", "").lower() not in self.names:
            raise web.HTTPForbidden(text=f"This server is {self.public_url}, nothing else.\n")
        origin = request.headers.get("Origin")
        wanted = {f"http://{name}" for name in self.names}
        if request.path == "/ws" and origin not in wanted:
            raise web.HTTPForbidden(text="Only pages of this server may do that.\n")
        if request.path == "/" and f"http://{request.headers['Host'].lower()}" != self.public_url:
            raise web.HTTPFound(self.public_url + "/")
        response = await handler(request)
        if not response.prepared:
            sockets = self.public_url.replace("http:", "ws:")
            response.headers["Content-Security-Policy"] = POLICY.format(sockets=sockets)
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a viewer for as long as its page is open."""
        socket = web.WebSocketResponse(heartbeat=15)
        await socket.prepare(request)
        viewer = Viewer(
            self.arguments,
            write_bytes=_quietly(socket.send_bytes),
            write_str=_quietly(socket.send_str),
            close=socket.close,
            download_manager=self.download_manager,
        )
        self._viewers.add(viewer)
        self._sockets.add(socket)
        try:
            await viewer.start(_cells(request, "width", 80), _cells(request, "height", 24))
            with contextlib.suppress(ValueError, TypeError, KeyError, IndexError, AssertionError):
                await self._process_messages(socket, viewer)
        finally:
            # A page that goes away cancels this; its process must end all the same.
            await asyncio.shield(viewer.stop())
            self._viewers.discard(viewer)
            self._sockets.discard(socket)
        return socket


def _cells(request: web.Request, name: str, usual: int) -> int:
    text = request.query.get(name, "")
    return min(max(int(text), LEAST), MOST) if text.isdecimal() and len(text) < 6 else usual


def _quietly(send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """Let a viewer go on until it is ended although its page is gone already."""

    async def sending(data: Any) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            await send(data)

    return sending


@contextlib.asynccontextmanager
async def serving(server: LabServer) -> Any:
    """Listen for as long as the block lasts. Raises OSError when the port is taken."""
    runner = web.AppRunner(await server.make_app(), handle_signals=False, shutdown_timeout=LEAVE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, server.host, server.port)
        await site.start()
        server.at(int(runner.addresses[0][1]))
        yield server
    finally:
        await runner.cleanup()


def viewer_of(python: str, root: Path) -> tuple[str, ...]:
    """The command that shows a running lab."""
    return (python, "-m", "tui.cli", "attach", "--data-dir", os.fspath(root))
