"""Damage to the log, and what the log alone can tell."""

import pytest

from streaming.verify import VerifyError, read_store, render
from tests.verify.verify_lab import AT, LATENESS, START, event, faults, kinds


async def test_records_the_store_has_not_reached(lab):
    for i in range(5):
        lab.log.put("clicks", 0, event("clicks", 9000 + i, START))
    lab.log.put("access", 7, event("access", 9000, START))
    report = await lab.verify()
    assert report.ok and report.beyond_store == 6
    assert "not in the store yet" in render(report)


async def test_acknowledged_records_that_the_log_does_not_have(lab):
    lab.con.execute("UPDATE offsets SET acked_end = 153 WHERE stream = 'orders' AND shard = 1")
    report = await lab.verify()
    assert faults(report) == (3, 0, 0) and kinds(report) == {"acked_missing"}


@pytest.mark.parametrize("gone", [1, 150])
async def test_a_truncated_log(lab, gone):
    del lab.log.records["orders", 1][150 - gone :]
    report = await lab.verify()
    assert faults(report) == (gone, 0, 1)
    assert kinds(report) == {"log_truncated", "acked_missing"}
    rows = lab.con.execute("SELECT count(*) FROM windows WHERE stream = 'orders'").fetchone()[0]
    assert report.windows_skipped == rows
    assert "cut off" in render(report)


async def test_a_log_that_is_gone(lab):
    lab.log.records.clear()
    report = await lab.verify()
    assert faults(report) == (900, 0, 6) and report.records == 0


async def test_retention_makes_old_windows_incomparable(lab):
    """Shard 0 begins at its record of second 40: panes up to its lateness on are skipped."""
    lab.log.begins["clicks", 0] = 40
    report = await lab.verify()
    assert report.ok
    skipped = lab.con.execute(
        "SELECT count(*) FROM windows WHERE stream = 'clicks' AND epoch_ms(start_at) < ?",
        [START + 50_000 + LATENESS],
    ).fetchone()[0]
    assert report.windows_skipped == skipped > 0
    assert (report.records, report.windowed) == (860, 860)
    lab.con.execute(f"UPDATE windows SET n = 1 WHERE stream = 'clicks' AND {AT}", [START + 60_000])
    assert (await lab.verify()).lost == 19


async def test_a_shard_whose_records_are_all_gone(lab):
    lab.log.begins["clicks", 0] = 150
    report = await lab.verify()
    assert report.ok and report.records == 750
    assert (
        report.windows_skipped
        == lab.con.execute("SELECT count(*) FROM windows WHERE stream = 'clicks'").fetchone()[0]
    )


async def test_records_deleted_before_they_were_counted(lab):
    lab.log.ends["clicks", 0] = lab.log.begins["clicks", 0] = 160
    report = await lab.verify()
    assert faults(report) == (10, 0, 0) and kinds(report) == {"log_retention"}


async def test_repeated_event_ids(empty):
    empty.put("clicks", 0, START)
    planted = [("label", b"duplicate")]
    empty.put("clicks", 0, START, id="clicks-1", headers=planted)
    empty.settle(START)
    report = await empty.verify()
    assert report.ok and report.planted_duplicates == 1
    assert "planted" in render(report)


async def test_unlabelled_repeated_ids_are_duplicates(empty):
    for shard in (0, 1, 1):
        empty.put("clicks", shard, START, id="same")
    empty.put("orders", 0, START, id="same", headers=[("label", b"late")])
    empty.settle(START)
    report = await empty.verify()
    assert faults(report) == (0, 2, 0) and kinds(report) == {"repeated_id"}


async def test_gaps_are_told_but_are_no_fault(empty):
    empty.log.put("clicks", 0, b"{", offset=3)
    empty.con.execute(
        "INSERT INTO dead_letters VALUES "
        "('clicks', 0, 3, 'not_json', '', NULL, NULL, 1, '2026-01-01', 0)"
    )
    empty.settle(START)
    report = await empty.verify()
    assert report.ok and kinds(report) == {"log_gap"}


async def test_offsets_that_go_back(empty):
    empty.put("clicks", 0, START)
    empty.put("clicks", 0, START)
    empty.settle(START)
    empty.log.records["clicks", 0].reverse()
    empty.log.ends["clicks", 0] = 2
    assert "log_order" in kinds(await empty.verify())


async def test_a_store_of_another_kind_is_refused(lab):
    lab.con.execute("DROP TABLE late_events")
    with pytest.raises(VerifyError, match="late_events"):
        read_store(lab.con)
    assert lab.con.execute("SELECT count(*) FROM meta").fetchone() == (1,)


async def test_a_store_without_lateness_is_refused(lab):
    lab.con.execute("DELETE FROM meta")
    with pytest.raises(VerifyError, match="lateness_ms"):
        await lab.verify()


async def test_reading_leaves_no_transaction_open(lab):
    cursor = lab.con.cursor()
    read_store(cursor)
    cursor.execute("BEGIN")
    cursor.execute("ROLLBACK")


async def test_findings_are_few_and_harmless_for_a_terminal(lab):
    lab.con.execute("UPDATE windows SET total = 1")
    lab.con.execute(
        "INSERT INTO windows SELECT * REPLACE ('\x1b[2J' AS key) FROM windows "
        "WHERE dim = 'type' AND key = 'a'"
    )
    report = await lab.verify()
    assert len(report.findings) <= 50
    assert "\x1b" not in render(report)
