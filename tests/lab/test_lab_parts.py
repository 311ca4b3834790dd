"""Supervisor, journal, rebalances, latencies, usage and the log filter."""

import asyncio
import logging
import os
from collections import Counter

import msgspec
import pytest

from streaming import logs, platform
from streaming.broker.backend import Embedded, External
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.lab.journal import SHOWN, Journal
from streaming.lab.merger import Latencies, percentile
from streaming.lab.supervisor import Supervisor, _backoff
from streaming.lab.usage import Usage


class Config(msgspec.Struct):
    code: int = 0


async def config():
    return Config()


@pytest.fixture
def supervisor(tmp_path, monkeypatch):
    (tmp_path / "waits_here.py").write_text("import sys; sys.stdin.read()\n")
    (tmp_path / "dies_here.py").write_text("import sys; sys.exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Supervisor(tmp_path / "logs", Journal([]))


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


def told(supervisor):
    return [(e.kind, e.text) for e in supervisor.journal.shown()]


async def test_a_killed_child_starts_again(supervisor):
    dead = []
    supervisor.on_death = dead.append
    child = supervisor.keep("c-0", "waits_here", config, lambda: 0)
    await until(lambda: child.pid)
    first = child.pid
    assert supervisor.kill("c-0") and not supervisor.kill("c-9")
    await until(lambda: child.pid not in (None, first))
    assert (child.restarts, dead) == (1, ["c-0"])
    assert told(supervisor) == [
        ("died", "c-0 was killed (signal 9)"), ("restart", "c-0 starts again"),
    ]  # fmt: skip
    await supervisor.stop()
    assert child.pid is None and child.process.returncode == 0


async def test_a_child_that_ends_by_itself_starts_again(supervisor):
    child = supervisor.keep("c-0", "dies_here", config, lambda: 0)
    await until(lambda: child.restarts == 1)
    await supervisor.stop()
    assert told(supervisor)[0] == ("died", "c-0 ended with code 3")
    assert child.keeper.done()


async def test_a_start_that_fails_is_tried_again(supervisor):
    calls = []

    async def failing():
        calls.append(1)
        if len(calls) == 1:
            raise OSError("no more processes")
        return Config()

    child = supervisor.keep("c-0", "waits_here", failing, lambda: 0)
    await until(lambda: child.pid)
    assert "could not be started: OSError: no more processes" in told(supervisor)[0][1]
    await supervisor.stop()


async def test_nothing_starts_behind_a_stop(supervisor, monkeypatch):
    """The keeper is asking for the configuration of the next start when the stop comes."""
    asked, started = asyncio.Event(), []
    spawn = platform.spawn

    async def counted(*args, **kwargs):
        started.append(args)
        return await spawn(*args, **kwargs)

    async def slow():
        asked.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return Config()

    monkeypatch.setattr(platform, "spawn", counted)
    other = supervisor.keep("c-1", "waits_here", config, lambda: 0)
    await until(lambda: other.pid)
    child = supervisor.keep("c-0", "waits_here", slow, lambda: 0)
    await asked.wait()
    await supervisor.stop()
    assert len(started) == 1 and child.process is None and child.keeper.done()


async def test_stopping_some_leaves_the_others(supervisor):
    one = supervisor.keep("c-0", "waits_here", config, lambda: 0)
    two = supervisor.keep("c-1", "waits_here", config, lambda: 0)
    await until(lambda: one.pid and two.pid)
    await supervisor.stop("c-0")
    assert one.pid is None and two.pid is not None
    await supervisor.stop()


def test_the_pause_between_starts_is_bounded_for_ever():
    assert [_backoff(n) for n in (0, 1, 2, 3, 4, 5, 10_000)] == [0, 0, 1, 2, 4, 5, 5]


# --- brokers --------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1:1", "a..b:9092", "127.0.0.1:1,127.0.0.1:2"])
async def test_no_broker_there(address):
    with pytest.raises(BrokerError, match="--bootstrap"):
        await External(Connection(address)).start()


async def test_the_embedded_broker_comes_back_on_its_port(tmp_path):
    news = []
    broker = Embedded(tmp_path / "b", tmp_path / "b.log", lambda state, why: news.append(state))
    await broker.start()
    first, address = broker.pid, broker.connection
    await External(address).start()
    broker.kill()
    await until(lambda: broker.pid not in (None, first) and broker.state == "up")
    assert (broker.connection, broker.restarts) == (address, 1)
    assert news == ["up", "restarting", "up"]
    await broker.stop()
    assert broker.pid is None


async def test_a_broker_stopped_while_it_restarts_leaves_no_process(tmp_path, monkeypatch):
    started, spawn = [], platform.spawn

    async def seen(*args, **kwargs):
        started.append(await spawn(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(platform, "spawn", seen)
    broker = Embedded(tmp_path / "b", tmp_path / "b.log", lambda state, why: None)
    await broker.start()
    broker.kill()
    await until(lambda: len(started) == 2)
    await broker.stop()
    assert [process.returncode is not None for process in started] == [True, True]


async def test_a_broker_that_cannot_start_says_why(tmp_path):
    (tmp_path / "b").write_text("in the way")
    broker = Embedded(tmp_path / "b" / "c", tmp_path / "b.log", lambda state, why: None)
    with pytest.raises((BrokerError, OSError)):
        await broker.start()
    assert broker.pid is None


# --- journal, rebalances, numbers -----------------------------------------------------------


def test_the_journal_goes_on_counting_and_gives_each_line_once():
    journal = Journal([(7, 1, "info", "start", "old"), (9, 2, "odd", "x", "older")])
    journal.add("warn", "died", "c-0")
    assert [(e.seq, e.level) for e in journal.shown()] == [(7, "info"), (9, "info"), (10, "warn")]
    assert [(row[0], row[4]) for row in journal.take()] == [(10, "c-0")]
    assert journal.take() == []
    for n in range(SHOWN + 5):
        journal.add("info", "k", str(n))
    assert len(journal.shown()) == SHOWN and len(journal.take()) == SHOWN + 5


def test_file_names_that_are_no_text_can_be_written_down():
    journal = Journal([])
    journal.add("info", "start", os.fsdecode(b"in /tmp/\xff"))
    (row,) = journal.take()
    assert row[4] == "in /tmp/?" and msgspec.json.encode(journal.shown())


def test_percentiles():
    assert percentile(Counter(), 0.5) is None
    assert percentile(Counter({1: 99, 500: 1}), 0.5) == 1.0
    assert percentile(Counter({1: 98, 500: 2}), 0.99) == 500.0
    assert percentile(Counter({3: 1}), 0.99) == 3.0


def test_latencies_are_exact_below_a_second_and_a_bounded_table_beyond():
    latencies = Latencies()
    assert latencies.quantiles() == (None, None)
    latencies.add(10_000, [(9_900, 98), (9_990, 2), (20_000, 1)])
    assert latencies.total == {95: 98, 5: 2, 0: 1}
    latencies = Latencies()
    latencies.add(86_400_000, [(at, 1) for at in range(0, 86_400_000, 5_000)])
    assert len(latencies.total) < 3000
    assert latencies.quantiles()[0] == pytest.approx(43_200_000, rel=0.01)


def test_usage_remembers_the_dead():
    usage = Usage()
    usage.sample([("engine", os.getpid()), ("consumer", 2**22 + 12345)])
    first = usage.cpu_s()["engine"]
    assert first > 0 and usage.rss_mib()["engine"] > 5 and "consumer" not in usage.cpu_s()
    usage.sample([])
    assert usage.cpu_s() == {"engine": first} and usage.rss_mib()["engine"] > 5


# --- logs -----------------------------------------------------------------------------------


@pytest.fixture
def said(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    handler, lines = logging.Handler(), []
    handler.emit = lambda record: lines.append(record.getMessage())
    handler.addFilter(logs._Repeats())
    log = logging.Logger("test")
    log.addHandler(handler)
    return log, lines, now


def test_the_same_complaint_is_heard_every_ten_seconds(said):
    log, lines, now = said
    for n in range(50):
        log.warning("no answer from %s", n)
    assert lines == ["no answer from 0"]
    log.warning("something else")
    now[0] += 10
    log.warning("no answer from %s", "b")
    now[0] += 10
    log.warning("no answer from %s", "c")
    assert lines[1:] == [
        "something else", "no answer from b (and 49 times before)", "no answer from c",
    ]  # fmt: skip


def test_messages_that_are_no_texts(said):
    log, lines, now = said
    for _ in range(3):
        log.warning(ValueError("50 % wrong"))
    now[0] += 10
    log.warning(ValueError("50 % wrong"))
    assert lines == ["50 % wrong", "50 % wrong (and 2 times before)"]


def test_the_memory_of_complaints_is_bounded(said):
    log, lines, _ = said
    for n in range(3000):
        log.warning(f"complaint {n}")
    assert len(lines) == 3000 and len(log.handlers[0].filters[0]._seen) <= 1001


def test_to_stderr_names_the_process(capfd):
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    try:
        logs.to_stderr("c-7")
        logging.getLogger("streaming.x").info("ours")
        logging.getLogger("aiokafka").info("theirs")
    finally:
        root.handlers[:] = before
        logging.getLogger("streaming").setLevel(logging.NOTSET)
    error = capfd.readouterr().err
    assert "c-7 INFO ours" in error and "theirs" not in error
