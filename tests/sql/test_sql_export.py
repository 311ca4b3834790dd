"""Whole results in files: read back by DuckDB, written whole or not at all, and nowhere else."""

import hashlib
import threading

import duckdb
import pytest

from streaming.store.export import export
from streaming.store.exported import ExportError, format_of
from streaming.store.jail import CANCELLED, Leash
from tests.sql.test_sql_jail import ATTACKS

ROWS = 5000
MAKE = f"""
CREATE TABLE t AS SELECT i, 'k' || (i % 7) AS k, i / 8 AS share, i % 3 = 0 AS yes,
    TIMESTAMP '2026-01-01 00:00:00.125' + to_seconds(i) AS moment, DATE '2026-01-01' AS day,
    '\\xAA\\x00'::BLOB AS bytes, i::HUGEINT * 10 AS big, 1.25::DECIMAL(9, 2) AS price,
    CASE WHEN i % 2 = 0 THEN 'text, "quoted"' || chr(10) || 'é漢' END AS text,
    to_days(3) AS span, [i, 2] AS list, {{'a': i}} AS pair, NULL AS nothing, '=1+1' AS formula
FROM range({ROWS}) r(i)
"""


@pytest.fixture
def folder(tmp_path):
    with duckdb.connect(str(tmp_path / "lab.duckdb"), config={"threads": "1"}) as con:
        con.execute(MAKE)
        con.execute("CREATE SEQUENCE s")
    return tmp_path


def write(folder, sql, name, **more):
    target = folder / name
    return export(folder / "lab.duckdb", sql, target, kind=format_of(target), **more)


def query(sql):
    with duckdb.connect() as con:
        return con.execute(sql).fetchall()


def test_parquet_gives_rows_and_types_back(folder):
    told = []
    done = write(folder, "FROM t ORDER BY i", "out.parquet", progress=told.append)
    assert done.rows == ROWS == told[-1] and told == sorted(told) and len(told) > 1
    assert done.size_bytes == done.path.stat().st_size
    kinds = dict(row[:2] for row in query(f"DESCRIBE FROM '{done.path}'"))
    assert kinds == {
        "i": "BIGINT", "k": "VARCHAR", "share": "DOUBLE", "yes": "BOOLEAN", "moment": "TIMESTAMP",
        "day": "DATE", "bytes": "BLOB", "big": "DECIMAL(38,0)", "price": "DECIMAL(9,2)",
        "text": "VARCHAR", "span": "VARCHAR", "list": "VARCHAR", "pair": "VARCHAR",
        "nothing": "VARCHAR", "formula": "VARCHAR",
    }  # fmt: skip
    plain = "i, k, share, yes, moment, day, bytes, big, price, text, nothing"
    with duckdb.connect(str(folder / "lab.duckdb"), read_only=True) as con:
        wanted = con.execute(f"SELECT {plain} FROM t ORDER BY i").fetchall()
    assert query(f"SELECT {plain} FROM '{done.path}' ORDER BY i") == wanted


