"""A tape in a terminal: the rows below the app are the captions'."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from tui.tapes.live import FEWEST_ROWS, CaptionDriver, told_lines


class Driver(CaptionDriver):
    """A driver without a terminal; it is asked for sizes and keeps what is written."""

    def __init__(self, rows: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self._app: Any = type("App", (), {"caption_rows": rows})()
        self.written: list[str] = []
        monkeypatch.setattr(LinuxDriver, "_get_terminal_size", lambda _: (80, height))

    def write(self, data: str) -> None:
        self.written.append(data)


@pytest.mark.parametrize(
    ("height", "left"),
    [(38, 36), (FEWEST_ROWS + 1, FEWEST_ROWS), (FEWEST_ROWS, FEWEST_ROWS), (5, 5)],
)
def test_the_app_gets_a_lower_terminal(
    height: int, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(2, height, monkeypatch)
    assert driver._get_terminal_size() == (80, left)
    passed: list[Message] = []
    monkeypatch.setattr(LinuxDriver, "process_message", lambda _, message: passed.append(message))
    driver.process_message(events.Resize(Size(80, height), Size(80, height)))
    (resized,) = passed
    assert isinstance(resized, events.Resize) and resized.size == Size(80, left)


def test_captions_are_written_below_the_app_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = Driver(2, 38, monkeypatch)
    driver.tell("One shard is full", "Beginning")
    assert [text[: text.index("H") + 1] for text in driver.written] == [
        "\x1b7\x1b[37;1H", "\x1b7\x1b[38;1H",
    ]  # fmt: skip
    low = Driver(2, FEWEST_ROWS, monkeypatch)
    low.tell("One shard is full", "Beginning")
    assert low.written == []


@pytest.mark.parametrize("width", [1, 20, 80])
@pytest.mark.parametrize("caption", ["", "short", "wörter 日本語 " * 40, "\x1b[31mred\x07"])
def test_lines_fill_their_rows_exactly(caption: str, width: int) -> None:
    lines = told_lines(caption, "chapter", width, 2)
    assert len(lines) == 2
    assert all(cell_len(line) == width for line in lines if width > 1)
    assert not any("\x1b" in line or "\x07" in line for line in lines)
