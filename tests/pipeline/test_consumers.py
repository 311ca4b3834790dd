"""Consumers of a real lab paused, slowed, killed, removed: what shards and group do then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streaming.lab.commands import AddConsumer, KillConsumer, SwitchKey
from streaming.lab.consumer_commands import PauseConsumer, RemoveConsumer, SetAssignor, SlowConsumer
from streaming.lab.consumer_snapshot import RebalanceView
from streaming.lab.snapshot import ConsumerView, LabSnapshot
from tests.pipeline.lab_driver import DrivenLab, assert_exact, lab, run_cli

SESSION_S = 2.0


def member(snapshot: LabSnapshot, name: str) -> ConsumerView:
    return next(c for c in snapshot.consumers if c.name == name)


def owned(snapshot: LabSnapshot, name: str) -> list[Any]:
    """Its shards of clicks; the few orders would make every comparison wait."""
    return [shard for shard in snapshot.streams[0].shards if shard.owner == name]


def clicks_of_all(snapshot: LabSnapshot) -> list[Any]:
    """The shards of clicks that somebody reads."""
    return [shard for shard in snapshot.streams[0].shards if shard.owner]


def lags(snapshot: LabSnapshot, name: str) -> list[int]:
    """What its shards have to read, 0 where it is unknown."""
    return [shard.lag or 0 for shard in owned(snapshot, name)]


def stored(snapshot: LabSnapshot, name: str) -> list[int]:
    return [shard.stored_offset for shard in owned(snapshot, name)]


def least(snapshot: LabSnapshot, name: str) -> int:
    return min(lags(snapshot, name), default=0)


def settled(snapshot: LabSnapshot, members: int) -> bool:
    running = [c for c in snapshot.consumers if c.state == "running" and c.shards]
    return len(running) == members and snapshot.timeline[0].took_s is not None


async def test_paused_and_slowed_lag_grows_and_nothing_is_lost(tmp_path: Path) -> None:
    async with lab(tmp_path, rate=800) as driven:
        await driven.until(lambda s: s.store.stored > 500 and settled(s, 2), "two members")
        await paused(driven)
        await slowed(driven)
        assert_exact(await driven.finish())


async def test_the_timeline_says_who_left_and_came_and_what_moved(tmp_path: Path) -> None:
    async with lab(tmp_path, session_timeout_s=SESSION_S, rate=500) as driven:
        await driven.until(lambda s: s.store.stored > 500 and settled(s, 2), "two members")
        await killed(driven)
        await removed(driven, tmp_path)
        assert_exact(await driven.finish())


async def test_a_cooperative_group_lets_go_of_what_moves_only(tmp_path: Path) -> None:
    settings = {"assignor": "cooperative-sticky", "session_timeout_s": SESSION_S, "rate": 800}
    async with lab(tmp_path, **settings) as driven:
        await driven.until(lambda s: s.store.stored > 500 and settled(s, 2), "two members")
        await driven.do(AddConsumer())
        after = await driven.until(lambda s: settled(s, 3), "three members")
        grown = after.timeline[0]
        # Eight shards of two members: each of them gives one away, as 3, 3 and 2 is even.
        assert (grown.protocol, grown.came, grown.let_go, grown.moved) == (
            "cooperative", ("c-2",), 2, 2,
        )  # fmt: skip
        mine = {c.name: set(c.shards) for c in after.consumers}
        await driven.do(KillConsumer("c-1"))
        shrunk = await ended(driven, "c-1")
        moves = {m.giver for m in shrunk.moves}
        assert (shrunk.let_go, shrunk.moved, moves) == (0, len(mine["c-1"]), {"c-1"})
        # New shards are given away, and nothing else moves.
        await driven.until(lambda s: settled(s, 3), "it is back")
        await driven.do(SwitchKey("clicks", "customer_id", 7))
        wider = await driven.until(lambda s: len(clicks_of_all(s)) == 7 and settled(s, 3), "seven")
        assert (wider.timeline[0].let_go, wider.timeline[0].given) == (0, 3)
        assert_exact(await driven.finish())


async def test_the_group_changes_its_protocol_under_way(tmp_path: Path) -> None:
    async with lab(tmp_path, session_timeout_s=SESSION_S, rate=800) as driven:
        first = await driven.until(lambda s: s.store.stored > 500 and settled(s, 2), "two members")
        assert first.assignor == "roundrobin"
        told = run_cli(
            "consumers", "assignor", "cooperative-sticky", "--data-dir", str(tmp_path), cwd=tmp_path
        )
        assert told.returncode == 0 and "cooperative-sticky (cooperative)" in told.stdout
        await driven.until(
            lambda s: settled(s, 2) and s.timeline[0].protocol == "cooperative", "both are back"
        )
        again = await driven.link.send(SetAssignor("cooperative-sticky"))
        assert again.ok and "already" in again.text
        wrong = await driven.link.send(SetAssignor("sticky"))
        assert not wrong.ok and "range, roundrobin, cooperative-sticky" in wrong.text
        # One that is dead when the others change is in the group until its session is over.
        await driven.do(KillConsumer("c-1"))
        await driven.do(SetAssignor("range"))
        last = await driven.until(
            lambda s: settled(s, 2) and s.timeline[0].protocol == "eager", "eager again"
        )
        await driven.do(AddConsumer())
        last = await driven.until(lambda s: settled(s, 3), "three members")
        assert (last.assignor, last.timeline[0].let_go) == ("range", 8)
        assert_exact(await driven.finish())


async def ended(driven: DrivenLab, name: str) -> RebalanceView:
    """The rebalance after a member's end, once it is over."""

    def found(snapshot: LabSnapshot) -> RebalanceView | None:
        over = (r for r in snapshot.timeline if r.took_s is not None and r.left == (name,))
        return next(over, None)

    after = await driven.until(found, f"{name} has left")
    view = found(after)
    assert view is not None
    return view


