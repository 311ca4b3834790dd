"""In a real pseudo-terminal: no view passes on a byte with which data could steer it."""

from __future__ import annotations

import codecs
import os
import re

import pytest

from tests.screens.hostile import forbidden
from tests.screens.test_terminal import Start, start

__all__ = ["start"]

OWN = re.compile(
    r"\x1b\[\?[0-9;]+[hl]"  # modes
    r"|\x1b\[\?[0-9;]+\$p"  # questions about modes
    r"|\x1b\[[0-9]+;[0-9]+H"  # the cursor's place
    r"|\x1b\[[<>=?]?[0-9;]*[mu]"  # looks, and how keys are told
    r"|\x1b\[[0-9;]*[JKct]"  # clearing, and questions
    r"|\x1b\]22;[a-z-]*\x07"  # the shape of the mouse's pointer
)
"""What the screens themselves send; anything else that is no plain text is an escape."""

UNFINISHED = re.compile(r"\x1b(\[[<>=?]?[0-9;]*\$?|\][0-9;]*[^\x07\x1b]{0,80})?$")
"""Where reading stopped."""

NOTICE = re.compile(r"\x1b\]9;([^\x07\x1b]*)\x07")
"""A notification of the desktop; its text is from outside and must be clean, too."""

VIEWS = {
    "main": "",
    "help": "?",
    "key lab": "e",
    "lineage": "h",
    "windows": "t",
    "alarms": "a",
    "detectors": "ad",
    "broker": "b",
    "palette": ":",
    "heat": "2",
    "rates": "3",
    "keys": "4",
    "events": "5",
    "zoom": "f",
    "a shard": "\r",
    "windows over time": "tp",
    "consumers": "o",
    "chaos": "x",
    "settings": ",",
    "console": "6",
    "records": "7",
    "a record": "7\r",
}


@pytest.mark.parametrize("keys", VIEWS.values(), ids=list(VIEWS))
def test_no_escape_reaches_the_terminal(start: Start, keys: str) -> None:
    terminal = start("hostile", "--hz", "10")
    terminal.until(terminal.pid_file.exists)
    rounds = terminal.pid_file.with_name(f"{terminal.pid_file.name}.rounds")

    def shown() -> int:
        return int(rounds.read_text() or 0) if rounds.exists() else 0

    terminal.until(rounds.exists)
    terminal.until(lambda: b"dasprep" in terminal.output or b"DRAINING" in terminal.output)

    def wait(rounds: int) -> None:
        goal = shown() + rounds
        terminal.until(lambda: shown() >= goal)

    for key in keys:
        os.write(terminal.master, key.encode())
        wait(1)
    wait(2)

    # Strictly, but for what is not read to its end: what is no UTF-8 is an error.
    text = UNFINISHED.sub("", codecs.getincrementaldecoder("utf-8")().decode(terminal.output))
    plain = OWN.sub("", NOTICE.sub(r"\1", text)).replace("\r", "").replace("\n", "")
    odd = [place for place, sign in enumerate(plain) if any(forbidden(sign))]
    assert [plain[place : place + 30] for place in odd[:5]] == []
    assert "\x1b[31m" not in text  # a look of nobody's but the data's
