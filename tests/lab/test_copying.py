"""Copies of the store: whoever goes, or is killed, leaves none behind."""

from streaming.lab.commands import Reply
from streaming.lab.copying import Lent


def made(folder, number):
    path = folder / f"copy-{number}.duckdb"
    path.write_bytes(b"x")
    return Reply(True, "copied", str(path))


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_copies_go_with_their_connection(tmp_path):
    lent, mine, others = Lent(), object(), object()
    lent.joined(mine)
    lent.joined(others)
    lent.lend(mine, made(tmp_path, 1))
    lent.lend(mine, made(tmp_path, 2))
    lent.lend(others, made(tmp_path, 3))
    lent.left(mine)
    assert left(tmp_path) == ["copy-3.duckdb"]
    lent.left(others)
    lent.left(others)
    assert left(tmp_path) == []


def test_one_that_comes_too_late_goes_at_once(tmp_path):
    lent, mine = Lent(), object()
    lent.joined(mine)
    lent.left(mine)
    lent.lend(mine, made(tmp_path, 1))
    assert left(tmp_path) == []


def test_those_that_were_removed_and_refusals_are_forgotten(tmp_path):
    lent, mine = Lent(), object()
    lent.joined(mine)
    lent.lend(mine, made(tmp_path, 1))
    (tmp_path / "copy-1.duckdb").unlink()
    lent.lend(mine, Reply(False, "the lab has not started yet"))
    lent.lend(mine, made(tmp_path, 2))
    assert [path.name for path in lent._paths[mine]] == ["copy-2.duckdb"]
    lent.left(mine)
    assert left(tmp_path) == []
