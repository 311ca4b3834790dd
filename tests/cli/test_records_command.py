"""`dasprep-tui records`: what it takes, what it asks, what it says, and its exit codes."""

import datetime
import json
import os
import time

import msgspec
import pytest

from streaming.lab.commands import Reply
from streaming.lab.record_commands import ReadRecords, TraceRecord
from tests.records.record_support import filled, page
from tests.screens.fake_records import path as a_path
from tests.windows.window_support import NOW
from tui import cli
from tui.commands import records
from tui.seek import BadSeek, Seek, parse_seek


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    os.environ.pop("TZ", None)
    time.tzset()


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Runs the command on a lab that answers with a page (or `reply`); returns what was asked."""
    sent = []

    def run(*arguments, reply=None):
        async def ask(root, command):
            sent.append(command)
            if reply is not None:
                return reply
            if isinstance(command, TraceRecord):
                return Reply(True, "", msgspec.json.encode(a_path()).decode())
            return Reply(True, "", PAGE)

        monkeypatch.setattr(records, "ask", ask)
        monkeypatch.setattr(records, "find_root", lambda data_dir: tmp_path)
        monkeypatch.setattr(records, "_now_ms", lambda: NOW)
        code = cli.main(["records", "--stream", "clicks", *arguments])
        return code, sent[-1] if sent else None

    return run


PAGE = msgspec.json.encode(page(filled(), limit=3)).decode()
EMPTY = msgspec.json.encode(page(filled(), filter="id=none")).decode()


def read(*args, **more):
    return ReadRecords("clicks", *args, keep=65536, **{"limit": 20, **more})


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], read()),
        (["--last", "5", "--shard", "3"], read(3, limit=5)),
        (["--filter", "country=BR x"], read(filter="country=BR x")),
        (["--shard", "3", "--from", "12000"], read(3, "offset", 12000)),
        (["--from", "2/7"], read(2, "offset", 7)),
        (["--from", "-2m"], read(None, "time", NOW - 120_000)),
        (["--from", "00:00:00"], read(None, "time", NOW)),
        (["--path", "3:12345"], TraceRecord("clicks", 3, 12345)),
        (["--path", "3/12345.7"], TraceRecord("clicks", 3, 12345, 7)),
    ],
)
def test_what_is_asked(asked, arguments, command):
    assert asked(*arguments) == (0, command)


def test_what_is_said(asked, capsys):
    assert asked()[0] == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("00 333 00:00:00.000 k view customer_id=u session_id=s")
    assert asked("--json")[0] == 0
    assert [row["offset"] for row in json.loads(capsys.readouterr().out)["rows"]] == [332, 332, 333]
    assert asked("--path", "3:29")[0] == 0
    told = capsys.readouterr().out
    assert "it belongs here" in told and "c-1 owns the shard now" in told


def test_json_holds_nothing_that_a_terminal_acts_on(asked, capsys):
    row = msgspec.structs.replace(a_path().row, value="\x1b[31m\x7f\x9b\u202e", key="\x00")
    answer = msgspec.structs.replace(a_path(), row=row)
    asked("--path", "3:29", "--json", reply=Reply(True, "", msgspec.json.encode(answer).decode()))
    told = capsys.readouterr().out
    assert told.isascii() and told[:-1].isprintable()
    assert json.loads(told)["row"]["value"] == "\x1b[31m\x7f\x9b\u202e"


def test_exit_codes(asked, capsys):
    assert asked(reply=Reply(False, "the broker did not \x1b[31manswer"))[0] == 1
    assert "\x1b" not in capsys.readouterr().err
    assert asked(reply=Reply(True, "", EMPTY))[0] == 1
    assert "no record matched; 1,000 read" in capsys.readouterr().err
    for arguments, says in (
        (["--from", "12"], "offset 12 of which shard? Say --shard N too"),
        (["--from", "noon"], "write an offset"),
        (["--filter", "shard=x"], "shard is a whole number"),
        (["--last", "5000"], "--last goes from 1 to 1,000"),
    ):
        assert asked(*arguments)[0] == 2
        assert says in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        asked("--path", "3")
    assert ended.value.code == 2


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        cli.main(["records", "--help"])
    told = capsys.readouterr().out
    for text in ("--path 3:12345", "country=BR", "Exit code 0", "--from"):
        assert text in told


def test_where_to_look():
    now = int(datetime.datetime(2026, 1, 5, 12, 3, 44, 500_000).timestamp() * 1000)
    for text, seek in (
        ("12345", Seek(12345)), ("12,345", Seek(12345)), ("3/12345", Seek(12345, 3)),
        ("-90s", Seek(at_ms=now - 90_000)), ("-2", Seek(at_ms=now - 2000)),
        ("12:03", Seek(at_ms=now - 44_500)), ("12:03:44.25", Seek(at_ms=now - 250)),
        ("12:03:45", Seek(at_ms=now + 500 - 86_400_000)), (" 7 ", Seek(7)),
    ):  # fmt: skip
        assert parse_seek(text, now) == seek, text
    for text in ("", "noon", "25:00", "-", "-x", "3/", "1e3", "12:03:99", "-0s", "１２"):
        with pytest.raises(BadSeek):
            parse_seek(text, now)
