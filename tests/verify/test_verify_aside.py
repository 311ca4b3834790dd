"""Damage to late events and dead letters is found and counted exactly."""

import pytest

from tests.verify.verify_lab import START, event, faults, kinds


@pytest.fixture
def aside(empty):
    """Three late events and three dead letters among forty clicks."""
    for i in range(40):
        empty.put("clicks", 0, START + i * 1000)
    for i in range(3):
        empty.put("clicks", 0, START + i, late=True)
    empty.put_dead("clicks", 0, b"{")
    empty.put_dead("clicks", 0, None, "null_value")
    empty.put_dead("clicks", 0, event("clicks", 99, START + 3_600_000), "event_time",
                   timestamp_ms=START)  # fmt: skip
    empty.put("clicks", 0, START + 41_000)
    empty.settle(START + 41_000)
    return empty


async def test_late_events_and_dead_letters_are_counted_apart(aside):
    report = await aside.verify()
    assert report.ok
    assert (report.records, report.windowed, report.late, report.dead) == (47, 41, 3, 3)


@pytest.mark.parametrize("table, first", [("late_events", 40), ("dead_letters", 43)])
async def test_a_row_stored_twice(aside, table, first):
    aside.con.execute(f'INSERT INTO {table} SELECT * FROM {table} WHERE "offset" = {first}')
    report = await aside.verify()
    assert faults(report) == (0, 1, 0) and kinds(report) == {"stored_twice"}


@pytest.mark.parametrize(
    "change, kind",
    [
        ("value = value + 1", "late_event"), ("country = 'XX'", "late_event"),
        ("event_at = event_at + INTERVAL 1 MICROSECOND", "late_event"),
        ("watermark_at = watermark_at - INTERVAL 1 MILLISECOND", "not_late"),
    ],
)  # fmt: skip
async def test_a_changed_late_event(aside, change, kind):
    aside.con.execute(f'UPDATE late_events SET {change} WHERE "offset" = 41')
    report = await aside.verify()
    assert faults(report) == (0, 0, 1) and kinds(report) == {kind}


async def test_a_late_event_that_is_not_listed_is_lost(aside):
    aside.con.execute('DELETE FROM late_events WHERE "offset" = 41')
    report = await aside.verify()
    assert report.lost == 1 and report.duplicates == 0 and report.wrong == 3


async def test_a_dead_letter_that_is_not_listed(aside):
    aside.con.execute('DELETE FROM dead_letters WHERE "offset" = 43')
    report = await aside.verify()
    assert faults(report) == (0, 0, 1) and kinds(report) == {"invalid_record"}


@pytest.mark.parametrize("reason", ["not_json", "event_time"])
async def test_a_valid_record_among_the_dead(aside, reason):
    """It is missing from the windows, and the one finding says why."""
    aside.con.execute('DELETE FROM late_events WHERE "offset" = 41')
    aside.con.execute(
        "INSERT INTO dead_letters VALUES ('clicks', 0, 41, ?, '', NULL, NULL, "
        "1, make_timestamp_ms(?), 0)",
        [reason, START],
    )
    report = await aside.verify()
    assert faults(report) == (0, 0, 1) and kinds(report) == {"valid_dead_letter"}


async def test_an_offset_in_both_tables(aside):
    aside.con.execute(
        'INSERT INTO late_events SELECT * REPLACE (43 AS "offset") FROM late_events '
        'WHERE "offset" = 40'
    )
    report = await aside.verify()
    assert faults(report) == (0, 1, 0) and kinds(report) == {"late_and_dead"}


@pytest.mark.parametrize("offset, kind", [(1000, "beyond_progress"), (-5, None)])
async def test_rows_of_no_record(aside, offset, kind):
    aside.con.execute(f'UPDATE dead_letters SET "offset" = {offset} WHERE "offset" = 43')
    report = await aside.verify()
    assert kinds(report) == {"invalid_record"} | ({kind} if kind else set())


async def test_the_size_of_a_dead_letter(aside):
    aside.con.execute('UPDATE dead_letters SET size = 7 WHERE "offset" = 43')
    assert kinds(await aside.verify()) == {"dead_letter"}


@pytest.mark.parametrize(
    "away_ms, accepted",
    [(-366 * 86_400_000, True), (-364 * 86_400_000, False), (6 * 60_000, True), (0, False),
     (30_000, False)],
)  # fmt: skip
async def test_event_times_out_of_range(empty, away_ms, accepted):
    empty.put_dead(
        "clicks", 0, event("clicks", 1, START + away_ms), "event_time", timestamp_ms=START
    )
    empty.settle(START)
    assert (await empty.verify()).ok == accepted
