"""The ready queries on a real store: they run, and say what is in it."""

import pytest

from streaming.store.jail import run_sql
from streaming.store.ready import READY

ANSWERS = {
    "Throughput by minute": ("minute", "stream", "records"),
    "Hottest keys of each shard": ("shard", "customer_id", "orders"),
    "Shards: progress and balance": ("stream", "shard", "behind"),
    "Windows that are not final": ("stream", "start_at", "watermark"),
    "Records that came too late": ("stream", "shard", "late"),
    "Dead letters by reason": ("stream", "reason", "records"),
    "Alarms: what changed, and why": ("happened_at", "alarm", "reason"),
    "Anomalies, and why": ("detector", "key", "grade"),
    "Epochs: before and after": ("stream", "epoch", "max_over_mean"),
    "Revenue by category": ("category", "orders", "revenue"),
    "Slowest countries": ("country", "clicks", "p99"),
    "What happened": ("happened_at", "level", "text"),
}

SEED = """
INSERT INTO late_events SELECT 'clicks', 1, 7, now()::TIMESTAMP - to_seconds(90),
    now()::TIMESTAMP, 'view', 'toys', 'DE', 'u1', 12, 0;
INSERT INTO dead_letters SELECT 'orders', 0, 9, 'not_json', 'no JSON: [/x]', NULL, 'x', 1,
    now()::TIMESTAMP, 0;
INSERT INTO alarm_history SELECT 'lag', '', 'wall', now()::TIMESTAMP + to_seconds(i), 'OK', 'ALARM',
    3.5, 'three of three datapoints' FROM range(2) r(i);
INSERT INTO anomaly SELECT 'd', 'k', now()::TIMESTAMP, NULL, NULL, 'ready', '{}', 1.5, '', 0.9, 0.1,
    0.0, 0.9, 0.5, 0.8, 0.7, 'n', 12, 3, 4, 5, 'far above', '1', 'window w', 1;
INSERT INTO epochs VALUES ('clicks', 7, now()::TIMESTAMP, now()::TIMESTAMP, 'country', 'msk', 4,
    'the key is country', 12, 'null',
    '{"records":40,"seconds":9.5,"ids":[0,1],"counts":[30,10],"throttled":5,"distinct_keys":null}',
    '{}');
INSERT INTO epochs VALUES ('clicks', 8, now()::TIMESTAMP, NULL, 'country', 'msk', 4, 'x', 0, 'null',
    'null', '{}');
INSERT INTO journal VALUES (1, now()::TIMESTAMP, 'info', 'start', 'the lab starts');
UPDATE events_orders SET type = 'paid';
INSERT INTO windows SELECT stream, 60, start_at, dim, key, n, total, lowest, highest,
    distinct_customers, p50, p90, p99, true, hll, buckets FROM windows
    WHERE dim = 'country' AND stream = 'clicks' AND size_s = 10 LIMIT 1;
"""


@pytest.fixture
def filled(busy, tmp_path):
    store = busy[0]
    con = store.reader()
    con.execute(SEED)
    con.close()
    copy = tmp_path / "copy.duckdb"
    store.copy_to(copy)
    return copy


def test_every_one_is_tested():
    assert set(ANSWERS) == {query.name for query in READY}


@pytest.mark.parametrize("query", READY, ids=lambda query: query.name)
def test_it_runs_and_finds_what_is_there(filled, query):
    result = run_sql(filled, query.sql)
    assert result.error is None
    assert set(ANSWERS[query.name]) <= set(result.columns)
    assert result.rows and query.text.endswith(".")


def test_numbers_of_some(filled):
    by_name = {query.name: run_sql(filled, query.sql) for query in READY[:9]}

    def rows(name):
        result = by_name[name]
        return [dict(zip(result.columns, row, strict=True)) for row in result.rows]

    assert sum(int(r["records"]) for r in rows("Throughput by minute")) == 240
    first = next(r for r in rows("Epochs: before and after") if r["epoch"] == "7")
    assert (first["max_over_mean"], first["throttled"], first["records"]) == ("1.5", "5", "40")
    late = rows("Records that came too late")
    assert late[0]["late"] == "1" and late[0]["furthest_behind"] == "00:01:30"


@pytest.mark.parametrize("query", READY, ids=lambda query: query.name)
def test_it_runs_on_an_empty_store(path, query, tmp_path):
    from tests.store.store_support import open_store

    store = open_store(path)
    try:
        store.copy_to(tmp_path / "copy.duckdb")
    finally:
        store.close()
    assert run_sql(tmp_path / "copy.duckdb", query.sql).error is None
