"""Traces: what is taken down comes back; what is no trace is said to be none."""

from __future__ import annotations

import lzma
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streaming.lab.commands import CompareKeys, Reply, SetRate, SwitchKey, WindowHistory
from streaming.lab.link import LinkLost
from tests.recording.takes import Hands, header, news, story, take
from tests.screens.fakes import starting
from tui.recording.tee import TeeLink
from tui.recording.trace import (
    Answered,
    Changed,
    Hidden,
    Kept,
    Lost,
    News,
    Pressed,
    Told,
    TraceError,
    read_trace,
)
from tui.recording.tracelink import RECORDED, Answers, TraceLink
from tui.recording.writing import TraceWriter


def unpacked(path: Path) -> list[bytes]:
    """The frames of a file."""
    data = lzma.decompress(path.read_bytes())
    frames = []
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        frames.append(data[4:end])
        data = data[end:]
    return frames


def packed(*frames: object) -> bytes:
    """A file of these frames: bytes as they are, anything else as msgpack."""
    bodies = [f if isinstance(f, bytes) else msgspec.msgpack.encode(f) for f in frames]
    return b"".join(len(body).to_bytes(4, "big") + body for body in bodies)


def test_what_is_taken_down_comes_back(tmp_path: Path) -> None:
    trace = read_trace(take(tmp_path / "a.trace"))
    said = [event.snapshot for event in trace.events if isinstance(event, News)]
    assert said == [starting(), *(news(number) for number in range(1, 31))]
    assert trace.header == header() and not trace.cut and trace.languages == ("en", "de")
    found = {type(event): event for event in trace.events}
    assert found[Lost] == Lost(10750, "it was killed")
    assert found[Answered].took_ms == 400 and found[Answered].reply.text == "5,000 a second"
    assert [event.key for event in trace.events if isinstance(event, Pressed)] == [
        "right_square_bracket", "question_mark", "escape",
    ]  # fmt: skip
    assert found[Kept].name == "help" and found[Told].text == {} and not found[Hidden].on
    assert trace.duration_ms == 15_000


def test_what_stays_the_same_is_not_written_again(tmp_path: Path) -> None:
    clock = Hands()
    path = tmp_path / "a.trace"
    writer = TraceWriter(path, header(), clock)
    for _ in range(50):
        writer.news(news(1))
    writer.close()
    sizes = [len(frame) for frame in unpacked(path)]
    assert sizes[1] > 1000 and set(sizes[2:51]) == {sizes[2]} and sizes[2] < 100


def test_private_texts_are_not_in_it(tmp_path: Path) -> None:
    root = '/home/zaphod/"labs"/1'
    writer = TraceWriter(tmp_path / "a.trace", header(), Hands(), {root: "a folder"})
    writer.news(msgspec.structs.replace(news(1), data_dir=root, detail=f"in {root}/x"))
    writer.close()
    assert b"zaphod" not in lzma.decompress((tmp_path / "a.trace").read_bytes())
    said = read_trace(tmp_path / "a.trace").events[0]
    assert isinstance(said, News) and said.snapshot.detail == "in a folder/x"


def test_nothing_is_there_before_the_end_nor_after_a_take_that_failed(tmp_path: Path) -> None:
    writer = story(tmp_path / "a.trace")
    assert not (tmp_path / "a.trace").exists()
    writer.discard()
    assert not list(tmp_path.iterdir())
    writer.news(news(1))  # too late, and no harm


