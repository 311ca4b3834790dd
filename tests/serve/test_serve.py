"""The screens in a browser: who may open them, a real page, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.pipeline.lab_driver import alive, cli_env, run_cli
from tests.serve.browser import browser, found
from tui.serving import LabServer, serving

CHROMIUM = found()
WAIT_S = 60.0
TALKS = """
import sys
sys.stdout.buffer.write(b"__GANGLION__\\nD\\0\\0\\0\\5hello")
sys.stdout.flush()
while sys.stdin.buffer.read(1):
    pass
"""
"""A viewer that says hello and goes when its pipe does, but not when it is asked to."""


@contextlib.asynccontextmanager
async def served(*command: str) -> AsyncIterator[LabServer]:
    async with serving(LabServer(command, "127.0.0.1", 0)) as server:
        yield server


async def test_only_pages_of_this_server_open_the_socket() -> None:
    async with served(sys.executable, "-c", TALKS) as server, aiohttp.ClientSession() as session:
        url = server.public_url
        for headers in (
            {"Host": "evil.example"},
            {"Host": f"evil.example:{server.port}", "Origin": url},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {},
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(f"{url}/ws", headers=headers)
            assert caught.value.status == 403, headers
        async with session.get(url, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
        async with session.get(url) as answer:
            assert answer.status == 200 and f"ws://127.0.0.1:{server.port}/ws" in (
                await answer.text()
            )
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy and "http" not in policy
        other = {"Host": f"localhost:{server.port}"}
        async with session.get(url, headers=other, allow_redirects=False) as answer:
            assert answer.headers["Location"] == f"{url}/"
        async with session.ws_connect(f"{url}/ws", headers={"Origin": url}) as socket:
            assert (await socket.receive(timeout=WAIT_S)).data == b"hello"


async def test_a_page_that_goes_takes_its_process_along_and_so_does_the_end() -> None:
    mine = psutil.Process()
    before = {child.pid for child in mine.children()}
    async with served(sys.executable, "-c", TALKS) as server, aiohttp.ClientSession() as session:
        sockets = [
            await session.ws_connect(
                f"{server.public_url}/ws?width=99999999999&height=x",
                headers={"Origin": server.public_url},
            )
            for _ in range(2)
        ]
        for socket in sockets:
            assert (await socket.receive(timeout=WAIT_S)).data == b"hello"
        viewers = [c for c in mine.children() if c.pid not in before]
        assert len(viewers) == 2
        await sockets[0].send_str('["stdin"]')  # not what a page sends: its viewer ends
        await asyncio.to_thread(psutil.wait_procs, viewers[:1], 1)
    assert not [c for c in mine.children() if c.pid not in before]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--host", "192.0.2.7"), "--allow-remote"),
        (("--host", "0.0.0.0", "--allow-remote"), "name the one address"),  # noqa: S104
        (("--port", "70000"), "is not a port"),
        (("--host", "192.0.2.7", "--allow-remote"), "there is no password"),
    ],
)
def test_other_addresses_need_to_be_wanted(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = run_cli("serve", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and told in done.stderr


@pytest.mark.soak
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium (apt install chromium)")
async def test_a_real_browser_shows_the_lab(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui.cli", "serve", "--port", "0", "--rate", "300",
        "--data-dir", str(tmp_path / "lab"),
        stdout=asyncio.subprocess.PIPE, env=cli_env(tmp_path), cwd=tmp_path,
    )  # fmt: skip
    family: list[psutil.Process] = []
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), WAIT_S)
        url = line.decode().split()[-1]
        async with browser(CHROMIUM, tmp_path / "browser") as page:
            await page.do("Page.navigate", url=url)
            await page.until(lambda: "LIVE" in page.received, "live")
            await page.press("x")
            await page.until(lambda: "Chaos and traffic" in page.received, "the menu")
            family = psutil.Process(process.pid).children(recursive=True)
            assert any("attach" in " ".join(p.cmdline()) for p in family)
            assert all(one.startswith((url, "data:", "blob:")) for one in page.answered)
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), WAIT_S)
        assert code == 128 + signal.SIGTERM
        assert not alive(family), "processes were left behind"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()
