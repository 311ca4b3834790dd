"""A consumer that a person stops or slows down, on a clock of our own."""

import math

from streaming.consumer.brake import BURST_S, Brake
from streaming.lab.messages import Pace


def test_off_it_lets_everything_through():
    brake = Brake()
    brake.took(10**9, 0.0)
    assert brake.allowed(0.0) is None and brake.wait_s(0.0) == 0.0


def test_paused_nothing_is_taken_until_it_goes_on():
    brake = Brake()
    brake.follow(Pace(paused=True, per_s=10.0))
    assert brake.allowed(1e9) == 0 and brake.wait_s(1e9) == math.inf
    brake.follow(Pace(per_s=10.0))
    assert brake.allowed(1e9) == 2
    brake.follow(Pace())
    assert brake.allowed(1e9) is None


def test_slowed_it_takes_no_more_than_its_rate():
    brake, taken, now = Brake(), 0, 0.0
    brake.follow(Pace(per_s=200.0))
    while now < 20.0:
        allowed = brake.allowed(now)
        if allowed:
            # Batches are taken whole: more than what is allowed may come at once.
            brake.took(allowed + 7, now)
            taken += allowed + 7
        now += 0.11  # polls that come late
    assert 0.9 * 200 * 20 < taken <= 200 * (20 + BURST_S) + 57


def test_a_slow_rate_lets_single_records_through():
    brake = Brake()
    brake.follow(Pace(per_s=1.0))
    assert brake.allowed(5.0) == 1
    brake.took(1, 5.0)
    assert brake.allowed(5.5) == 0 and 0.2 < brake.wait_s(5.5) < 0.3
    assert brake.allowed(5.8) == 1
