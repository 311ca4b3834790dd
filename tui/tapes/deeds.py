"""What each step does: one function for each verb that needs more than a line."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from streaming import platform
from streaming.lab import paths
from streaming.lab.commands import Command, KillConsumer, Reply
from streaming.lab.commands import Verify as VerifyCommand
from streaming.lab.snapshot import LabSnapshot
from tui.tapes.calm import Calm
from tui.tapes.changes import ChangeError, commands, the_consumer
from tui.tapes.runner import StepFailed
from tui.tapes.steps import (
    Caption,
    Expect,
    Hide,
    Inject,
    Marker,
    Press,
    Screen,
    Screenshot,
    Set,
    Settled,
    Show,
    Sleep,
    Step,
    Type,
    Until,
    Verify,
    Wait,
)
from tui.tapes.telling import screen_lines, screen_words, seen_words
from tui.tapes.texts import filled
from tui.tapes.troubles import KILL_ENGINE, trouble_command

if TYPE_CHECKING:
    from tui.tapes.runner import Player

REPLY_TIMEOUT_S: Final = 60.0
NEWS_TIMEOUT_S: Final = 30.0
DRAWN_TIMEOUT_S: Final = 10.0


async def perform(player: Player, step: Step) -> str:
    """Do a step and return what is worth saying of it. Raises StepFailed."""
    match step:
        case Press():
            await _press(player, list(step.press) * step.times, step.every)
        case Type():
            from tui.tapes.appkeys import named

            await _press(player, [named(character) for character in step.type], step.every)
        case Set():
            return await _set(player, step)
        case Inject():
            return await _inject(player, step)
        case Until():
            await player.until(
                lambda: step.until.holds(player.seen.value),
                step.timeout,
                lambda: f"{step.until.text}\nseen: {seen_words(step.until, player.seen.value)}",
            )
        case Wait():
            await player.until(
                lambda: not _amiss(player, step.wait),
                step.timeout,
                screen_words(step.wait.screen, step.wait.absent),
            )
        case Settled():
            await _settled(player, step)
        case Sleep():
            await player.clock.sleep(step.sleep)
        case Expect():
            await _expect(player, step)
        case Caption() | Marker():
            return await _tell(player, step)
        case Screenshot():
            await _drawn(player)
            player.stage.still(step.screenshot)
        case Hide():
            player.stage.hide()
        case Show():
            player.stage.show()
        case Verify():
            return await _verify(player, step)
        case _:
            raise AssertionError(f"{step.VERB} is resolved before a tape is played")
    return ""


async def _press(player: Player, keys: list[str], every: float) -> None:
    for number, key in enumerate(keys):
        if number:
            await player.clock.sleep(every)
        if not player.app.is_running:
            raise StepFailed("the screens were left")
        player.stage.key(key)
        await player.press(key)


async def _set(player: Player, step: Set) -> str:
    snapshot = await _known(player)
    stream = step.stream or player.tape.stream
    try:
        wanted = list(commands(step.set, stream, snapshot))
    except ChangeError as error:
        raise StepFailed(str(error)) from None
    return await _ask(player, wanted, refused=step.refused)


async def _inject(player: Player, step: Inject) -> str:
    snapshot = await _known(player)
    command = trouble_command(step.inject, step.seconds, step.intensity, step.consumer)
    if step.inject == KILL_ENGINE or command is None:
        return _kill_engine(player, snapshot)
    if isinstance(command, KillConsumer):
        stream = next(one for one in snapshot.streams if one.name == player.tape.stream)
        try:
            command = KillConsumer(the_consumer(step.consumer, stream))
        except ChangeError as error:
            raise StepFailed(str(error)) from None
    return await _ask(player, [command], refused=step.refused)


def _kill_engine(player: Player, snapshot: LabSnapshot) -> str:
    """Kill the process that the lab's own card names."""
    root = Path(snapshot.data_dir)
    card = paths.read_card(root)
    if card is None or not paths.is_running(root):
        raise StepFailed(f"no engine runs in {root}: there is nothing to kill")
    platform.kill_hard(card.pid)
    player.view.engine_killed()
    return "killed the engine (SIGKILL)"


