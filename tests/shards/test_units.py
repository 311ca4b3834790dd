"""Billing units: the examples of the service's price page."""

from __future__ import annotations

import pytest

from streaming.shards.units import KB, on_demand_kb, put_payload_units


@pytest.mark.parametrize(
    ("size", "units"),
    [
        (5 * KB, 1),
        (45 * KB, 2),
        (1000 * KB, 40),
        (1_000_000, 40),
        (1024 * KB, 41),
        (25 * KB, 1),
        (25 * KB + 1, 2),
        (1, 1),
        (0, 1),
    ],
)
def test_payload_units_are_begun_chunks_of_25_kb(size: int, units: int) -> None:
    assert put_payload_units(size) == units


@pytest.mark.parametrize(
    ("size", "billed"), [(4 * KB + 512, 5), (5 * KB, 5), (5 * KB + 1, 6), (1, 1), (0, 0)]
)
def test_on_demand_rounds_each_record_up_to_a_kb(size: int, billed: int) -> None:
    assert on_demand_kb(size) == billed
