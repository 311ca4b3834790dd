"""What alarms do: real programs, a real web server, and texts for what goes wrong."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from streaming.alarms import actions
from streaming.alarms.actions import Alarmed, Runner

ALARM = Alarmed("rush", "DE", "Too many", "alarm", "ALARM", "OK", 1_000, "why; $(rm -rf x)", 12.5)


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "action.py"
    path.write_text(text)
    return f"command: {sys.executable} {path}"


async def test_a_program_gets_the_alarm_and_no_shell(tmp_path: Path) -> None:
    action = script(
        tmp_path,
        "import pathlib, sys\n"
        f"pathlib.Path({str(tmp_path)!r}, 'told').write_text(sys.stdin.read() + sys.argv[1])\n",
    )
    assert await Runner().run(action + " '$HOME; echo'", ALARM) == ""
    told = (tmp_path / "told").read_text()
    assert told.endswith("$HOME; echo")
    assert json.loads(told.removesuffix("$HOME; echo")) == {
        "alarm": "rush", "key": "DE", "title": "Too many", "severity": "alarm", "state": "ALARM",
        "before": "OK", "at_ms": 1_000, "reason": "why; $(rm -rf x)", "value": 12.5,
    }  # fmt: skip


async def test_what_goes_wrong_is_told(tmp_path: Path) -> None:
    failing = script(tmp_path, "import sys\nsys.exit('no such printer')\n")
    assert "exit code 1; no such printer" in await Runner().run(failing, ALARM)
    assert "cannot be started" in await Runner().run("command: /no/such/program", ALARM)
    assert "webhook http://127.0.0.1:1/" in await Runner().run(
        "webhook: http://127.0.0.1:1/", ALARM
    )


async def test_a_program_that_hangs_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "TIMEOUT_S", 1.0)
    action = script(
        tmp_path,
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(tmp_path)!r}, 'pid').write_text(str(child.pid))\n"
        "time.sleep(600)\n",
    )
    assert "it took longer than 1 s" in await Runner().run(action, ALARM)
    child = int((tmp_path / "pid").read_text())
    if psutil.pid_exists(child):
        process = psutil.Process(child)
        assert process.status() == psutil.STATUS_ZOMBIE or process.wait(5) is None


@pytest.fixture
def web() -> Iterator[tuple[str, list[Any]]]:
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_webhook_posts_the_alarm(web: tuple[str, list[Any]]) -> None:
    url, got = web
    assert await Runner().run(f"webhook: {url}/hook", ALARM) == ""
    ((path, kind, body),) = got
    assert (path, kind, body["alarm"]) == ("/hook", "application/json", "rush")
    assert "it answered 500" in await Runner().run(f"webhook: {url}/broken", ALARM)


async def test_few_run_at_once_and_too_many_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_WAITING", 3)
    runner, action = Runner(), script(tmp_path, "import sys\nsys.stdin.read()\n")
    told = await asyncio.gather(*(runner.run(action, ALARM) for _ in range(6)))
    assert sorted(bool(text) for text in told) == [False] * 3 + [True] * 3
    assert "3 actions are waiting already" in told[-1]
