"""`python -m streaming.consumer NAME`: one consumer process of the lab."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from streaming import platform
from streaming.consumer.config import WorkerConfig
from streaming.consumer.worker import Worker, WorkerStopped
from streaming.lab.channel import Channel, ChannelClosed, decoder
from streaming.lab.messages import ToConsumer
from streaming.logs import to_stderr


async def _main(config: WorkerConfig) -> int:
    reader, writer = await platform.connect(config.engine)
    worker = Worker(config, Channel(reader, writer, decoder(ToConsumer)))
    stop = asyncio.Event()
    platform.on_stop_signals(asyncio.get_running_loop(), stop)
    ends = {
        asyncio.create_task(worker.run()),
        asyncio.create_task(platform.lifeline()),
        asyncio.create_task(stop.wait()),
    }
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    await worker.stop()
    for task in done:
        error = task.exception()
        if isinstance(error, WorkerStopped):
            print(f"{config.name}: {error}", file=sys.stderr)  # noqa: T201
            return 1
        if error is not None and not isinstance(error, ChannelClosed):
            raise error
    return 0


def main() -> int:
    """Run until the engine lets go."""
    config = msgspec.json.decode(platform.read_config(), type=WorkerConfig)
    to_stderr(config.name)
    return asyncio.run(_main(config))


if __name__ == "__main__":
    sys.exit(main())
