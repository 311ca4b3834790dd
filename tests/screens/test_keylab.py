"""The key lab: what it sends, what it says, and that it goes on with the lab."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from streaming.lab.commands import Command, Reply, SwitchKey, TryKey, UpdateShardCount
from streaming.lab.link import LinkLost
from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import CandidateView
from tests.screens.conftest import Hand, Runner
from tests.screens.fake_link import QUESTIONS, FakeLink
from tests.screens.fakes import (
    HEAVY,
    NOW_MS,
    epoch,
    epochs,
    kinesis_stream,
    snapshot,
    starting,
    stream,
)
from tui.glyphs import ASCII, UNICODE
from tui.lines import text_of, width_of
from tui.offers import OFFERED, beside
from tui.views.bench import answer_lines, offer_line
from tui.views.epochs import ALONE, NOTHING, comparison


def msk(**changes: object) -> LabSnapshot:
    view = msgspec.structs.replace(stream(), epochs=epochs(), heavy=HEAVY)
    return snapshot(1, streams=(msgspec.structs.replace(view, **changes), stream("orders", 4)))


def kinesis(seq: int = 1) -> LabSnapshot:
    return snapshot(seq, streams=(kinesis_stream(),))


class SlowLink(FakeLink):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()

    async def send(self, command: Command) -> Reply:
        if isinstance(command, QUESTIONS):
            return await super().send(command)
        self.sent.append(command)
        await self.may_answer.wait()
        return self.reply


async def types(hand: Hand, key: str, shards: str = "") -> None:
    await hand.pilot.press(*key)
    if shards:
        await hand.pilot.press("tab", *shards)
    await hand.pilot.press("enter")


async def test_it_switches_the_key_and_shows_the_answer_in_place(lab: Runner) -> None:
    async with lab(msk()) as hand:
        hand.link.reply = Reply(True, "clicks epoch 4: key [b]event_id[/b]")
        await hand.pilot.press("e")
        await hand.sees("Key lab")
        await types(hand, "event_id")
        await hand.sees("✓ done: clicks epoch 4: key [b]event_id[/b]")
        assert hand.link.sent == [SwitchKey("clicks", "event_id")]
        assert not hand.app._notifications
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)


CANDIDATE = CandidateView(
    "event_id", "msk", 24, "nothing", "order", 20_000, 1.21, 0.09, 0.05, 0.99, 0.0504, 0.25,
    19_998, 0.5,
)  # fmt: skip


def foretold(view: CandidateView = CANDIDATE) -> Reply:
    return Reply(True, "", msgspec.json.encode(view).decode())


async def test_a_typed_key_is_foretold_beside_what_holds_before_it_is_switched(lab: Runner) -> None:
    async with lab(msk()) as hand:
        hand.link.answers[TryKey] = foretold()
        await hand.pilot.press("e", *"event_id", "tab", *"24")
        await hand.sees("candidate")
        await hand.until(lambda: hand.link.asked[-1:] == [TryKey("clicks", "event_id", 24)])
        for words in ("of the newest 20,000", "1.21", "25% of records", "19,998 in sample"):
            await hand.sees(words)
        assert hand.link.sent == []
        await hand.pilot.press("enter")
        await hand.until(lambda: hand.link.sent == [SwitchKey("clicks", "event_id", 24)])
        more = (*stream().shards, *stream().shards)
        await hand.show(msgspec.structs.replace(msk(key="event_id", shards=more), seq=2))
        await hand.sees("predicted")


async def test_what_is_no_key_is_not_tried(lab: Runner) -> None:
    async with lab(msk()) as hand:
        await hand.pilot.press("e", *"no such")
        await hand.sees("no key yet")
        await hand.pilot.press(*["backspace"] * 7, *"device")
        await hand.until(lambda: hand.link.asked)
        assert {asked.key for asked in hand.link.asked} == {"device"}
        assert "candidate" not in hand.text, "nothing is known of it"


async def test_a_number_alone_keeps_the_key(lab: Runner) -> None:
    async with lab(msk()) as hand:
        await hand.pilot.press("e")
        await types(hand, "", "24")
        await hand.until(lambda: hand.link.sent == [SwitchKey("clicks", "country", 24)])


async def test_key_and_number_travel_together_in_the_msk_view(lab: Runner) -> None:
    async with lab(msk()) as hand:
        await hand.pilot.press("e")
        await types(hand, "device", "24")
        await hand.until(lambda: hand.link.sent == [SwitchKey("clicks", "device", 24)])
        await hand.sees("done")
        await hand.pilot.press("shift+tab", "enter")
        await hand.until(lambda: len(hand.link.sent) == 2)
        assert hand.link.sent[1] == SwitchKey("clicks", "device"), "the number was done with"


async def test_in_the_kinesis_view_the_count_is_a_command_of_its_own(lab: Runner) -> None:
    async with lab(kinesis()) as hand:
        await hand.pilot.press("e")
        await types(hand, "device", "8")
        await hand.until(lambda: len(hand.link.sent) == 2)
        assert hand.link.sent == [SwitchKey("clicks", "device"), UpdateShardCount("clicks", 8)]


async def test_what_is_refused_is_not_followed_by_more(lab: Runner) -> None:
    async with lab(kinesis()) as hand:
        hand.link.reply = Reply(False, "that is no key: no field [/x]")
        await hand.pilot.press("e")
        await types(hand, "nonsense", "8")
        await hand.sees("▲ not done: that is no key: no field [/x]")
        assert hand.link.sent == [SwitchKey("clicks", "nonsense")]


@pytest.mark.parametrize(
    ("key", "shards", "said"),
    [
        ("", "", "type a key, a number of shards, or both"),
        ("device", "0", "goes from 1 to"),
        ("device", "12x", "goes from 1 to"),
        ("", "4", "partitions can only be added, and there are 12"),
        ("", "12", "there are 12 already"),
    ],
)
async def test_what_makes_no_sense_is_not_sent(
    lab: Runner, key: str, shards: str, said: str
) -> None:
    async with lab(msk()) as hand:
        await hand.pilot.press("e")
        await types(hand, key, shards)
        await hand.sees(said)
        assert hand.link.sent == []


async def test_an_error_of_the_link_is_said_in_place(lab: Runner) -> None:
    async with lab(msk()) as hand:
        hand.link.reply = ConnectionError("the pipe broke [/x]")
        await hand.pilot.press("e")
        await types(hand, "device")
        await hand.sees("not done: SwitchKey failed: the pipe broke [/x]")


async def test_one_command_at_a_time_and_it_says_that_it_works(lab: Runner) -> None:
    link = SlowLink()
    async with lab(msk(), link=link) as hand:
        await hand.pilot.press("e")
        await types(hand, "device")
        await hand.sees("↻ under way: Key of clicks: device")
        await hand.pilot.press("down", "enter")
        await hand.show(snapshot(2))
        assert "under way: Key of clicks: device" in hand.text and len(link.sent) == 1
        link.may_answer.set()
        await hand.sees("✓ done: done")


async def test_an_answer_to_a_closed_dialog_is_a_toast(lab: Runner) -> None:
    link = SlowLink()
    async with lab(msk(), link=link) as hand:
        await hand.pilot.press("e")
        await types(hand, "device")
        await hand.until(lambda: link.sent)
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        link.reply = Reply(True, "key device holds")
        link.may_answer.set()
        await hand.sees("key device holds")


async def test_it_tells_what_a_key_keeps_while_it_is_typed(lab: Runner) -> None:
    async with lab(msk()) as hand:
        await hand.pilot.press("e", *"product_id")
        await hand.sees("keeps order per product_id")
        await hand.pilot.press("z")
        await hand.sees("no key yet: events have no field 'product_idz'")
        await hand.sees("not among the offered ones")


async def test_up_and_down_go_through_the_offers(lab: Runner) -> None:
    async with lab(msk(), size=(80, 24)) as hand:
        await hand.pilot.press("e", "down", "down", "enter")
        await hand.until(lambda: hand.link.sent == [SwitchKey("clicks", OFFERED[1])])
        await hand.pilot.press("up", "up", "enter")
        await hand.until(lambda: len(hand.link.sent) == 2)
        assert hand.link.sent[1] == SwitchKey("clicks", OFFERED[-1])
        await hand.sees(OFFERED[-1])


async def test_it_lives_with_the_lab(lab: Runner) -> None:
    async with lab(msk()) as hand:
        await hand.pilot.press("e")
        await hand.sees("802,000")
        later = msgspec.structs.replace(epoch(3), records=812_345)
        await hand.show(msgspec.structs.replace(msk(epochs=(epochs()[0], later)), seq=2))
        assert "812,345" in hand.text and "802,000" not in hand.text
        hand.app.action_pause()
        await hand.show(msgspec.structs.replace(msk(), seq=3))
        assert "812,345" in hand.text
        await hand.show(LinkLost("killed"))
        hand.app.second()


async def test_the_next_stream_is_the_next_everywhere(lab: Runner) -> None:
    async with lab(msk()) as hand:
        await hand.pilot.press("e", "f2")
        await hand.sees("orders · key order_id")
        assert hand.app.stream == "orders" and NOTHING in hand.text
        await types(hand, "device")
        await hand.until(lambda: hand.link.sent == [SwitchKey("orders", "device")])


async def test_before_the_lab_runs_nothing_is_sent(lab: Runner) -> None:
    async with lab(starting(), size=(80, 24)) as hand:
        await hand.pilot.press("e", *"device", "enter")
        await hand.sees("The lab is not running yet.")
        assert hand.link.sent == []


async def test_pages_scroll_while_a_key_is_typed(lab: Runner) -> None:
    async with lab(msk(), size=(80, 24)) as hand:
        await hand.pilot.press("e")
        await hand.sees("max/mean")
        await hand.pilot.press("pagedown", "pagedown", "pagedown")
        await hand.sees("Heaviest keys")
        await hand.pilot.press("tab", "tab", "g")
        await hand.sees("view, shards")
        await hand.pilot.press("q")
        await hand.until(lambda: hand.app.screen is hand.app.main)


@pytest.mark.parametrize("width", [1, 9, 20, 40, 76, 116, 300])
def test_no_line_is_much_wider_than_asked(width: int) -> None:
    many = epoch(3, counts=tuple(range(200)), records=19_900, keeps="x" * 300)
    view = stream(epochs=(epochs()[0], many), heavy=HEAVY)
    for glyphs in (UNICODE, ASCII):
        for line in comparison(view, NOW_MS, width, glyphs):
            assert width_of(line) <= max(width, 70)
        assert width_of(offer_line("salt", width, glyphs)) <= width
        assert len(list(answer_lines(*_long(), width, glyphs))) <= 3


def _long() -> tuple[object, str]:
    from tui.views.bench import Answer

    return Answer.REFUSED, "word " * 200


def test_one_epoch_stands_alone() -> None:
    text = "\n".join(
        text_of(line) for line in comparison(stream(epochs=(epoch(1),)), NOW_MS, 76, UNICODE)
    )
    assert "before" not in text and ALONE[:60] in text and "none known" in text


def test_unknown_measures_are_dashes() -> None:
    empty = epoch(
        3, records=0, counts=(), max_over_mean=None, cv=None, gini=None, jain=None,
        distinct_keys=None, predicted=None,
    )  # fmt: skip
    lines = [text_of(line) for line in comparison(stream(epochs=(empty,)), NOW_MS, 76, UNICODE)]
    for label in ("max/mean", "CV", "Gini", "Jain", "of its limit", "distinct keys", "hottest"):
        line = next(line for line in lines if line.startswith(label))
        assert line.split()[len(label.split())] == "-", line


def test_many_shards_share_bars_and_say_so() -> None:
    view = stream(epochs=(epoch(3, counts=tuple(range(2000)), shards=2000),))
    text = "\n".join(text_of(line) for line in comparison(view, NOW_MS, 76, UNICODE))
    assert "busiest of" in text


def test_the_offers_go_round() -> None:
    assert beside("", 1) == OFFERED[0] and beside("x", -1) == OFFERED[-1]
    assert beside(OFFERED[-1], 1) == OFFERED[0]
