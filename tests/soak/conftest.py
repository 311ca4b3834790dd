"""What the soaks of the brokers share: a broker under load, and figures for the end of a run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psutil
import pytest

from tests.broker.support import BrokerProcess

FIGURES: pytest.StashKey[list[str]] = pytest.StashKey()
_SAMPLE_S = 0.1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in terminalreporter.config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


class Measured:
    """A broker under load. Memory and processor time are known of the embedded one only."""

    def __init__(self, kind: str, name: str, bootstrap: str, replication: int) -> None:
        self.kind, self.name, self.bootstrap = kind, name, bootstrap
        self.replication = replication
        self.process: psutil.Process | None = None
        self.errors = ""
        self.peak_rss = 0
        self._figures: list[str] = []

    @property
    def port(self) -> int:
        return int(self.bootstrap.split(",")[0].rsplit(":", 1)[1])

    def cpu_s(self) -> float:
        """Processor seconds so far."""
        assert self.process is not None
        times = self.process.cpu_times()
        return times.user + times.system

    def tell(self, text: str) -> None:
        """A figure for the end of the run's output."""
        self._figures.append(f"{self.name}: {text}")

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Note the largest resident set meanwhile."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_SAMPLE_S):
                self.peak_rss = max(self.peak_rss, self.process.memory_info().rss)

        if self.process is None:
            yield
            return
        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@pytest.fixture
def measured(broker_kind, request, tmp_path) -> Iterator[Measured]:
    """Each broker in turn, an embedded one of the test's own."""
    figures = request.config.stash.setdefault(FIGURES, [])
    if broker_kind == "apache":
        kafka = request.getfixturevalue("apache_kafka")
        broker = Measured("apache", kafka.name, kafka.bootstrap, kafka.replication)
        broker._figures = figures
        yield broker
        return
    errors = tmp_path / "errors"
    own = BrokerProcess(tmp_path / "data", "--control", errors=errors).start()
    broker = Measured("embedded", "embedded broker", own.bootstrap, 1)
    broker._figures = figures
    broker.process = psutil.Process(own.pid)
    yield broker
    assert own.stop() == 0
    assert errors.read_text() == "", "nothing went wrong inside"