def test_a_trace_that_was_cut_off_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = take(tmp_path / "a.trace").read_bytes()
    part = tmp_path / "b.trace"
    part.write_bytes(whole[: len(whole) * 3 // 4])
    trace = read_trace(part)
    assert trace.cut and 0 < trace.duration_ms < 15_000
    assert isinstance(trace.events[0], News)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "not a trace"),
        (packed({}), "not a trace"),
        (packed(b"\xff\xfe"), "not a trace"),
        (packed(header(dasprep_trace=99)), "format 99"),
        (packed(header()), "nothing that a lab said"),
        (packed(header(), {"type": "news"}), "damaged in entry 1"),
        (packed(header(), Pressed(5, "a"), Pressed(4, "a")), "before the last one's"),
        (
            packed(header(), Pressed(1, "a"), Changed(1, {"version": msgspec.Raw(b"\x01")})),
            "damaged in entry 2",
        ),
    ],
)
def test_what_is_no_trace_is_told(tmp_path: Path, text: bytes, says: str) -> None:
    path = tmp_path / "a.trace"
    path.write_bytes(lzma.compress(text))
    with pytest.raises(TraceError, match=says):
        read_trace(path)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), keep=st.integers(0, 4000), place=st.integers(0, 4000))
def test_damage_is_an_error_and_no_crash(
    tmp_path: Path, data: bytes, keep: int, place: int
) -> None:
    whole = tmp_path / "whole.trace"
    if not whole.exists():
        take(whole)
    good = whole.read_bytes()
    for bad in (data, good[:keep] + data, good[:place] + data + good[place + len(data) :]):
        path = tmp_path / "bad.trace"
        path.write_bytes(bad)
        try:
            read_trace(path)
        except TraceError as error:
            assert str(path) in str(error)


def test_equal_commands_get_their_replies_in_turn_and_questions_the_nearest(
    tmp_path: Path,
) -> None:
    clock = Hands()
    writer = TraceWriter(tmp_path / "a.trace", header(), clock)
    writer.news(news(1))
    other = WindowHistory("orders_5s", "n")
    for number, command in enumerate((CompareKeys("clicks"), CompareKeys("clicks"), other)):
        clock.now += 1
        writer.reply(command, Reply(True, f"reply {number}"), 0.1)
    writer.close()
    answers = Answers(read_trace(tmp_path / "a.trace"))

    def text(found: Answered | None) -> str | None:
        return None if found is None else found.reply.text

    assert [text(answers.next(CompareKeys("clicks"))) for _ in range(3)] == [
        "reply 0", "reply 1", "reply 1",
    ]  # fmt: skip
    assert answers.next(CompareKeys("orders")) is None
    assert text(answers.nearest(CompareKeys("orders"), 1500)) == "reply 0"
    assert text(answers.nearest(CompareKeys("orders"), 0)) == "reply 0"
    assert text(answers.nearest(CompareKeys("orders"), 9000)) == "reply 1"
    assert answers.nearest(SwitchKey("clicks", "country"), 9000) is None


async def test_a_recording_changes_nothing(tmp_path: Path) -> None:
    link = TraceLink(read_trace(take(tmp_path / "a.trace")), lambda: 0)
    assert await link.send(SwitchKey("clicks", "country")) == RECORDED


class FullDisk:
    """Fails after some calls."""

    def __init__(self) -> None:
        self.heard = 0

    def news(self, item: object) -> None:
        self.heard += 1
        if self.heard > 1:
            raise OSError(28, "No space left on device")

    def reply(self, command: object, reply: Reply, took_s: float) -> None:
        self.heard += 1


class TwoNews:
    """A lab that says three things."""

    async def open(self) -> None: ...

    async def snapshots(self):
        for item in (news(1), LinkLost("gone"), news(2)):
            yield item

    async def send(self, command: object) -> Reply:
        return Reply(True, "done")

    async def close(self) -> None: ...


async def test_a_full_disk_ends_the_recording_and_not_the_lab() -> None:
    taker = FullDisk()
    tee = TeeLink(TwoNews(), taker)  # type: ignore[arg-type]
    assert [item async for item in tee.snapshots()] == [news(1), LinkLost("gone"), news(2)]
    assert taker.heard == 2 and tee.taker is None and "No space" in str(tee.failed)
    assert await tee.send(SetRate(1.0)) == Reply(True, "done")
