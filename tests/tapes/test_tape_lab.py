"""What tapes make of a lab: metrics, changes, trouble, calm, and when what is known is old."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from generators.incidents import KINDS
from streaming.broker.mischief import MISCHIEF
from streaming.lab.commands import (
    AddConsumer,
    KillConsumer,
    MergeShards,
    SetAggregation,
    SetLimits,
    SetRate,
    SetReading,
    SplitShard,
    SwitchKey,
    UpdateShardCount,
)
from streaming.lab.commands import Inject as InjectCommand
from streaming.lab.consumer_commands import PauseConsumer, RemoveConsumer, SetAssignor, SlowConsumer
from streaming.lab.fault_commands import PlantFault
from streaming.lab.snapshot import BrokerView, LabSnapshot
from streaming.verify.report import VerifyReport
from tests.screens.fakes import kinesis_stream, snapshot, starting, stream
from tui.tapes.calm import Calm, disturbance
from tui.tapes.changes import ChangeError, Changes, commands, the_consumer
from tui.tapes.metrics import KINDS as METRICS
from tui.tapes.metrics import Seen
from tui.tapes.texts import Text
from tui.tapes.troubles import KILLS, trouble_command, troubles
from tui.tapes.view import LabView


def kinesis(**changes: Any) -> LabSnapshot:
    return msgspec.structs.replace(snapshot(), streams=(kinesis_stream(),), **changes)


def sent(wanted: dict[str, Any], seen: LabSnapshot, name: str = "clicks") -> list[Any]:
    return list(commands(Changes.model_validate(wanted), name, seen))


FITTING = {"number": (int, float), "text": str, "truth": bool, "numbers": dict, "texts": tuple}


@pytest.mark.parametrize("seen", [snapshot(), kinesis(), starting()], ids=["msk", "kinesis", "new"])
def test_every_metric_has_a_value_of_its_kind(seen: LabSnapshot) -> None:
    values = Seen(seen, "clicks").all()
    assert set(values) == set(METRICS)
    for name, value in values.items():
        assert value is None or isinstance(value, FITTING[METRICS[name]]), name


def test_metrics_are_those_of_the_snapshot() -> None:
    seen = Seen(snapshot(), "clicks")
    assert seen.value("", "stored") == 690_000
    assert seen.value("", "hottest") == 3
    assert seen.value("orders", "shards") == 4
    assert seen.value("access", "lag") is None, "the lab has no such stream"
    assert Seen(kinesis(), "clicks").value("", "max_utilisation") == 1.0
    assert Seen(kinesis(), "clicks").value("", "shards_waiting") == 2


def test_nothing_but_the_link_is_known_of_a_lab_that_is_gone() -> None:
    values = Seen(None, "clicks").all()
    assert values.pop("link") == "lost"
    assert set(values.values()) == {None}


def test_verify_tells_what_it_found() -> None:
    report = VerifyReport(True, 9, 7, 1, 1, 0, 0, 0, 3, 0, 0, 0, [], 0.1)
    assert Seen(snapshot(), "clicks", report).value("", "verified") == 9
    assert Seen(snapshot(), "clicks").value("", "lost") is None


def test_changes_are_commands_of_the_view_that_there_is() -> None:
    assert sent({"shards": 20}, snapshot()) == [SwitchKey("clicks", "country", 20)]
    assert sent({"shards": 20}, kinesis()) == [UpdateShardCount("clicks", 20)]
    assert sent({"key": "device", "shards": 8}, kinesis()) == [SwitchKey("clicks", "device", 8)]
    assert sent({"split": "hottest"}, kinesis())[0].shard in {0, 4, 6, 7, 8}
    assert sent({"split": 4, "merge": [7, 8]}, kinesis()) == [
        SplitShard("clicks", 4), MergeShards("clicks", 7, 8),
    ]  # fmt: skip
    assert sent({"limits": "on", "aggregate": "on"}, kinesis()) == [
        SetLimits("today"), SetAggregation("kpl"),
    ]  # fmt: skip
    assert sent({"readers": 3}, kinesis(fan_out=True)) == [SetReading(3, True)]


def test_changes_of_all_streams_are_done_for_each() -> None:
    found = sent({"key": "device", "rate": 5.0}, snapshot(), "all")
    assert found[0] == SetRate(5.0)
    assert [command.stream for command in found[1:]] == ["clicks", "orders", "payments"]


def test_consumers_come_go_stand_still_and_read_slowly() -> None:
    seen = snapshot()
    assert sent({"consumers": 5}, seen) == [AddConsumer(), AddConsumer()]
    assert sent({"consumers": 1}, seen) == [RemoveConsumer("c-2"), RemoveConsumer("c-1")]
    assert sent({"slow": {"c-0": 50, "c-1": "off"}}, seen) == [
        SlowConsumer("c-0", 50.0), SlowConsumer("c-1", 0.0),
    ]  # fmt: skip
    first, *others = seen.consumers
    paused = msgspec.structs.replace(first, state="paused")
    assert sent({"resume": "all"}, msgspec.structs.replace(seen, consumers=(paused, *others))) == [
        PauseConsumer("c-0", False)
    ]
    assert sent({"assignor": "range"}, seen) == [SetAssignor("range")]
    # clicks/3 has most records, and c-0 (3 % 3) reads it.
    assert sent({"pause": "busiest"}, seen) == [PauseConsumer("c-0", True)]


def test_a_lab_without_what_a_change_needs_is_told() -> None:
    with pytest.raises(ChangeError, match="no stream"):
        sent({"key": "device"}, snapshot(), "access")
    bare = stream(shards=0)
    with pytest.raises(ChangeError, match="hottest"):
        sent({"split": "hottest"}, msgspec.structs.replace(snapshot(), streams=(bare,)))
    with pytest.raises(ChangeError, match="busiest"):
        the_consumer("busiest", bare)


def test_every_trouble_there_is_can_be_planted() -> None:
    assert set(troubles()) == set(KINDS) | {f"broker_{name}" for name in MISCHIEF} | set(KILLS)
    assert trouble_command("poison", 5.0, 0.1, "") == InjectCommand("poison", 5.0, 0.1)
    assert trouble_command("broker_slow", None, 0.0, "") == PlantFault("slow", 10.0)
    assert trouble_command("kill_consumer", None, 0.0, "c-1") == KillConsumer("c-1")
    assert trouble_command("kill_engine", None, 0.0, "") is None


def with_lag(lag: int, **changes: Any) -> LabSnapshot:
    one = msgspec.structs.replace(stream(shards=4), lag=lag, in_per_s=100.0)
    return msgspec.structs.replace(snapshot(), streams=(one,), timeline=(), **changes)


def test_calm_lasts_as_long_as_nothing_breaks_it() -> None:
    calm = Calm(2.0)
    assert not calm.lasted(10.0, with_lag(40), commands=False)
    assert not calm.lasted(11.9, with_lag(99), commands=False)
    assert calm.lasted(12.0, with_lag(100), commands=False), "a second's worth may wait"


@pytest.mark.parametrize(
    ("seen", "commands", "why"),
    [
        (None, False, "not there"),
        (with_lag(0, state="starting"), False, "starting"),
        (with_lag(0), True, "command"),
        (with_lag(101), False, "grew"),
        (with_lag(0, broker=BrokerView("embedded", "", "", "down", 0, 0)), False, "broker"),
    ],
)
def test_what_breaks_the_calm_begins_it_anew(
    seen: LabSnapshot | None, commands: bool, why: str
) -> None:
    calm = Calm(2.0)
    calm.lasted(10.0, with_lag(40), commands=False)
    assert not calm.lasted(12.5, seen, commands=commands)
    assert why in calm.broken_by
    assert not calm.lasted(13.0, with_lag(40), commands=False)
    assert calm.lasted(15.0, with_lag(40), commands=False)


def test_a_shard_without_reader_and_a_consumer_that_joins_are_not_calm() -> None:
    seen = with_lag(0)
    one = seen.streams[0]
    moving = msgspec.structs.replace(
        one, shards=(msgspec.structs.replace(one.shards[0], state="moving"),)
    )
    assert "reader" in disturbance(msgspec.structs.replace(seen, streams=(moving,)), commands=False)
    joining = msgspec.structs.replace(seen.consumers[0], state="joining")
    assert "joining" in disturbance(
        msgspec.structs.replace(seen, consumers=(joining,)), commands=False
    )
    assert not disturbance(seen, commands=False)


class StandIn:
    """The two things of an app that a view looks at."""

    newest: LabSnapshot | None = None
    lost: str | None = None


def test_what_was_measured_before_a_command_is_not_known_after_it() -> None:
    app = StandIn()
    view = LabView(app, "clicks")  # type: ignore[arg-type]
    assert view.snapshot is None
    app.newest = snapshot(5)
    assert view.snapshot is app.newest
    view.command_sent()
    for seq in (5, 6):
        app.newest = snapshot(seq)
        assert view.snapshot is None
    app.newest = snapshot(7)
    assert view.snapshot is app.newest
    app.lost = "the engine ended"
    assert view.snapshot is None


def test_a_killed_engine_says_nothing_and_the_next_one_does() -> None:
    app = StandIn()
    view = LabView(app, "clicks")  # type: ignore[arg-type]
    app.newest = snapshot(50)
    view.command_sent()
    view.engine_killed()
    app.newest = snapshot(90)
    assert view.snapshot is None, "of the old engine, still in the pipe"
    app.newest = msgspec.structs.replace(snapshot(1), started_at_ms=app.newest.at_ms)
    assert view.snapshot is app.newest, "its numbers begin anew"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{lag:,} of {hottest}", "43,747 of 3"), ("{max_over_mean:.2f}x", "3.60x"),
        ("{max_utilisation:.0%}", "-"), ("{{{shards}}}", "{12}"), ("{key}", "country"),
        ("{orders.shards + 1}", "5"), ("{len(alarms):d}", "0"), ("{lag_by_shard[5]}", "12"),
    ],
)  # fmt: skip
def test_figures_are_filled_in(text: str, told: str) -> None:
    seen = msgspec.structs.replace(snapshot(), alarms=())
    assert Text(text).filled(Seen(seen, "clicks").value) == told


@pytest.mark.parametrize(
    "text", ["{lag:999d}", "{lag:{lag}}", "{lag!r}", "{", "{key:,}", "{lag:s}", "{alarm_keys:.1f}",
             "{lag_by_shard}", "{}", "x" * 301],
)  # fmt: skip
def test_what_cannot_be_filled_in_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Text(text)
