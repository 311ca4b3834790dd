"""Incidents to come: the file that ships, one's own, one line, and what cannot be."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from generators.incidents import KINDS
from generators.schedule import JITTER_S, Planned, ScheduleError, read_schedule


def test_the_default_hour_has_what_alarms_look_for_after_a_quiet_beginning() -> None:
    plain = {p.kind: p for p in read_schedule("default", 1)}
    assert set(plain) == set(KINDS) - {"late", "duplicate", "poison"}
    ordered = sorted(plain.values(), key=lambda p: p.start_s)
    assert ordered[0].start_s > 25 * 60
    assert ordered[-1].start_s + ordered[-1].length_s < 57 * 60
    for before, after in itertools.pairwise(ordered):
        assert after.start_s - before.start_s - before.length_s > 120


def test_seeds_move_it_a_little_and_the_same_seed_not_at_all() -> None:
    one, again, other = (read_schedule("default", seed) for seed in (1, 1, 2))
    assert one == again != other
    for a, b in zip(one, other, strict=True):
        assert a.kind == b.kind and abs(a.start_s - b.start_s) <= 2 * JITTER_S


def test_one_line_and_none() -> None:
    assert read_schedule("none", 1) == ()
    assert read_schedule(" hot_key@2m+30s,flash_sale@90s+1.5m", 1) == (
        Planned("flash_sale", 90.0, 90.0),
        Planned("hot_key", 120.0, 30.0),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hot_key@2m", "is not KIND@START\\+LENGTH"),
        ("quake@2m+3s", "no incident is called 'quake'"),
        ("hot_key@soon+3s", "start: 'soon' is no time"),
        ("hot_key@2m+0s", "length: an incident lasts more than 0 s"),
        ("nowhere.toml", "there is no file nowhere.toml"),
    ],
)
def test_what_is_no_schedule(text: str, says: str) -> None:
    with pytest.raises(ScheduleError, match=says):
        read_schedule(text, 1)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ('kind = "hot_key"\nstart = "1m"\n', "needs length = TEXT"),
        ('kind = "hot_key"\nstart = "1m"\nlength = "9s"\nintensity = 2\n', "at most 0.95"),
        ('kind = "hot_key"\nstart = "1m"\nlength = "9s"\nspeed = 2\n', "has no 'speed'"),
    ],
)
def test_a_file_s_errors_name_the_line(entry: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "trouble.toml"
    good = '[[incidents]]\nkind = "late"\nstart = "1s"\nlength = "5s"\n'
    path.write_text(f"{good}\n[[incidents]]\n{entry}")
    with pytest.raises(ScheduleError, match=says) as error:
        read_schedule(str(path), 1)
    assert "trouble.toml, line 6" in str(error.value)
    path.write_text(good)
    assert read_schedule(str(path), 1) == (Planned("late", 1.0, 5.0),)
