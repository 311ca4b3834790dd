"""Queries in their own process: what they give, and what they cannot do."""

import hashlib
from pathlib import Path

import duckdb
import pytest

from streaming.store import jail_child
from streaming.store.jail import SqlResult, run_sql


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sql")


@pytest.fixture(scope="session")
def database(folder):
    path = folder / "lab.duckdb"
    with duckdb.connect(str(path), config={"threads": "1"}) as con:
        con.execute(
            "CREATE TABLE t AS SELECT i, 'k' || (i % 3) AS k, TIMESTAMP '2026-01-01' AS at "
            "FROM range(2000) r(i)"
        )
        con.execute("CREATE SEQUENCE s")
    with duckdb.connect(str(folder / "other.duckdb"), config={"threads": "1"}) as con:
        con.execute("CREATE TABLE password AS SELECT 'hunter2' AS word")
    (folder / "secret.csv").write_text("password\nhunter2\n")
    return path


@pytest.fixture
def ask(database, folder):
    """Run a query; afterwards the folder holds what it held, byte for byte."""

    def state():
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}

    before = state()
    yield lambda sql, **limits: run_sql(database, sql.replace("@", str(folder)), **limits)
    assert state() == before


# --- ordinary queries -----------------------------------------------------------------------


def test_cells_are_text_with_their_types(ask):
    result = ask(
        "SELECT 1 AS n, 2.50::DECIMAL(9,2) AS d, NULL AS nothing, [1, 2] AS list, "
        "TIMESTAMP '2026-01-02 03:04:05.678' AS at, true AS yes, 'x\x1b[2J' AS text, 1 AS n;"
    )
    assert result.error is None and not result.truncated and result.seconds > 0
    assert result.columns == ("n", "d", "nothing", "list", "at", "yes", "text", "n")
    assert result.types[:2] == ("INTEGER", "DECIMAL(9,2)") and result.types[4] == "TIMESTAMP"
    assert result.rows == (
        ("1", "2.50", None, "[1, 2]", "2026-01-02 03:04:05.678", "true", "x\x1b[2J", "1"),
    )


@pytest.mark.parametrize(
    "sql, first",
    [
        ("FROM t ORDER BY i DESC LIMIT 2", ("1999", "k1", "2026-01-01 00:00:00")),
        ("WITH a AS (SELECT max(i) AS m FROM t) SELECT * FROM a -- done", ("1999",)),
        ("SHOW TABLES", ("t",)),
        ("VALUES (7), (8)", ("7",)),
        ("SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00'", ("2026-01-01 00:00:00+00",)),
        ("SELECT [TIMESTAMPTZ '2026-01-01 00:00:00+00']", ("['2026-01-01 00:00:00+00']",)),
    ],
)  # fmt: skip
def test_reading_statements(ask, sql, first):
    result = ask(sql)
    assert result.error is None
    assert result.rows[0] == first


@pytest.mark.parametrize(
    "sql, column",
    [
        ("DESCRIBE t", "column_name"),
        ("SUMMARIZE t", "approx_unique"),
        ("EXPLAIN FROM t", "explain_value"),
        ("EXPLAIN ANALYZE SELECT 1", "explain_value"),
    ],
)
def test_telling_statements(ask, sql, column):
    result = ask(sql)
    assert result.error is None and column in result.columns and result.rows


def test_an_empty_result_keeps_its_columns(ask):
    result = ask("SELECT i, k FROM t WHERE i < 0")
    assert result == SqlResult(("i", "k"), ("BIGINT", "VARCHAR"), seconds=result.seconds)


def test_rows_are_capped(ask):
    result = ask("SELECT i FROM t ORDER BY i", max_rows=10)
    assert len(result.rows) == 10 and result.truncated
    assert not ask("SELECT i FROM t WHERE i < 10", max_rows=10).truncated


def test_cells_and_replies_are_capped(ask):
    result = ask("SELECT repeat('ä', 5000) AS a, i FROM t")
    assert result.error is None and result.truncated
    assert result.rows[0][0] == "ä" * 1999 + "…"
    assert 200 < len(result.rows) < 300


def test_columns_are_capped(ask):
    assert "300 columns" in (ask("SELECT " + ",".join(map(str, range(300)))).error or "")


# --- mistakes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql, text",
    [
        ("-- nothing", "no statement"), ("SELECT 1; DROP TABLE t", "One statement"),
        ("selec 1", "syntax error"), ("SELECT nope", "nope"), ("x" * 20_001, "too long"),
        ("SELECT " + "(" * 3000 + "1" + ")" * 3000, "depth"), ("SELECT '\ud800\x00'", ""),
    ],
    ids=range(7),
)  # fmt: skip
def test_mistakes_get_one_clear_text(ask, sql, text):
    result = ask(sql)
    if text:
        assert result.error is not None and text in result.error
        assert result.rows == () and result.columns == ()


def test_no_file(tmp_path):
    assert "no database file" in (run_sql(tmp_path / "none.duckdb", "SELECT 1").error or "")


