"""Queries that are cancelled, counted and paged; and processes that do not outlive who asked."""

import subprocess
import sys
import threading

import duckdb
import psutil
import pytest

from streaming.store import jail
from streaming.store.catalogue import read_catalogue
from streaming.store.jail import CANCELLED, Leash, count_sql, run_sql

ENDLESS = "SELECT count(*) FROM range(100000000000) r(i) WHERE hash(i) = 1"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("sql") / "lab.duckdb"
    with duckdb.connect(str(path), config={"threads": "1"}) as con:
        con.execute("CREATE TABLE t AS SELECT i FROM range(1000) r(i)")
        con.execute("""CREATE VIEW "w_[/x]" AS SELECT i AS "a""b" FROM t""")
    return path


class Told(Leash):
    """Says when there is a process to kill."""

    def __init__(self):
        super().__init__()
        self.started = threading.Event()
        self.child = None

    def hold(self, child):
        super().hold(child)
        self.child = child
        self.started.set()


def test_cancelling_kills_the_process(database):
    leash, answers = Told(), []
    asking = threading.Thread(
        target=lambda: answers.append(run_sql(database, ENDLESS, timeout_s=60, leash=leash))
    )
    asking.start()
    assert leash.started.wait(20)
    assert psutil.pid_exists(leash.child.pid)
    leash.cancel()
    asking.join(20)
    assert answers[0].error == CANCELLED
    assert leash.child.returncode == -9 and not psutil.pid_exists(leash.child.pid)


def test_what_was_cancelled_before_it_began_does_not_run(database):
    leash = Leash()
    leash.cancel()
    assert run_sql(database, ENDLESS, timeout_s=60, leash=leash).error == CANCELLED


def test_the_process_ends_with_who_asked(database):
    code = (
        "import sys; from pathlib import Path; from streaming.store.jail import *\n"
        "class Told(Leash):\n"
        "    def hold(self, child): super().hold(child); print(child.pid, flush=True)\n"
        "run_sql(Path(sys.argv[1]), sys.argv[2], timeout_s=60, leash=Told())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database), ENDLESS], stdout=subprocess.PIPE, text=True
    ) as asker:
        child = psutil.Process(int(asker.stdout.readline()))
        asker.kill()
        asker.wait()
        child.wait(timeout=20)
        assert not child.is_running()


def test_pages_by_offset(database):
    result = run_sql(database, "FROM t ORDER BY i", max_rows=3, offset=500)
    assert result.rows == (("500",), ("501",), ("502",)) and result.truncated
    assert not run_sql(database, "FROM t", max_rows=3, offset=997).truncated
    assert run_sql(database, "FROM t", offset=1000).rows == ()


def test_counting(database):
    assert count_sql(database, "FROM t -- all") == 1000
    assert count_sql(database, "SHOW TABLES") == 2
    assert count_sql(database, "FROM nothing") is None
    assert count_sql(database, "DROP TABLE t") is None
    assert count_sql(database, ENDLESS, timeout_s=0.3) is None


def test_the_catalogue(database):
    found = read_catalogue(database)
    assert [(t.name, t.columns, t.is_view) for t in found.tables] == [
        ("t", (("i", "BIGINT"),), False), ("w_[/x]", (('a"b', "BIGINT"),), True)
    ]  # fmt: skip
    assert found.table("T") is found.tables[0] and found.table("u") is None


def test_no_catalogue_of_what_is_no_database(tmp_path):
    assert read_catalogue(tmp_path / "none.duckdb") is None


def test_a_stream_that_is_no_stream(database, monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    monkeypatch.setattr("streaming.store.jail._CHILD", child)
    for text in (
        "",
        "print('B')",
        "print('S' + chr(127) * 8)",
        "print('E\\0\\0\\0\\0\\0\\0\\0\\1{')",
    ):
        child.write_text(text)
        with pytest.raises(jail.SqlFailed):
            list(jail.stream_sql(database, "FROM t", as_text=True, timeout_s=5))
