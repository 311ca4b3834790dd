"""Rates, lag and states from samples taken at made-up times."""

import math

import pytest

from streaming.lab.messages import ShardId
from streaming.lab.meter import HISTORY_S, Meter
from streaming.store.ledger import Ledger

IDLE_S = 5.0


class Watched:
    """A meter with its ledger and log ends, sampled at twice a second."""

    def __init__(self, shards=2):
        self.meter = Meter({"clicks": shards}, IDLE_S)
        self.ledger = Ledger()
        self.ends = {("clicks", n): 0 for n in range(shards)}
        self.now = 1000.0
        self.own("c-0", range(shards))

    def own(self, name, shards):
        self.ledger.claim(name, tuple(ShardId("clicks", n) for n in shards))

    def stored(self, shard):
        return self.ledger.shard("clicks", shard)

    def sample(self, answered=True):
        self.meter.sample(self.now, dict(self.ends) if answered else None, self.ledger)

    def run(self, seconds, into=(), out_of=(), answered=True):
        """Sample for so long; `into` and `out_of` are records per half second by shard."""
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            for shard, count in enumerate(into):
                self.ends["clicks", shard] += count
            for shard, count in enumerate(out_of):
                self.stored(shard).next_offset += count
            self.sample(answered)
        return self.view()

    def view(self):
        return self.meter.stream("clicks", "customer_id", self.ledger, None, self.now)

    def stuck(self, seconds=25):
        return self.meter.stuck_owners(self.now, seconds, self.ledger)


@pytest.fixture
def watched():
    return Watched()


def test_before_any_sample_nothing_is_known(watched):
    view = watched.view()
    for shard in view.shards:
        assert shard.state == "starting" and not shard.idle and shard.trend == ()
        unknown = (shard.in_per_s, shard.out_per_s, shard.lag, shard.lag_ms, shard.clear_s)
        assert unknown == (None,) * 5 and shard.share is None and shard.end_offset is None
    assert (view.in_per_s, view.out_per_s, view.lag, view.lag_ms, view.skew) == (None,) * 5
    assert watched.meter.lag() is None and watched.meter.lag_ms(watched.now) is None
    assert watched.stuck() == set() and watched.meter.idle(watched.now) == set()


def test_one_sample_gives_lag_but_no_rate(watched):
    watched.ends["clicks", 0] = 10
    watched.sample()
    shard = watched.view().shards[0]
    assert (shard.lag, shard.in_per_s, shard.clear_s) == (10, None, None)


def test_rates_shares_and_skew(watched):
    watched.sample()
    view = watched.run(20, into=(15, 5), out_of=(10, 5))
    assert [(s.in_per_s, s.out_per_s) for s in view.shards] == [(30, 20), (10, 10)]
    assert (view.in_per_s, view.out_per_s, view.lag) == (40, 30, 200)
    assert [s.share for s in view.shards] == [0.75, 0.25]
    assert view.skew.max_over_mean == 1.5
    assert [s.state for s in view.shards] == ["warm", "ok"]
    assert view.shards[0].trend == (30,) * 20
    watched.run(100, into=(15, 5), out_of=(10, 5))
    assert watched.view().shards[0].trend == (30,) * 60


def test_the_rate_follows_the_last_seconds(watched):
    watched.sample()
    watched.run(10, into=(100, 0))
    assert watched.run(3, into=(0, 0)).shards[0].in_per_s == 0
    view = watched.run(10)
    assert view.shards[0].share is None and view.skew is None


@pytest.mark.parametrize(
    ("into", "state"), [((10, 10), "ok"), ((14, 6), "warm"), ((20, 0), "hot"), ((6, 14), "ok")]
)
def test_warm_and_hot_by_share(watched, into, state):
    watched.sample()
    assert watched.run(10, into=into, out_of=into).shards[0].state == state


def test_a_single_shard_is_never_hot():
    watched = Watched(1)
    watched.sample()
    assert watched.run(10, into=(10,), out_of=(10,)).shards[0].state == "ok"


def test_a_shard_without_an_owner_is_moving(watched):
    watched.sample()
    watched.ledger.forget("c-0")
    view = watched.run(1, into=(1, 1))
    assert [s.state for s in view.shards] == ["moving"] * 2 and view.shards[0].owner is None


def test_a_first_record_after_a_quiet_hour_is_no_stall(watched):
    watched.sample()
    watched.run(60)
    view = watched.run(0.5, into=(1, 0))
    assert view.shards[0].lag == 1 and view.shards[0].state != "stalled"
    assert watched.run(9.5).shards[0].state != "stalled"
    assert watched.run(1).shards[0].state == "stalled"
    assert watched.run(0.5, out_of=(1, 0)).shards[0].state == "ok"


def test_lag_in_time_is_read_between_two_samples(watched):
    watched.sample()
    view = watched.run(10, into=(10, 0))
    # Offset 0 arrived at the beginning of the first half second.
    assert view.shards[0].lag_ms == pytest.approx(10_000)
    watched.stored(0).next_offset = 105
    watched.sample()
    assert watched.view().shards[0].lag_ms == pytest.approx((20 - 10.5) * 500)
    assert watched.view().lag_ms == watched.meter.lag_ms(watched.now)
    watched.stored(0).next_offset = 200
    watched.sample()
    assert watched.view().shards[0].lag_ms == 0.0