def test_no_database(tmp_path):
    path = tmp_path / "text.duckdb"
    path.write_text("hello")
    assert run_sql(path, "SELECT 1").error


def test_a_database_that_is_being_written(tmp_path):
    path = tmp_path / "live.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE t (i INTEGER)")
        assert "open for writing" in (run_sql(path, "FROM t").error or "")


# --- attacks --------------------------------------------------------------------------------

ATTACKS = [
    "WITH x AS (INSERT INTO t(i) VALUES (9) RETURNING *) SELECT * FROM x",
    "WITH x AS (COPY (SELECT 1) TO '@/out.csv') SELECT * FROM x",
    "EXPLAIN ANALYZE INSERT INTO t(i) VALUES (9)",
    "EXPLAIN ANALYZE DROP TABLE t",
    "EXPLAIN ANALYZE COPY t TO '@/out.csv'",
    "SELECT nextval('s')",
    "SELECT * FROM read_csv('@/secret.csv')",
    "SELECT * FROM '@/secret.csv'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('@/*')",
    "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    "SELECT * FROM read_duckdb('@/other.duckdb')",
    "ATTACH '@/other.duckdb'",
    "CONNECT 'quack:127.0.0.1:1'",
    "SET memory_limit = '90GB'",
    "SELECT getenv('PATH')",
    "SELECT * FROM request",
    "SELECT * FROM query('DROP TABLE t')",
]


@pytest.mark.parametrize("sql", ATTACKS)
def test_attacks_get_an_error(ask, sql):
    result = ask(sql)
    assert result.error, result
    assert "hunter2" not in result.error and "root:" not in result.error


KINDS = """
    COPY t TO 'out.csv' | EXPORT DATABASE 'out' | INSERT INTO t VALUES (9) | UPDATE t SET i = 0
    DELETE FROM t | DROP TABLE t | CREATE TABLE u (i INTEGER) | CREATE TEMP TABLE u AS SELECT 1
    CREATE MACRO m() AS 1 | ALTER TABLE t ADD COLUMN z INTEGER | ATTACH 'other.duckdb' | DETACH lab
    CONNECT 'quack:127.0.0.1:1' | PRAGMA enable_profiling | PRAGMA database_list
    SET enable_external_access = true | RESET threads | USE temp | CHECKPOINT
    CALL pragma_version()
    CALL enable_logging() | INSTALL httpfs | LOAD httpfs | CREATE SECRET (TYPE s3) | BEGIN | VACUUM
    PREPARE p AS SELECT 1 | EXECUTE p | PIVOT t ON k USING count(*) | SELECT 1; SELECT 2
"""


@pytest.mark.parametrize(
    "sql", [s.strip() for s in KINDS.replace("\n", "|").split("|") if s.strip()]
)
def test_other_kinds_of_statements_are_refused_before_they_run(sql):
    with duckdb.connect(":memory:") as con, pytest.raises(jail_child.Refused):
        jail_child._only_statement(con, sql)


BOMBS = [
    "SELECT count(*) FROM range(100000000000) r(i) WHERE hash(i) = 1",
    "SELECT count(*) FROM t a, t b, t c, t d WHERE hash(a.i + b.i + c.i + d.i) = 1",
    "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r",
    "SELECT length(repeat('x', 3000000000))",
    "SELECT rpad('', 2147483647, 'x')",
    "SELECT * FROM range(1000000000) r(i) ORDER BY hash(i)",
    "SELECT length(string_agg(repeat('x', 10000), '')) FROM range(200000)",
]


@pytest.mark.parametrize("sql", BOMBS, ids=range(len(BOMBS)))
def test_bombs_end_in_an_error(ask, sql):
    result = ask(sql, timeout_s=0.5, memory_mb=128)
    assert result.error is not None
    assert "MiB" in result.error or "longer than" in result.error


def test_a_child_that_says_nothing_is_reported(ask, monkeypatch, tmp_path):
    silent = tmp_path / "silent.py"
    silent.write_text("import os; os._exit(3)")
    monkeypatch.setattr("streaming.store.jail._CHILD", silent)
    assert "code 3" in (ask("SELECT 1").error or "")


def test_a_child_that_floods_or_hangs_is_killed(ask, monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    monkeypatch.setattr("streaming.store.jail._CHILD", child)
    monkeypatch.setattr("streaming.store.jail.KILL_AFTER_S", 0.2)
    child.write_text("while True: print('x' * 100000)")
    assert ask("SELECT 1", timeout_s=0.3).error
    child.write_text("import threading; threading.Event().wait()")
    assert "longer than" in (ask("SELECT 1", timeout_s=0.3).error or "")


def test_the_environment_is_empty(ask, monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text(
        "import json, os\nprint(json.dumps({'error': ' '.join(os.environ) + '|' + os.getcwd()}))"
    )
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    monkeypatch.setattr("streaming.store.jail._CHILD", child)
    names, _, where = (ask("SELECT 1").error or "").partition("|")
    assert "SECRET_TOKEN" not in names and "HOME" not in names
    assert where == Path(where).anchor
