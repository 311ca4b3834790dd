"""How processes that read end: when the engine lets go, at a signal, or over an error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from typing import Any

from aiokafka import AIOKafkaConsumer

from streaming import platform
from streaming.lab.channel import ChannelClosed


async def until_the_end(
    running: Coroutine[Any, Any, None], stop: Awaitable[None]
) -> BaseException | None:
    """Run until that ends, the engine is gone or a signal comes; then `stop`.

    Returns the error that ended it, None when the engine let go.
    """
    told = asyncio.Event()
    platform.on_stop_signals(asyncio.get_running_loop(), told)
    ends = {
        asyncio.create_task(running),
        asyncio.create_task(platform.lifeline()),
        asyncio.create_task(told.wait()),
    }
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    await stop
    errors = [task.exception() for task in done]
    return next((e for e in errors if e is not None and not isinstance(e, ChannelClosed)), None)


async def close_client(consumer: AIOKafkaConsumer) -> None:
    """Close a client, best effort (aiokafka may raise what nobody asked for)."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait({stopping}, timeout=3)
    if stopping.done():
        with contextlib.suppress(BaseException):
            stopping.result()
