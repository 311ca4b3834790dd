"""Damage to the raw events is found and counted exactly."""

import pytest

from tests.verify.verify_lab import START, faults, kinds


async def test_a_missing_order(lab):
    lab.con.execute('DELETE FROM events_orders WHERE shard = 1 AND "offset" IN (3, 4)')
    report = await lab.verify()
    assert faults(report) == (0, 0, 2) and kinds(report) == {"orders_missing"}


async def test_an_order_stored_twice(lab):
    lab.con.execute('INSERT INTO events_orders FROM events_orders WHERE shard = 1 AND "offset" = 3')
    report = await lab.verify()
    assert faults(report) == (0, 1, 0) and kinds(report) == {"orders_twice"}


@pytest.mark.parametrize(
    "change",
    [
        "total_cents = total_cents + 1",
        "event_id = 'x'",
        "order_id = 'x'",
        "event_at = '2020-01-01'",
    ],
)
async def test_a_changed_order(lab, change):
    lab.con.execute(f'UPDATE events_orders SET {change} WHERE shard = 0 AND "offset" = 9')
    report = await lab.verify()
    assert faults(report) == (0, 0, 1) and kinds(report) == {"orders_differs"}


async def test_an_order_that_never_was(lab):
    lab.con.execute('UPDATE events_orders SET "offset" = 5000 WHERE shard = 0 AND "offset" = 9')
    report = await lab.verify()
    assert faults(report) == (0, 0, 2) and kinds(report) == {"orders_missing", "orders_extra"}


async def test_late_orders_are_stored_too(empty):
    empty.put("orders", 0, START + 60_000)
    empty.put("orders", 0, START, late=True)
    empty.settle(START + 60_000)
    assert (await empty.verify()).ok
    empty.con.execute("DELETE FROM events_orders")
    assert faults(await empty.verify()) == (0, 0, 2)


async def test_orders_before_the_retained_time_may_be_gone(lab):
    cut = START + 100_000
    lab.con.execute("DELETE FROM events_orders WHERE event_at < make_timestamp_ms(?)", [cut])
    assert (await lab.verify()).wrong == 200
    lab.con.execute("INSERT INTO meta VALUES ('orders_retained_from_ms', ?)", [str(cut)])
    assert (await lab.verify()).ok


async def test_clicks_are_required_when_they_are_kept(lab):
    lab.con.execute("INSERT INTO meta VALUES ('store_clicks', 'true')")
    assert faults(await lab.verify()) == (0, 0, 300)
    lab.con.execute(
        "INSERT INTO events_clicks SELECT 'clicks-' || (1 + 3 * i), "
        "make_timestamp_ms(? + i * 500), i % 2, i // 2, 0, '', '', '', '', '', '', '', '', '', "
        "(1 + 3 * i) * 13 % 101, 1, 0 FROM range(300) r(i)",
        [START],
    )
    assert (await lab.verify()).ok