def test_csv_gives_rows_back(folder):
    done = write(folder, "SELECT i, text, nothing, formula, -i AS less FROM t", "out.csv")
    found = query(
        f"SELECT count(*), sum(i), sum(less), count(text), count(nothing), any_value(formula), "
        f"min(text) FROM read_csv('{done.path}', header = true)"
    )
    total = ROWS * (ROWS - 1) // 2
    assert found == [(ROWS, total, -total, ROWS // 2, 0, "'=1+1", 'text, "quoted"\né漢')]


def test_an_empty_result_has_its_columns(folder):
    write(folder, "SELECT i, k FROM t WHERE i < 0", "out.csv")
    assert (folder / "out.csv").read_text() == "i,k\n"
    done = write(folder, "SELECT i, k FROM t WHERE i < 0", "out.parquet")
    assert [row[0] for row in query(f"DESCRIBE FROM '{done.path}'")] == ["i", "k"]


def test_names_may_be_anything_but_twice_in_parquet(folder):
    sql = """SELECT 1 AS "a""b", 2 AS "[/x]", 3 AS "=x" """
    done = write(folder, sql, "out.parquet")
    assert [row[0] for row in query(f"DESCRIBE FROM '{done.path}'")] == ['a"b', "[/x]", "=x"]
    with pytest.raises(ExportError, match="same name"):
        write(folder, "SELECT 1 AS a, 2 AS a", "twice.parquet")
    assert write(folder, "SELECT 1 AS a, 2 AS a", "twice.csv").rows == 1


def state(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.mark.parametrize(
    "sql", [*ATTACKS, "COPY t TO '@/x.csv'", "PRAGMA version", "INSTALL httpfs", "DROP TABLE t"]
)
def test_attacks_write_nothing(folder, sql):
    (folder / "secret.csv").write_text("password\nhunter2\n")
    before = state(folder)
    with pytest.raises(ExportError) as told:
        write(folder, sql.replace("@", str(folder)), "out.csv")
    assert "hunter2" not in str(told.value)
    assert state(folder) == before


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_what_breaks_in_the_middle_leaves_nothing(folder, name):
    before = state(folder)
    sql = "SELECT CAST(CASE WHEN i = 4900 THEN 'x' ELSE '1' END AS INTEGER) FROM t"
    with pytest.raises(ExportError, match="Could not convert"):
        write(folder, sql, name)
    assert state(folder) == before


def test_a_file_that_is_there_stays_unless_it_is_said(folder):
    target = folder / "out.csv"
    target.write_text("mine")
    with pytest.raises(ExportError, match="exists already"):
        write(folder, "FROM t", "out.csv")
    with pytest.raises(ExportError, match="nope"):
        write(folder, "SELECT nope", "out.csv", replace=True)
    assert target.read_text() == "mine"
    assert write(folder, "SELECT 1 AS one", "out.csv", replace=True).rows == 1
    assert target.read_text() == "one\n1\n"


def test_a_file_that_comes_meanwhile_stays(folder):
    target = folder / "out.csv"

    def meanwhile(rows):
        target.write_text("mine")

    with pytest.raises(ExportError, match="exists already"):
        write(folder, "FROM t", "out.csv", progress=meanwhile)
    assert target.read_text() == "mine"
    assert sorted(p.name for p in folder.iterdir()) == ["lab.duckdb", "out.csv"]


def test_a_link_is_not_written_through(folder):
    other = folder / "other.txt"
    other.write_text("other")
    (folder / "out.csv").symlink_to(other)
    (folder / "dangling.csv").symlink_to(folder / "nowhere")
    for name in ("out.csv", "dangling.csv"):
        with pytest.raises(ExportError, match="exists already"):
            write(folder, "FROM t", name)
    write(folder, "SELECT 1 AS one", "out.csv", replace=True)
    assert other.read_text() == "other" and not (folder / "nowhere").exists()


def test_places_that_cannot_be_written(folder):
    (folder / "dir.csv").mkdir()
    with pytest.raises(ExportError, match="is a folder"):
        write(folder, "FROM t", "dir.csv")
    with pytest.raises(ExportError, match="There is no folder"):
        write(folder, "FROM t", "none/out.csv")
    with pytest.raises(ExportError, match=r"\.csv or \.parquet"):
        write(folder, "FROM t", "out.xlsx")


def test_cancelling_leaves_nothing(folder):
    before, leash = state(folder), Leash()
    more = "SELECT a.i, b.i AS j FROM t a, t b"

    def stop(rows):
        leash.cancel()

    with pytest.raises(ExportError, match=CANCELLED):
        write(folder, more, "out.csv", leash=leash, progress=stop)
    assert state(folder) == before
    assert threading.active_count() < 10


def test_time_is_limited(folder):
    with pytest.raises(ExportError, match=r"longer than|needed more than"):
        write(folder, "SELECT a.i FROM t a, t b, t c", "out.csv", timeout_s=0.5)
    assert not (folder / "out.csv").exists()
