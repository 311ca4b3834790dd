"""The SQL console: what it asks, what it shows, and what it leaves behind (nothing)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streaming import platform
from streaming.store.jail import SqlResult
from streaming.store.ready import READY
from tests.screens.conftest import Hand, Runner
from tests.screens.fake_console import COLUMNS, TOTAL, TYPES, CopyLink, FakeAsker, give, rows
from tests.screens.fakes import snapshot
from tests.screens.hostile import PAYLOADS, clean, forbidden
from tests.screens.test_golden import same_as_golden
from tui.console.history import FILE
from tui.panels.editor import Editor
from tui.screens.console import ConsoleScreen
from tui.screens.ready import ReadyScreen

QUERY = "from windows"
Opened = Callable[..., Any]


@pytest.fixture
def asker(monkeypatch: pytest.MonkeyPatch) -> FakeAsker:
    fake = FakeAsker()
    give(monkeypatch, fake)
    return fake


@pytest.fixture
def opened(lab: Runner, asker: FakeAsker, tmp_path: Path) -> Opened:
    """The console on a fake lab, its tables read."""

    @asynccontextmanager
    async def running(**options: Any) -> AsyncIterator[Hand]:
        link = CopyLink(tmp_path)
        async with lab(link=link, **options) as hand:
            await hand.pilot.press("6")
            await hand.until(lambda: console(hand) is not None)
            await quiet(hand)
            yield hand

    return running


def console(hand: Hand) -> Any:
    screen = hand.app.screen
    return screen if isinstance(screen, ConsoleScreen) else None


async def quiet(hand: Hand) -> None:
    """Wait until nothing is under way, and counted is what can be."""

    def idle() -> bool:
        desk = console(hand) and console(hand).desk
        return bool(desk) and not desk.work and not desk._tasks

    await hand.until(idle)
    await hand.pilot.pause()


async def run(hand: Hand, query: str = QUERY, key: str = "f5") -> None:
    console(hand).editor.put(query)
    await hand.pilot.press(key)
    await quiet(hand)


@pytest.mark.parametrize(
    ("name", "size", "ascii"),
    [
        ("120x40-sql", (120, 40), False),
        ("80x24-sql", (80, 24), False),
        ("80x24-sql-ascii", (80, 24), True),
    ],
)
async def test_it_looks_as_it_did(opened: Opened, name: str, size: Any, ascii: bool) -> None:
    async with opened(size=size, ascii=ascii) as hand:
        await run(hand, "SELECT start_at, key, n, share, why\nFROM windows\nORDER BY n DESC")
        await hand.pilot.press("f6", "j", "j", "j", "l", "l", "l", "l")
        same_as_golden(name, hand.lines)


async def test_other_looks(opened: Opened, asker: FakeAsker) -> None:
    async with opened(size=(80, 24)) as hand:
        same_as_golden("80x24-sql-empty", hand.lines)
        await hand.pilot.press(*"select s")
        await hand.pilot.press("tab")
        await hand.sees("> SELECT")
        same_as_golden("80x24-sql-offers", hand.lines)
        await hand.pilot.press("escape")
        asker.result = SqlResult(error="Parser Error: no\n\nLINE 1: selec 1\n        ^")
        await run(hand, "selec 1")
        same_as_golden("80x24-sql-error", hand.lines)
        await hand.pilot.press("f2", "j")
        await hand.until(lambda: isinstance(hand.app.screen, ReadyScreen))
        await hand.pilot.pause()
        same_as_golden("80x24-sql-ready", hand.lines)


# --- running --------------------------------------------------------------------------------


async def test_f5_runs_on_a_copy_and_says_what_came(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        await run(hand)
        assert asker.asked == [("copy-1.duckdb", QUERY, 0)]
        await hand.sees("rows 1-200 of 1,234 · page 1 of 7 · 0.42 s")
        await hand.sees("as of 12:03:44")
        await hand.sees("6.3MB")


async def test_enter_runs_one_line_and_breaks_others(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        await run(hand, key="enter")
        assert len(asker.asked) == 1
        await hand.pilot.press("ctrl+n", "x", "enter", "y")
        assert console(hand).editor.text == QUERY + "\nx\ny" and len(asker.asked) == 1


async def test_a_copy_is_taken_anew_when_it_is_old_or_asked_for(opened: Opened) -> None:
    async with opened() as hand:
        link: Any = hand.link
        await run(hand)
        assert link.copies == 1
        hand.clocks["monotonic"] += 6
        await run(hand)
        assert link.copies == 2 and link.left == ["copy-2.duckdb"]
        await hand.pilot.press("ctrl+r")
        await quiet(hand)
        assert link.copies == 3 and link.left == ["copy-3.duckdb"]


async def test_a_copy_that_went_with_the_lab_is_taken_anew(
    opened: Opened, asker: FakeAsker, tmp_path: Path
) -> None:
    async with opened() as hand:
        (tmp_path / "copy-1.duckdb").unlink()
        await run(hand)
        assert asker.asked == [("copy-2.duckdb", QUERY, 0)]


async def test_nothing_is_left_when_it_closes(opened: Opened) -> None:
    async with opened() as hand:
        await run(hand)
        link: Any = hand.link
        assert link.left
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main and not link.left)


async def test_nothing_is_left_when_the_app_ends(opened: Opened) -> None:
    async with opened() as hand:
        await run(hand)
        link: Any = hand.link
        assert link.left
    assert not link.left


async def test_a_lab_that_cannot_copy_is_told_in_place(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        hand.clocks["monotonic"] += 60
        hand.link.refuse = "the disk is full [/x]"  # type: ignore[attr-defined]
        await run(hand)
        await hand.sees("▲ The lab could not copy its store: the disk is full [/x]")
        assert asker.asked == []


async def test_escape_cancels_and_a_second_one_closes(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        asker.may_answer.clear()
        console(hand).editor.put(QUERY)
        await hand.pilot.press("f5")
        await hand.until(lambda: asker.asked)
        await hand.sees("(esc cancels)")
        await hand.pilot.press("f5")
        assert len(asker.asked) == 1, "one at a time"
        await hand.pilot.press("escape")
        await hand.sees("▲ The query was cancelled.")
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_the_numbers_go_on_while_a_query_runs(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        asker.may_answer.clear()
        console(hand).editor.put(QUERY)
        await hand.pilot.press("f5")
        await hand.until(lambda: asker.asked)
        await hand.show(snapshot(9))
        await hand.pilot.press("x")
        assert console(hand).editor.text.endswith("x"), "it still takes keys"
        asker.may_answer.set()
        await quiet(hand)


async def test_a_mistake_is_said_in_place(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        asker.result = SqlResult(error='Binder Error: no column "nope"')
        await run(hand, "select nope")
        await hand.sees('▲ Binder Error: no column "nope"')


async def test_a_total_that_nobody_knows_is_none(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        asker.total = None
        await run(hand)
        await hand.sees("rows 1-200 of ? · page 1 of ?")


# --- rows -----------------------------------------------------------------------------------


async def test_pages_turn_both_ways_on_the_same_copy(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        await run(hand)
        hand.clocks["monotonic"] += 60
        await hand.pilot.press("f6", "p")
        for _ in range(8):
            await hand.pilot.press("n")
            await quiet(hand)
        assert [asked[2] for asked in asker.asked] == [0, 200, 400, 600, 800, 1000, 1200]
        assert {asked[0] for asked in asker.asked} == {"copy-1.duckdb"}
        await hand.sees("rows 1,201-1,234 of 1,234 · page 7 of 7")
        await hand.pilot.press("p")
        await quiet(hand)
        await hand.sees("rows 1,001-1,200 of 1,234 · page 6 of 7")


async def test_a_page_that_was_cut_says_so_and_goes_on_behind(
    opened: Opened, asker: FakeAsker
) -> None:
    async with opened() as hand:
        asker.result = SqlResult(COLUMNS, TYPES, rows(0, 37), True, 0.1)
        await run(hand)
        await hand.sees("rows 1-37 of 1,234 · page 1 of 7 · cut at 1 MiB, n goes on")
        await hand.pilot.press("f6", "n")
        await quiet(hand)
        assert asker.asked[-1][2] == 37


async def test_the_cursor_goes_both_ways_and_tells_where_it_is(opened: Opened) -> None:
    async with opened(size=(80, 24)) as hand:
        await run(hand)
        await hand.pilot.press("f6", "j", "l")
        await hand.sees("row 2  key VARCHAR  key-1")
        await hand.pilot.press("end")
        await hand.sees("row 2  why VARCHAR  NULL (no value)")
        await hand.pilot.press("G")
        await hand.sees("row 200  why VARCHAR  a long reason")
        assert any(line.startswith("│ >200") for line in hand.lines)
        await hand.pilot.press("home", "g")
        await hand.sees("row 1  start_at TIMESTAMP  2026-09-24 12:00:00")


async def test_enter_shows_the_whole_cell(opened: Opened, asker: FakeAsker) -> None:
    async with opened(size=(80, 24)) as hand:
        asker.result = SqlResult(("text",), ("VARCHAR",), (("word " * 100 + "the end",),))
        await run(hand)
        assert "the end" not in hand.text
        await hand.pilot.press("f6", "enter")
        await hand.sees("the end")
        await hand.pilot.press("escape")
        await hand.until(lambda: console(hand) is not None)


async def test_cells_and_rows_are_copied(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        asker.result = SqlResult(("a", "b"), ("VARCHAR", "BIGINT"), (("x\x1b[2Jy", None),))
        await run(hand)
        await hand.pilot.press("f6", "c")
        assert hand.app.clipboard == "x�[2Jy"
        await hand.pilot.press("y")
        assert hand.app.clipboard == "x�[2Jy\t"
        await hand.sees("the row is in the clipboard")


# --- typing ---------------------------------------------------------------------------------


async def test_tab_completes_from_the_catalogue(opened: Opened) -> None:
    async with opened() as hand:
        await hand.pilot.press(*"from w", "tab")
        await hand.sees("> windows")
        await hand.sees("  w_visits")
        await hand.pilot.press("down", "tab")
        assert console(hand).editor.text == "from w_visits"
        await hand.pilot.press(*" where cl", "ctrl+space")
        assert console(hand).editor.text == "from w_visits where clicks"
        await hand.pilot.press("ctrl+u", *"from d", "tab")
        assert console(hand).editor.text == "from dead_letters"


async def test_the_list_follows_what_is_typed_and_goes(opened: Opened) -> None:
    async with opened() as hand:
        await hand.pilot.press(*"from w", "tab", "i")
        await hand.sees("> windows")
        assert "  w_visits" not in hand.text
        await hand.pilot.press("escape")
        await hand.until(lambda: "> windows" not in hand.text)
        assert console(hand).editor.text == "from wi", "escape closed the list, not the console"


async def test_queries_are_remembered_between_starts(opened: Opened) -> None:
    async with opened() as hand:
        for number in range(3):
            await run(hand, f"select {number}")
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
    async with opened() as hand:
        editor: Editor = console(hand).editor
        await hand.until(lambda: editor.past.step(-1, "") is not None)
        editor.past.leave()
        await hand.pilot.press(*"typed", "ctrl+up")
        assert editor.text == "select 2"
        await hand.pilot.press("up", "up", "up")
        assert editor.text == "select 0"
        await hand.pilot.press("down", "ctrl+down", "ctrl+down")
        assert editor.text == "typed"
    assert (platform.state_home() / FILE).stat().st_mode & 0o077 == 0


async def test_what_was_not_run_is_in_the_history_too(opened: Opened) -> None:
    async with opened() as hand:
        await hand.pilot.press(*"half a query", "escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        await hand.until(lambda: (platform.state_home() / FILE).exists())
        await hand.pilot.press("6")
        await hand.until(lambda: console(hand) and console(hand).past._queries)
        await hand.pilot.press("up")
        assert console(hand).editor.text == "half a query"


async def test_a_ready_query_runs_when_it_is_picked(opened: Opened, asker: FakeAsker) -> None:
    async with opened() as hand:
        await hand.pilot.press("f2", "j", "j", "enter")
        await hand.until(lambda: asker.asked)
        await quiet(hand)
        assert asker.asked[0][1] == READY[2].sql == console(hand).editor.text
        assert hand.app.focused is console(hand).grid


# --- export ---------------------------------------------------------------------------------


async def exported(hand: Hand, name: str) -> None:
    await hand.pilot.press("ctrl+e")
    console(hand).path.value = name
    await hand.pilot.press("enter")
    await hand.pilot.pause()
    await quiet(hand)


async def test_all_rows_are_written_where_it_was_asked(opened: Opened, tmp_path: Path) -> None:
    async with opened() as hand:
        await run(hand)
        await hand.pilot.press("f6", "e")
        await hand.sees("query-20")
        await hand.pilot.press("escape")
        target = tmp_path / "out.parquet"
        await exported(hand, str(target))
        await hand.sees(f"✓ {TOTAL:,} rows, 7 bytes written to")
        assert target.read_text() == "written"


async def test_a_file_that_is_there_is_asked_about_first(opened: Opened, tmp_path: Path) -> None:
    async with opened(size=(200, 40)) as hand:
        target = tmp_path / "out.csv"
        target.write_text("mine")
        await run(hand)
        await exported(hand, str(target))
        await hand.sees("exists: enter again writes over it")
        await hand.pilot.press("escape")
        await exported(hand, str(target))
        assert target.read_text() == "mine", "leaving it forgets the question"
        await hand.pilot.press("enter")
        await hand.until(lambda: target.read_text() == "written")


@pytest.mark.parametrize("name", ["", "out.txt", "/", "~nobody-there/x.csv", "a\x00b"])
async def test_what_is_no_file_is_not_written(opened: Opened, name: str) -> None:
    async with opened() as hand:
        await run(hand)
        await exported(hand, name)
        await hand.sees("that is no file to write")


async def test_an_export_can_be_cancelled_and_tells_errors(
    opened: Opened, asker: FakeAsker, tmp_path: Path
) -> None:
    async with opened() as hand:
        await run(hand)
        asker.may_answer.clear()
        await hand.pilot.press("ctrl+e")
        console(hand).path.value = str(tmp_path / "out.csv")
        await hand.pilot.press("enter")
        await hand.sees("700 rows so far (esc cancels)")
        await hand.pilot.press("escape")
        await hand.sees("▲ The query was cancelled.")
        asker.may_answer.set()
        asker.error = "the disk is full"
        await exported(hand, str(tmp_path / "out.csv"))
        await hand.sees("▲ the disk is full")


async def test_without_a_result_there_is_nothing_to_write(opened: Opened) -> None:
    async with opened() as hand:
        await hand.pilot.press("ctrl+e")
        await hand.sees("there is no result to write")


# --- hostile --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (30, 12)])
@pytest.mark.parametrize("ascii", [False, True])
async def test_cells_names_and_errors_from_anywhere(
    opened: Opened, asker: FakeAsker, size: Any, ascii: bool
) -> None:
    async with opened(size=size, ascii=ascii) as hand:
        for payload in PAYLOADS.values():
            cut = payload[:2000]
            asker.result = SqlResult((cut, cut), (cut, "BIGINT"), ((cut, None), (None, cut)), True)
            await run(hand, "from windows")
            clean(hand)
            console(hand).grid.focus()
            await hand.pilot.press("l", "j", "enter")
            clean(hand)
            await hand.pilot.press("escape", "c", "y")
            assert not list(forbidden(hand.app.clipboard.replace("\t", "")))
            asker.result = SqlResult(error=payload)
            await run(hand, "from windows")
            clean(hand)
            if ascii:
                lines = console(hand).status.texts + console(hand).grid.texts
                assert all(line.isascii() for line in lines)


async def test_what_is_pasted_is_cleaned(opened: Opened) -> None:
    async with opened() as hand:
        editor: Editor = console(hand).editor
        for payload in PAYLOADS.values():
            editor.put(payload)
            clean(hand)
            editor.insert(payload)
            await hand.pilot.pause()
            clean(hand)
            assert not list(forbidden(editor.text.replace("\n", "")))


async def test_answers_that_come_after_it_closed_do_nothing(
    opened: Opened, asker: FakeAsker
) -> None:
    async with opened() as hand:
        asker.may_answer.clear()
        console(hand).editor.put(QUERY)
        await hand.pilot.press("f5")
        await hand.until(lambda: asker.asked)
        console(hand).dismiss()
        await hand.until(lambda: hand.app.screen is hand.app.main)
        asker.may_answer.set()
        await asyncio.sleep(0)
        await hand.pilot.press("6")
        await hand.until(lambda: console(hand) is not None)
        await quiet(hand)
        assert hand.app.return_code is None
