"""Damage to the windows of a store is found and counted exactly."""

import pytest

from streaming.verify import render
from streaming.windows.spec import MAX_MEASURE
from tests.verify.verify_lab import AT, START, faults, kinds


async def test_a_clean_store_passes(lab):
    seen = []
    report = await lab.verify(progress=lambda done, total: seen.append((done, total)))
    assert report.ok and faults(report) == (0, 0, 0) and report.findings == []
    assert (report.records, report.windowed, report.late, report.dead) == (900, 900, 0, 0)
    rows = lab.con.execute("SELECT count(*) FROM windows").fetchone()[0]
    assert report.windows_checked == rows and report.windows_skipped == 0
    assert seen[-1] == (900, 900)
    assert "agrees with the log" in render(report)


async def test_an_empty_store_and_an_empty_log_agree(empty):
    assert (await empty.verify()).ok


async def test_a_record_missing_from_every_window(lab):
    """One all-pane row counts as lost; the three other rows of the open minute are wrong."""
    e = lab.counted["clicks"].pop()
    lab.con.execute("DELETE FROM windows WHERE stream = 'clicks'")
    lab.con.execute("DELETE FROM watermarks")
    lab.con.execute("DELETE FROM offsets")
    lab.settle(START + 150_000, streams=("clicks",))
    lab.con.execute("INSERT OR IGNORE INTO watermarks VALUES ('orders', ?)", [START + 150_000])
    lab.con.execute("INSERT OR IGNORE INTO watermarks VALUES ('access', ?)", [START + 150_000])
    report = await lab.verify()
    assert faults(report) == (1, 0, 3)
    assert kinds(report) == {"lost", "window"}
    assert e["ts"] == START + 299 * 500


async def test_records_counted_twice(lab):
    lab.con.execute(
        f"UPDATE windows SET n = n + 2, total = total + 5 WHERE stream = 'orders' AND size_s = 10 "
        f"AND dim = 'all' AND {AT}",
        [START],
    )
    report = await lab.verify()
    assert faults(report) == (0, 2, 0)
    assert report.findings[0].kind == "duplicated"
    assert "n 20" in report.findings[0].expected and "n 22" in report.findings[0].stored
    assert "NOT" in render(report)


@pytest.mark.parametrize(
    "change",
    [
        "total = total + 1", "lowest = lowest - 1", "highest = highest + 1",
        "distinct_customers = distinct_customers + 1.5", "is_final = NOT is_final",
        "p50 = highest", "p90 = lowest", "p99 = lowest", "p50 = 'nan'",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size, dim", [(10, "all"), (60, "all")])
async def test_a_changed_figure(lab, change, size, dim):
    lab.con.execute(
        f"UPDATE windows SET {change} WHERE stream = 'access' AND size_s = ? AND dim = ? AND {AT}",
        [size, dim, START],
    )
    report = await lab.verify()
    assert faults(report) == (0, 0, 1)
    assert report.findings[0].kind == "window"


@pytest.mark.parametrize("change", ["p50 = 103", "p50 = 105", "p99 = highest + 2"])
async def test_small_quantiles_are_exact(empty, change):
    for i in range(9):
        empty.put("clicks", 0, START + i, load_ms=50 + i)
    empty.settle(START)
    assert (await empty.verify()).ok
    empty.con.execute(f"UPDATE windows SET {change}")
    assert (await empty.verify()).wrong == 1 + 2 + 3 + 2


async def test_sketch_error_is_allowed(empty):
    for i in range(2000):
        empty.put("clicks", 0, START + i, load_ms=i, customer_id=f"c{i}")
    empty.settle(START)
    where = "WHERE dim = 'all'"
    empty.con.execute(f"UPDATE windows SET distinct_customers = 1750, p50 = 1008 {where}")
    assert (await empty.verify()).ok
    empty.con.execute(f"UPDATE windows SET distinct_customers = 1700 {where}")
    assert (await empty.verify()).wrong == 1
    empty.con.execute(f"UPDATE windows SET distinct_customers = 2000, p50 = 1012 {where}")
    assert (await empty.verify()).wrong == 1


async def test_sums_of_the_largest_measures_are_exact(empty):
    for i in range(3):
        empty.put("clicks", 0, START + i, load_ms=MAX_MEASURE - i)
    empty.settle(START)
    assert (await empty.verify()).ok


async def test_rows_without_truth(lab):
    lab.con.execute(
        "INSERT INTO windows SELECT * REPLACE (make_timestamp_ms(?) AS start_at) FROM windows "
        f"WHERE stream = 'clicks' AND size_s = 10 AND {AT}",
        [START - 10_000, START],
    )
    report = await lab.verify()
    assert faults(report) == (0, 20, 2 + 3 + 2)
    assert kinds(report) == {"duplicated", "extra_window"}


@pytest.mark.parametrize(
    "change", ["size_s = 30", "dim = 'city'", "start_at = start_at + INTERVAL 1 MILLISECOND"]
)
async def test_rows_of_no_known_window(lab, change):
    lab.con.execute(
        "INSERT INTO windows SELECT * REPLACE ('k9' AS key, 0 AS n) FROM windows "
        f"WHERE stream = 'clicks' AND size_s = 10 AND dim = 'all' AND {AT}",
        [START],
    )
    lab.con.execute(f"UPDATE windows SET {change} WHERE key = 'k9'")
    report = await lab.verify()
    assert faults(report) == (0, 0, 1) and kinds(report) == {"extra_window"}


async def test_missing_rows(lab):
    lab.con.execute(
        f"DELETE FROM windows WHERE stream = 'clicks' AND size_s = 10 AND {AT}", [START]
    )
    report = await lab.verify()
    assert faults(report) == (20, 0, 7)
    assert kinds(report) == {"lost", "missing_window"}


async def test_a_minute_is_there_only_when_it_is_final(lab):
    lab.con.execute(
        "INSERT INTO windows SELECT * REPLACE (60 AS size_s, 1 AS n) FROM windows "
        f"WHERE stream = 'clicks' AND size_s = 10 AND dim = 'all' AND {AT}",
        [START + 120_000],
    )
    assert kinds(await lab.verify()) == {"extra_window"}
    lab.con.execute(
        "UPDATE watermarks SET watermark_ms = ? WHERE stream = 'orders'", [START + 64_999]
    )
    report = await lab.verify()
    assert {"extra_window", "window"} == kinds(report)
