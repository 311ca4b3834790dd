"""Locks, cards, data directories and the folder for sockets."""

import asyncio
import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from time import gmtime

import psutil
import pytest

from streaming import platform
from streaming.lab import paths
from streaming.lab.paths import Card, LabPaths, is_running, latest_run, new_run, read_card

HOLD = (
    "import sys; from pathlib import Path; from streaming.platform import lock_file\n"
    "lock = lock_file(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def held(tmp_path):
    """A lock held by another process."""
    path = tmp_path / "held"
    path.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path / paths.LOCK)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == b"held\n"
    yield path, child
    child.kill()
    child.communicate()


def test_a_lock_is_held_by_one_and_names_it(held):
    path, child = held
    lock = platform.FileLock(path / paths.LOCK)
    with pytest.raises(BlockingIOError):
        lock.acquire()
    assert lock.holder() == str(child.pid)
    assert is_running(path)
    lock.release()


def test_a_killed_holder_holds_nothing(held):
    path, child = held
    child.kill()
    child.wait()
    assert not is_running(path)
    lock = platform.lock_file(path / paths.LOCK)
    assert lock.holder() == str(os.getpid()) and is_running(path)
    lock.release()
    assert not is_running(path)
    platform.lock_file(path / paths.LOCK).release()


def test_probing_leaves_the_holders_name(held):
    path, child = held
    assert is_running(path) and is_running(path)
    assert (path / paths.LOCK).read_text() == str(child.pid)
    assert not is_running(path.parent / "nowhere")


def test_the_card_is_whole_or_not_there(tmp_path):
    card = Card(1, "unix:/x")
    assert read_card(tmp_path) is None
    paths.write_card(LabPaths(tmp_path), card)
    assert read_card(tmp_path) == card
    assert [p.name for p in tmp_path.iterdir()] == ["lab.json"]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_card_is_no_card(tmp_path, text):
    LabPaths(tmp_path).card.write_bytes(text)
    assert read_card(tmp_path) is None


@pytest.fixture
def home(tmp_path, monkeypatch):
    seconds = count(1_700_000_000)
    monkeypatch.setattr(platform, "data_home", lambda: tmp_path / "data")
    monkeypatch.setattr(paths.time, "gmtime", lambda: gmtime(next(seconds)))
    return tmp_path / "data" / "runs"


def test_three_runs_are_kept(home):
    made = [new_run() for _ in range(7)]
    assert len(set(made)) == 7 and made == sorted(made)
    assert sorted(home.iterdir()) == made[-3:]


def test_two_runs_of_the_same_second(home, monkeypatch):
    monkeypatch.setattr(paths.time, "gmtime", lambda: gmtime(1_700_000_000))
    assert new_run() != new_run()


def test_a_running_lab_is_never_deleted(home, held):
    path, _ = held
    home.mkdir(parents=True)
    running = home / "00000000-000000-1"
    running.symlink_to(path)
    first = new_run()
    own = platform.lock_file(first / paths.LOCK)
    for _ in range(5):
        new_run()
    assert running.exists() and (path / paths.LOCK).exists() and first.exists()
    own.release()
    new_run()
    assert not first.exists()


def test_the_newest_run_is_found_and_a_running_one_before_it(home):
    assert latest_run() is None
    made = [new_run() for _ in range(3)]
    assert latest_run() is None
    for root in made:
        LabPaths(root).store.touch()
    assert latest_run() == made[2]
    lock = platform.lock_file(made[0] / paths.LOCK)
    assert latest_run() == made[0]
    lock.release()


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / f"dasprep-tui-{os.getuid()}"


def test_the_runtime_folder_is_for_this_user_only(base):
    assert platform.runtime_home() == platform.runtime_home() == base
    assert base.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_enter_is_refused(base):
    base.mkdir()
    base.chmod(0o755)
    with pytest.raises(PermissionError, match="other users"):
        platform.runtime_home()


def test_a_planted_link_or_file_is_refused(base, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    base.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="not a folder"):
        platform.runtime_home()
    base.unlink()
    base.write_text("")
    with pytest.raises(PermissionError, match="not a folder"):
        platform.runtime_home()


def test_somebody_elses_folder_is_refused(base, monkeypatch):
    base.mkdir(mode=0o700)
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    base.rename(base.with_name(f"dasprep-tui-{me + 1}"))
    with pytest.raises(PermissionError, match="other users"):
        platform.runtime_home()


