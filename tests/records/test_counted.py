"""What the store says of a record: its fate, the windows that counted it, alarms over them."""

import json

import duckdb
import msgspec
import pytest

from streaming.alarms.plan import plan_alarms
from streaming.alarms.specification import AlarmSpec
from streaming.anomaly.plan import plan_detectors
from streaming.anomaly.specification import DetectorSpec
from streaming.records.counted import look_up
from streaming.records.origin import event_of
from streaming.store.schema import TABLES
from streaming.verify.log import LogRecord
from streaming.windows.planning import make_plan
from streaming.windows.specification import Checked, WindowSpec
from tests.windows.window_support import NOW, click

PLAN = make_plan(
    2,
    Checked(
        windows=(
            WindowSpec(name="pulse", stream="clicks", size=5_000, group_by="country",
                       values={"n": "count()"}),
            WindowSpec(name="visits", stream="clicks", kind="session", gap=30_000,
                       group_by="customer_id", values={"n": "count()"}),
        )
    ),
    ["clicks", "orders"], 10_000, 5_000,
)  # fmt: skip
EVENT = click(NOW + 1, country="BR", customer_id="c-1", category="toys")
DETECTORS = plan_detectors(
    (DetectorSpec(name="d", window="pulse", values=("n",)),), PLAN
)  # fmt: skip
ALARMS = plan_alarms(
    (
        AlarmSpec(name="rush", window="pulse", value="n", threshold=3.0),
        AlarmSpec(name="odd", detector="*", field="grade", threshold=0.5),
        AlarmSpec(name="lag", metric="Lag", threshold=1.0),
    ),
    PLAN, {"d": False},
)  # fmt: skip


@pytest.fixture
def con():
    with duckdb.connect() as made:
        made.execute(TABLES)
        made.execute("INSERT INTO offsets VALUES ('clicks', 3, 100, 100, 0, 0, 0)")
        made.execute(
            "INSERT INTO window_plans VALUES (2, make_timestamp_ms(0), '{}', ?)",
            [msgspec.json.encode(PLAN).decode()],
        )
        made.execute("INSERT INTO window_starts VALUES (2, 'clicks', 3, 40)")
        yield made


def row(con, dim, key, n, *, size_s=10, final=True):
    start = NOW // (size_s * 1000) * size_s * 1000
    con.execute(
        "INSERT INTO windows VALUES ('clicks', ?, make_timestamp_ms(?), ?, ?, ?, 0, 0, 0, 0, 0, 0, "
        "0, ?, '', '')",
        [size_s, start, dim, key, n, final],
    )


def result(con, name, key, start, end, n, *, final=True):
    con.execute(
        "INSERT INTO window_results VALUES (?, 2, make_timestamp_ms(?), make_timestamp_ms(?), ?, "
        "?, '{}', ?)",
        [name, start, end, key, n, final],
    )


def alarm(con, name, key, at, after):
    con.execute(
        "INSERT INTO alarm_history VALUES (?, ?, 'event time', make_timestamp_ms(?), 'OK', ?, 1, "
        "'r')",
        [name, key, at, after],
    )


def look(con, value=EVENT, *, offset=50, sub=0):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    record = LogRecord("clicks", 3, offset, NOW, (), b"k", data)
    return look_up(con, record, sub, event_of(record), (DETECTORS, ALARMS))


def told(kept):
    return {(r.window, r.by, r.key): (r.n, r.state) for r in kept.counted}


def test_what_is_beyond_the_store_is_waiting(con):
    kept = look(con, offset=100)
    assert (kept.fate, kept.stored_offset, kept.counted) == ("waiting", 100, [])
    con.execute("DELETE FROM offsets")
    assert (look(con).fate, look(con).stored_offset) == ("waiting", None)


def test_windows_that_counted_it(con):
    row(con, "all", "*", 9)
    row(con, "country", "BR", 4, final=False)
    row(con, "country", "DE", 5)
    row(con, "type", "view", 7, size_s=60)
    start = NOW // 5000 * 5000
    result(con, "pulse", "BR", start, start + 5000, 2)
    result(con, "pulse", "BR", start + 5000, start + 10_000, 99)
    result(con, "pulse", "DE", start, start + 5000, 98)
    result(con, "visits", "c-1", NOW - 5, NOW + 31_000, 6, final=False)
    kept = look(con)
    found = told(kept)
    assert kept.fate == "counted"
    assert found["overview 10s", "", "*"] == (9, "final")
    assert found["overview 10s", "country", "BR"] == (4, "open")
    assert found["overview 10s", "category", "toys"] == (None, "open")
    assert found["overview 60s", "type", "view"] == (7, "final")
    assert found["pulse", "country", "BR"] == (2, "final")
    assert found["visits", "customer_id", "c-1"] == (6, "open")
    assert len(found) == 10


def test_windows_of_the_plan_that_held_at_its_offset(con):
    assert not [r for r in look(con, offset=39).counted if r.window == "pulse"]
    newer = msgspec.structs.replace(PLAN, number=3, windows=())
    con.execute(
        "INSERT INTO window_plans VALUES (3, make_timestamp_ms(0), '{}', ?)",
        [msgspec.json.encode(newer).decode()],
    )
    con.execute("INSERT INTO window_starts VALUES (3, 'clicks', 3, 60)")
    assert [r.window for r in look(con, offset=59).counted][-2:] == ["pulse", "visits"]
    assert len(look(con, offset=60).counted) == 8


def test_late_for_the_overview_and_for_a_declared_window(con):
    con.execute(
        "INSERT INTO late_events VALUES ('clicks', 3, 50, make_timestamp_ms(0), "
        "make_timestamp_ms(?), 'view', 'c', 'BR', 'c-1', 1, 2)",
        [NOW + 60_000],
    )
    assert look(con).fate == "counted", "another record of the same aggregate is late"
    kept = look(con, sub=2)
    assert (kept.fate, kept.reason) == ("late", str(NOW + 60_000))
    assert {r.state for r in kept.counted if r.window.startswith("overview")} == {"late"}
    pulse = next(w.panes for w in PLAN.windows if w.name == "pulse")
    con.execute(
        "INSERT INTO window_late VALUES (?, 3, 50, 0, make_timestamp_ms(0), make_timestamp_ms(0))",
        [pulse],
    )
    assert told(look(con))["pulse", "country", "BR"] == (None, "late")


def test_a_dead_letter_says_why(con):
    con.execute(
        "INSERT INTO dead_letters VALUES ('clicks', 3, 50, 'not_json', 'at byte 0', NULL, NULL, 3, "
        "make_timestamp_ms(0), 0)"
    )
    kept = look(con, b"\xff\xfe")
    assert (kept.fate, kept.reason, kept.counted) == ("dead", "not_json: at byte 0", [])


def test_alarms_over_its_windows(con):
    start = NOW // 5000 * 5000
    result(con, "pulse", "BR", start, start + 5000, 2)
    alarm(con, "rush", "BR", start + 5000, "ALARM")
    alarm(con, "rush", "DE", start, "ALARM")
    alarm(con, "odd", "d BR", start - 20_000, "ALARM")
    alarm(con, "odd", "d BR", start - 10_000, "OK")
    alarm(con, "odd", "d BR", start, "ALARM")
    alarm(con, "odd", "d BR", start + 1_000, "OK")
    alarm(con, "lag", "clicks", start, "ALARM")
    found = [(a.alarm, a.key, a.watches, a.since_ms, a.until_ms) for a in look(con).alarms]
    assert found == [
        ("odd", "d BR", "d", start, start + 1_000),
        ("rush", "BR", "pulse", start + 5000, None),
    ]