async def _ask(player: Player, wanted: list[Command], *, refused: bool) -> str:
    """Send commands one after the other; the first refusal ends it, and must be if `refused`."""
    said = []
    for command in wanted:
        reply = await _reply(player, command, REPLY_TIMEOUT_S)
        said.append(reply.text.splitlines()[0] if reply.text else "")
        if not reply.ok:
            if refused and not reply.lost:
                return f"refused: {said[-1]}"
            raise StepFailed(f"the lab refused {type(command).__name__}: {reply.text}")
    if refused:
        raise StepFailed(f"the lab did not refuse it: {'; '.join(said)}")
    return "; ".join(said)


async def _reply(player: Player, command: Command, timeout: float) -> Reply:
    """Send a command and wait for its answer. Raises StepFailed."""
    asked = asyncio.ensure_future(player.send(command))
    try:
        await player.until(asked.done, timeout, f"the answer to {type(command).__name__}")
    finally:
        if not asked.done():
            asked.cancel()
    player.view.command_sent()
    try:
        return asked.result()
    except Exception as error:
        name = type(command).__name__
        raise StepFailed(f"{name} failed: {error or type(error).__name__}") from None


async def _known(player: Player) -> LabSnapshot:
    """The newest snapshot that can be judged, waited for."""
    await player.until(lambda: player.view.snapshot is not None, NEWS_TIMEOUT_S, "news of the lab")
    snapshot = player.view.snapshot
    assert snapshot is not None  # noqa: S101 - waited for, and nothing came between
    return snapshot


async def _drawn(player: Player) -> None:
    """Wait until the screen shows the newest snapshot, unless it is held."""
    app = player.app
    seq = 0 if app.newest is None else app.newest.seq

    def drawn() -> bool:
        shown = app._drawn
        old = shown is not app.newest and (shown is None or shown.seq < seq)
        return app.paused or not (old or app._painting)

    await player.until(drawn, DRAWN_TIMEOUT_S, "the screen to be drawn")


async def _settled(player: Player, step: Settled) -> None:
    calm = Calm(step.settled)
    workers = player.app.workers

    def lasted() -> bool:
        commands = any(w.group == "commands" and not w.is_finished for w in workers)
        return calm.lasted(player.clock.now(), player.view.snapshot, commands=commands)

    await player.until(
        lasted,
        step.timeout,
        lambda: f"{step.settled:g} s of calm; the last that broke it: {calm.broken_by}",
    )


async def _expect(player: Player, step: Expect) -> None:
    await _known(player)
    wanted = step.expect
    if wanted.screen is not None or wanted.absent is not None:
        await _drawn(player)
        amiss = _amiss(player, wanted)
        if amiss:
            raise StepFailed(f"expected {screen_words(wanted.screen, wanted.absent)}; {amiss}")
    if wanted.state is not None and not wanted.state.holds(player.seen.value):
        seen = seen_words(wanted.state, player.seen.value)
        raise StepFailed(f"expected {wanted.state.text}\nseen: {seen}")


def _amiss(player: Player, wanted: Screen) -> str:
    """What is not on the screen and should be, or is and should not; "" when all is well."""
    lines = screen_lines(player.app)

    def on(pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(line) for line in lines)

    if wanted.screen is not None and not on(wanted.screen):
        return f"no line matches /{wanted.screen.pattern}/"
    if wanted.absent is not None and on(wanted.absent):
        return f"a line matches /{wanted.absent.pattern}/"
    return ""


async def _tell(player: Player, step: Caption | Marker) -> str:
    """Fill figures in when they are known again, and tell it."""
    if step.expressions:
        await _known(player)
    told = filled(step.texts, player.seen.value)
    if isinstance(step, Marker):
        player.stage.marker(told)
    else:
        player.stage.caption(told if told["en"] else {})
    return told["en"]


async def _verify(player: Player, step: Verify) -> str:
    from streaming.verify.report import VerifyReport

    reply = await _reply(player, VerifyCommand(), step.timeout)
    if not reply.data:
        raise StepFailed(f"it could not be verified: {reply.text}")
    report = msgspec.json.decode(reply.data, type=VerifyReport)
    player.view.report = report
    if not report.ok:
        raise StepFailed(f"the store differs from the log:\n{reply.text}")
    return f"{report.records:,} records, {report.lost} lost, {report.duplicates} twice"
