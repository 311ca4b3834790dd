"""Burrow's own sixteen cases, and what a group makes of its partitions."""

import pytest

from streaming.lag.burrow import Commit, group_status, partition_status

S100 = (100_000, 200_000, 300_000, 400_000, 500_000)


def commits(offsets, lags, times=S100):
    return [Commit(*each) for each in zip(offsets, times, lags, strict=True)]


UP = (1000, 2000, 3000, 4000, 5000)
SAME = (1000,) * 5
BACK = (1000, 2000, 3000, 2000, 4000)
FROM_0 = (0, 50, 100, 150, 200)
FROM_50 = (50, 100, 150, 200, 250)
FROM_100 = (100, 150, 200, 250, 300)
HELD = (100, 150, 200, 1250, 300)
STEADY = [
    Commit(792748079 + i, at, 0)
    for i, at in enumerate(
        (1512224618356, 1512224619362, 1512224620366, 1512224621367, 1512224622370, 1512224623373,
         1512224624378, 1512224625379, 1512224626383, 1512224627383, 1512224628383, 1512224629388,
         1512224630391, 1512224631394, 1512224632397)
    )
]  # fmt: skip
HALF = [
    Commit(offset, at, lag)
    for offset, at, lag in (
        (1000, 100_000, 0), (1500, 150_000, None), (2000, 200_000, 50), (2500, 250_000, None),
        (3000, 300_000, 100), (3500, 350_000, None), (4000, 400_000, 150), (4500, 450_000, None),
        (5000, 500_000, 200), (5500, 550_000, None),
    )
]  # fmt: skip

# The table of core/internal/evaluator/caching_test.go in LinkedIn's Burrow (commit ced55ba), by
# its numbers: commits, recent log ends, present lag, now in s, allowed lag, status.
CASES = [
    (commits(UP, FROM_0), [5200], 200, 600, 0, "OK"),
    (commits(UP, FROM_0), [5200], 200, 900, 0, "OK"),
    (commits(UP, FROM_0), [5200], 200, 1000, 0, "STOP"),
    (commits(UP, FROM_50), [5250], 250, 1000, 0, "STOP"),
    (commits(SAME, FROM_0), [1200], 200, 600, 0, "OK"),
    (commits(SAME, FROM_100), [1300], 300, 600, 0, "STALL"),
    (commits(SAME, (100,) * 5), [1100], 100, 600, 0, "STALL"),
    (commits(BACK, HELD), [4300], 300, 600, 0, "OK"),
    (commits(UP, FROM_50), [5250], 0, 1000, 0, "OK"),
    (STEADY, [792749024, 792749000, 792748800, 792748600, 792748500], 931, 1512224650, 0, "STOP"),
    (STEADY, [792748094, 792748093, 792748093, 792748093], 1, 1512224650, 0, "OK"),
    (HALF, [5700], 200, 600, 0, "OK"),
    (commits((1000, 2000, 2000), (2, 1, 1), S100[:3]), [2001], 1, 550, 1, "OK"),
    (commits(SAME, FROM_100), [1300], 300, 600, 99, "STALL"),
    (commits(BACK, HELD), [4300], 300, 600, 99, "OK"),
    (commits((1000, 2000, 3000, 2000, 2500), HELD), [4300], 300, 600, 0, "REWIND"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(16))
def test_burrow_s_case(number):
    made, ends, lag, now_s, allowed, status = CASES[number]
    assert partition_status(made, ends, lag, now_s * 1000, allowed) == status


def test_a_lag_that_never_shrinks_is_a_warning():
    assert partition_status(commits(UP, FROM_50), [5250], 250, 600_000) == "WARN"
    assert partition_status(commits(UP, (50, 40, 60, 70, 80)), [5250], 250, 600_000) == "OK"
    assert partition_status([], [1], 5, 0) == "OK"


@pytest.mark.parametrize(
    ("statuses", "group"),
    [((), "OK"), (("OK", "OK"), "OK"), (("OK", "WARN"), "WARN"), (("WARN", "STOP"), "ERR"),
     (("STALL",), "ERR"), (("REWIND", "OK"), "ERR")],
)  # fmt: skip
def test_the_worst_partition_is_the_group(statuses, group):
    assert group_status(statuses) == group
