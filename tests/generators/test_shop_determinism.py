"""The same seed, start and calls give the same bytes, on any day and in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shop_runs import ALL, START_MS, busy_calls, digest, new_shop, records

from generators.shop import Shop, ShopConfig

HERE = Path(__file__).parent


def digest_elsewhere(**environment: str) -> str:
    root = HERE.parent.parent
    result = subprocess.run(
        [sys.executable, str(HERE / "shop_runs.py"), "7"],
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Auckland"},
        {"PYTHONHASHSEED": "2", "TZ": "America/Lima", "LC_ALL": "de_DE.UTF-8"},
    ],
    ids=["hash seed 1", "hash seed 2"],
)
def test_another_process_makes_the_same_bytes(environment: dict[str, str]) -> None:
    here = digest({"streams": ALL, "seed": 7}, 20_000, busy_calls())

    assert digest_elsewhere(**environment) == here


def test_other_seeds_and_incarnations_make_other_events() -> None:
    lives = [{"seed": 7}, {"seed": 8}, {"seed": 7, "incarnation": 1}, {"seed": 0}]

    assert len({digest(life, 2_000, {}) for life in lives}) == len(lives)


def test_a_call_changes_nothing_before_the_next_tick() -> None:
    quiet, troubled = new_shop(), new_shop()
    assert records(quiet, 3) == records(troubled, 3)

    troubled.plant("hot_key", 5)

    assert quiet.next_tick_ms == troubled.next_tick_ms
    assert quiet.tick() != troubled.tick()


def test_the_start_only_moves_the_times() -> None:
    config = ShopConfig(customers=50, products=20)
    early, later = Shop(config, START_MS), Shop(config, START_MS + 86_400_000)

    for first, second in zip(records(early, 2), records(later, 2), strict=True):
        assert first.event is not None and second.event is not None
        assert second.event.ts - first.event.ts == 86_400_000
        assert (first.event.id, first.event.customer_id) == (
            second.event.id,
            second.event.customer_id,
        )


def test_it_runs_without_the_lab_and_without_a_screen() -> None:
    code = (
        "import sys, generators.shop, generators.events;"
        "print([m for m in ('streaming', 'tui', 'textual', 'rich', 'aiokafka', 'duckdb', 'pyarrow')"
        " if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE.parents[1],
    )

    assert result.stdout.strip() == "[]"
