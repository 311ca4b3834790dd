"""`python -m streaming.consumer NAME`: one consumer process of the lab."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from streaming import platform
from streaming.consumer.config import WorkerConfig
from streaming.consumer.ending import until_the_end
from streaming.consumer.worker import Worker, WorkerStopped
from streaming.lab.channel import Channel, decoder
from streaming.lab.messages import ToConsumer
from streaming.logs import to_stderr


async def _main(config: WorkerConfig) -> int:
    reader, writer = await platform.connect(config.engine)
    worker = Worker(config, Channel(reader, writer, decoder(ToConsumer)))
    error = await until_the_end(worker.run(), worker.stop())
    if isinstance(error, WorkerStopped):
        print(f"{config.name}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if error is not None:
        raise error
    return 0


def main() -> int:
    """Run until the engine lets go."""
    config = msgspec.json.decode(platform.read_config(), type=WorkerConfig)
    to_stderr(config.name)
    return asyncio.run(_main(config))


if __name__ == "__main__":
    sys.exit(main())
