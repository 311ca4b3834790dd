"""Requests while faults are planted: what the connection does besides answering."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from streaming.broker.embedded.broker import Call, Peer
from streaming.broker.embedded.codec import Message
from streaming.broker.embedded.faults import (
    Drop,
    Faults,
    Latency,
    Pause,
    Planted,
    Refuse,
    Tear,
    Throttle,
)
from streaming.broker.embedded.refusals import refuse

Handle = Callable[[Any], Awaitable[Message | None]]


@dataclass
class Outcome:
    """An answer and what is done with it.

    After `cut` bytes of it the connection is closed; None is the whole answer. Nothing is read
    for `mute_s` seconds after it.
    """

    response: Message | None
    cut: int | None = None
    mute_s: float = 0.0


async def carry_out(faults: Faults, key: int, request: Any, call: Call, handle: Handle) -> Outcome:
    """Handle a request that faults may strike. Raises what handlers raise, and PeerGoneError."""
    struck = faults.striking(key, call.client_id, request)
    await hold(struck, call.peer)
    effects = [planted.fault.effect for planted in struck]
    if any(isinstance(effect, Drop) and not effect.carried_out for effect in effects):
        return Outcome(None, cut=0)
    for planted in struck:
        if isinstance(planted.fault.effect, Refuse):
            handle = partial(
                refuse, key, fault=planted.fault, effect=planted.fault.effect, handle=handle
            )
    outcome = Outcome(await handle(request))
    latency_ms = throttle_ms = 0
    for effect in effects:
        if isinstance(effect, Latency):
            latency_ms += effect.ms
        elif isinstance(effect, Throttle):
            throttle_ms = max(throttle_ms, effect.ms)
        elif isinstance(effect, Drop | Tear):
            after = effect.after_bytes if isinstance(effect, Tear) else 0
            outcome.cut = after if outcome.cut is None else min(outcome.cut, after)
    if latency_ms:
        await rest(latency_ms / 1000, call.peer)
    if throttle_ms:
        outcome.mute_s = throttle_ms / 1000
        if outcome.response is not None and hasattr(outcome.response, "throttle_time_ms"):
            outcome.response.throttle_time_ms = throttle_ms
    return outcome


async def hold(struck: Iterable[Planted], peer: Peer) -> None:
    """Wait until no pause among the faults is at work. Raises PeerGoneError."""
    for planted in struck:
        if not isinstance(planted.fault.effect, Pause) or planted.ended:
            continue
        lifted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        planted.held.add(lifted)
        try:
            await peer.wait(lifted)
        finally:
            planted.held.discard(lifted)


async def rest(seconds: float, peer: Peer) -> None:
    """Let time pass while the client is there. Raises PeerGoneError when it hangs up."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    timer = loop.call_later(seconds, _end, over)
    try:
        await peer.wait(over)
    finally:
        timer.cancel()


def _end(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