def test_a_store_ahead_of_the_brokers_answer_is_no_negative_lag(watched):
    watched.sample()
    watched.stored(0).next_offset = 3
    view = watched.run(1)
    assert view.shards[0].lag == 0 and view.shards[0].lag_ms == 0
    watched.run(IDLE_S)
    assert ("clicks", 0) in watched.meter.idle(watched.now)


def test_time_to_clear(watched):
    watched.sample()
    assert watched.run(5, into=(50, 0), out_of=(50, 0)).shards[0].clear_s == 0.0
    assert watched.run(5, into=(50, 0)).shards[0].clear_s == math.inf
    view = watched.run(4, into=(10, 0), out_of=(35, 0))
    assert view.shards[0].lag == 300
    assert view.shards[0].clear_s == pytest.approx(300 / 50)
    # A little lag at equal rates is the flow of handovers.
    watched.ends["clicks", 1] += 5
    assert watched.run(5, into=(0, 20), out_of=(0, 20)).shards[1].clear_s == pytest.approx(5 / 40)


def test_idle_is_known_after_a_while_and_ends_at_once(watched):
    watched.sample()
    watched.run(IDLE_S - 0.5, into=(0, 1), out_of=(0, 1))
    assert watched.meter.idle(watched.now) == set()
    view = watched.run(0.5, into=(0, 1), out_of=(0, 1))
    assert watched.meter.idle(watched.now) == {("clicks", 0)}
    assert [s.idle for s in view.shards] == [True, False]
    watched.run(0.5, into=(1, 0))
    assert watched.meter.idle(watched.now) == set()
    # With lag a shard is never idle, however long nothing moves.
    watched.run(60)
    assert ("clicks", 0) not in watched.meter.idle(watched.now)


def test_without_the_brokers_answer_nothing_is_claimed(watched):
    watched.sample()
    watched.run(10, into=(5, 5), out_of=(5, 5))
    watched.run(10)
    view = watched.run(60, answered=False)
    assert not watched.meter.fresh
    for shard in view.shards:
        unknown = (shard.in_per_s, shard.out_per_s, shard.lag, shard.lag_ms, shard.clear_s)
        assert unknown == (None,) * 5 and not shard.idle and shard.state == "ok"
    assert (view.in_per_s, view.out_per_s, view.lag, view.lag_ms) == (None,) * 4
    assert watched.meter.idle(watched.now) == set()
    watched.meter.point(watched.now, 7)
    point = watched.meter.history()[-1]
    assert (point.in_per_s, point.out_per_s, point.lag) == (None, None, None)
    assert watched.run(0.5).shards[0].lag == 0


def test_the_history_has_a_point_a_second_and_its_marks(watched):
    watched.sample()
    watched.meter.mark("one")
    watched.meter.mark("two")
    for _ in range(HISTORY_S + 50):
        watched.run(0.5, into=(3, 0))
        watched.meter.point(watched.now, 1)
        watched.run(0.5, into=(3, 0))
        watched.meter.point(watched.now, 2)
        if len(watched.meter.history()) == 1:
            assert watched.meter.history()[0].mark == "one; two"
    history = watched.meter.history()
    assert len(history) == HISTORY_S and {p.mark for p in history} == {""}
    assert {(p.at_ms, p.in_per_s) for p in history} == {(1, 6.0)}


def test_an_owner_whose_shards_wait_and_do_not_move_is_stuck(watched):
    watched.sample()
    watched.run(24, into=(5, 5))
    assert watched.stuck() == set()
    watched.run(2, into=(5, 5))
    assert watched.stuck() == {"c-0"}
    watched.run(0.5, out_of=(1, 0))
    assert watched.stuck() == set()


def test_one_stuck_owner_of_two(watched):
    watched.own("c-0", [0])
    watched.own("c-1", [1])
    watched.sample()
    watched.run(30, into=(5, 5), out_of=(0, 5))
    assert watched.stuck() == {"c-0"}


def test_a_new_owner_gets_its_time(watched):
    watched.sample()
    watched.run(30, into=(5, 5))
    watched.ledger.forget("c-0")
    watched.own("c-1", [0, 1])
    watched.run(24, into=(5, 5))
    assert watched.stuck() == set()
    watched.run(2)
    assert watched.stuck() == {"c-1"}


def test_time_without_the_broker_does_not_count_against_an_owner(watched):
    watched.sample()
    watched.run(10, into=(5, 5))
    watched.run(60, answered=False)
    watched.run(1)
    assert watched.stuck() == set()
    watched.run(24.5)
    assert watched.stuck() == {"c-0"}


def test_no_lag_no_stuck_owner(watched):
    watched.sample()
    watched.run(20, into=(5, 5), out_of=(5, 5))
    watched.run(60)
    assert watched.stuck() == set()
    watched.run(1, into=(5, 5))
    assert watched.stuck() == set()