async def paused(driven: DrivenLab) -> None:
    """Only the lag of the paused member's shards grows; it stays a member, and clears it after."""
    before = await driven.until(lambda s: settled(s, 2))
    await driven.do(PauseConsumer("c-1"))
    still = await at_rest(driven, "c-1")
    on = await driven.until(
        lambda s: least(s, "c-1") > 100 + max(lags(s, "c-0"))
        and all(a < b for a, b in zip(stored(still, "c-0"), stored(s, "c-0"), strict=True)),
        "its lag alone grows",
    )  # fmt: skip
    assert stored(on, "c-1") == stored(still, "c-1")
    assert member(on, "c-1").records_per_s == 0.0
    assert member(on, "c-1").state == "paused" and member(on, "c-0").state == "running"
    assert {x.state for s in on.streams for x in s.shards if x.owner == "c-1"} == {"paused"}
    assert on.rebalances == before.rebalances
    assert member(on, "c-1").shards == member(before, "c-1").shards
    await driven.do(PauseConsumer("c-1", False))
    off = await driven.until(lambda s: max(lags(s, "c-1")) < least(on, "c-1"), "cleared")
    assert member(off, "c-1").state == "running" and off.rebalances == before.rebalances


async def at_rest(driven: DrivenLab, name: str) -> LabSnapshot:
    """Once what it had under way is stored, too."""
    seen: list[list[int]] = []

    def same(snapshot: LabSnapshot) -> bool:
        seen.append(stored(snapshot, name))
        return len(seen) > 5 and seen[-1] == seen[-6]

    return await driven.until(same, f"{name} stands still")


async def slowed(driven: DrivenLab) -> None:
    """A slowed member reads so much and no more."""
    await driven.do(SlowConsumer("c-0", 50.0))
    on = await driven.until(lambda s: sum(lags(s, "c-0")) > 1200, "lag")
    slow = member(on, "c-0")
    assert (slow.state, slow.limit_per_s) == ("slowed", 50.0)
    first = slow.records
    later = await driven.until(lambda s: member(s, "c-0").records > first + 60, "it reads on")
    seconds = (later.at_ms - on.at_ms) / 1000
    assert member(later, "c-0").records - first < 50 * (seconds + 1) + 200
    reply = await driven.link.send(SlowConsumer("c-0", 0.5))
    assert not reply.ok and "0 is full speed" in reply.text
    await driven.do(SlowConsumer("c-0", 0.0))
    await driven.until(lambda s: sum(lags(s, "c-0")) < 600, "cleared")


async def killed(driven: DrivenLab) -> None:
    """The timeline says who left and which shards went where; the next process is not paused."""
    await driven.do(PauseConsumer("c-1"))
    before = await driven.until(lambda s: member(s, "c-1").state == "paused")
    held = member(before, "c-1").shards
    await driven.do(KillConsumer("c-1"))
    after = await driven.until(
        lambda s: any(r.left == ("c-1",) and r.took_s for r in s.timeline), "who left"
    )
    seen = next(r for r in after.timeline if r.left == ("c-1",))
    assert [(m.giver, m.taker, m.shards) for m in seen.moves] == [("c-1", "c-0", len(held))]
    assert seen.took_s is not None and seen.unowned_s >= len(held) * 1.0
    text = next(e.text for e in reversed(after.events) if e.kind == "rebalance")
    assert "c-1 left" in text and f"{len(held)} shards moved to c-0" in text
    back = await driven.until(lambda s: settled(s, 2), "it is back")
    assert member(back, "c-1").restarts == 1 and back.timeline[0].came == ("c-1",)


async def removed(driven: DrivenLab, root: Path) -> None:
    """By the command line: one more member, and away with it for good."""
    await driven.do(AddConsumer())
    await driven.until(lambda s: settled(s, 3), "three members")
    listed = run_cli("consumers", "list", "--json", "--data-dir", str(root), cwd=root)
    assert listed.returncode == 0, listed.stderr
    told = json.loads(listed.stdout)
    assert [c["name"] for c in told["consumers"]] == ["c-0", "c-1", "c-2"]
    assert told["rebalances"][0]["came"] == ["c-2"]
    gone = run_cli("consumers", "remove", "c-2", "--data-dir", str(root), cwd=root)
    assert gone.returncode == 0 and "c-2 has left the group" in gone.stdout, gone.stderr
    after = await driven.until(lambda s: len(s.consumers) == 2 and settled(s, 2), "two members")
    assert after.timeline[0].left == ("c-2",)
    wrong = run_cli("consumers", "pause", "c-7", "--data-dir", str(root), cwd=root)
    assert wrong.returncode == 1 and "there is no consumer c-7" in wrong.stderr
    reply = await driven.link.send(RemoveConsumer("c-1"))
    assert reply.ok
    reply = await driven.link.send(RemoveConsumer("c-0"))
    assert not reply.ok and "last consumer" in reply.text