def test_a_runtime_folder_that_is_not_there_is_not_used(base, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    monkeypatch.setattr(platform.tempfile, "gettempdir", lambda: str(tmp_path))
    assert platform.runtime_home() == base


async def test_a_stale_socket_is_replaced_and_private(tmp_path):
    address = platform.new_address(tmp_path)
    path = Path(address.removeprefix("unix:"))
    path.write_text("left over")

    async def handler(reader, writer):
        writer.close()

    server, said = await platform.serve(handler, address)
    assert said == address and path.stat().st_mode & 0o777 == 0o600
    reader, writer = await platform.connect(address)
    assert await reader.read() == b""
    writer.close()
    server.close()
    path.unlink(missing_ok=True)  # Python 3.13 removes it itself
    with pytest.raises(OSError):
        await platform.connect(address)


async def test_a_child_ends_with_its_lifeline_and_writes_its_own_log(tmp_path):
    (tmp_path / "child_of_test.py").write_text(
        "import asyncio, sys; from streaming.platform import lifeline\n"
        "print('out'); print('err', file=sys.stderr); asyncio.run(lifeline()); sys.exit(7)\n"
    )
    log = tmp_path / "logs" / "child.log"
    env = {"PYTHONPATH": str(tmp_path)}
    child = await platform.spawn("child_of_test", [], log=log, env=env)
    assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
    child.stdin.close()
    assert await child.wait() == 7
    assert log.read_text() == "err\n"


async def test_a_child_is_told_through_its_lifeline_and_not_in_its_arguments(tmp_path):
    (tmp_path / "told_of_test.py").write_text(
        "import asyncio, sys; from streaming.platform import lifeline, read_config\n"
        "print(read_config().decode(), sys.argv[1:], file=sys.stderr, flush=True)\n"
        "asyncio.run(lifeline())\n"
    )
    log, told = tmp_path / "child.log", b'{"password": "open sesame"}'
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    child = await platform.spawn("told_of_test", ["c-0"], log=log, env=env, config=told)
    async with asyncio.timeout(20):
        while "c-0" not in log.read_text():
            await asyncio.sleep(0.01)
    assert psutil.Process(child.pid).cmdline()[1:] == ["-m", "told_of_test", "c-0"]
    assert log.read_text() == told.decode() + "\n ['c-0']\n"
    child.stdin.close()
    assert await child.wait() == 0


async def test_a_child_whose_parent_said_nothing_ends(tmp_path):
    (tmp_path / "untold_of_test.py").write_text(
        "from streaming.platform import read_config; read_config()\n"
    )
    log = tmp_path / "child.log"
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    child = await platform.spawn("untold_of_test", [], log=log, env=env)
    child.stdin.close()
    assert await child.wait() == 1
    assert "started without its configuration" in log.read_text()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="no priorities here")
def test_the_lab_lets_others_go_first():
    said = "import os; from streaming import platform; platform.step_aside(); print(os.nice(0))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert int(done.stdout) > os.nice(0)


@pytest.mark.skipif(not hasattr(os, "getsid"), reason="no sessions here")
def test_a_lab_is_weighed_less_as_the_session_it_leads(tmp_path, monkeypatch):
    """Linux may weigh sessions first, and then niceness alone counts for nothing between them."""
    weight = tmp_path / "autogroup"
    monkeypatch.setattr(platform, "_AUTOGROUP", weight)
    monkeypatch.setattr(os, "nice", lambda more: more)
    monkeypatch.setattr(os, "getsid", lambda _pid: os.getpid() + 1)
    platform.step_aside()
    assert not weight.exists()  # that session is the user's
    monkeypatch.setattr(os, "getsid", lambda _pid: os.getpid())
    platform.step_aside()
    assert int(weight.read_text()) > 0


@pytest.mark.skipif(not hasattr(os, "getsid"), reason="no sessions here")
async def test_what_a_lab_starts_belongs_to_its_session(tmp_path):
    (tmp_path / "lab_of_test.py").write_text(
        "import asyncio, os, pathlib, sys; from streaming import platform\n"
        "async def main():\n"
        "    part = await platform.spawn('part_of_test', [], log=pathlib.Path(sys.argv[1]))\n"
        "    print(os.getsid(0), os.getsid(part.pid), flush=True)\n"
        "    await platform.lifeline()\n"
        "asyncio.run(main())\n"
    )
    (tmp_path / "part_of_test.py").write_text(
        "import asyncio; from streaming.platform import lifeline; asyncio.run(lifeline())\n"
    )
    found = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    lab = await platform.spawn(
        "lab_of_test", [str(tmp_path / "part.log")], log=tmp_path / "lab.log",
        stdout=subprocess.PIPE, env={"PYTHONPATH": found}, own_session=True,
    )  # fmt: skip
    sessions = (await lab.stdout.readline()).decode().split()
    lab.stdin.close()
    await lab.wait()
    assert sessions == [str(lab.pid), str(lab.pid)]
