"""What the engine remembers of having told a consumer to read less."""

from typing import Any

from streaming.lab.channel import ChannelClosed
from streaming.lab.live_consumer import LiveConsumer
from streaming.lab.messages import Pace


class FakeChannel:
    def __init__(self, *, closed: bool = False) -> None:
        self.sent: list[Any] = []
        self.closed = closed

    async def send(self, message: Any) -> None:
        if self.closed:
            raise ChannelClosed("gone")
        self.sent.append(message)


async def test_one_that_stands_still_on_purpose_is_not_stuck():
    channel: Any = FakeChannel()
    live = LiveConsumer(channel)
    assert not live.braked(1e9, 50.0)
    live.state = "running"
    for pace, state in ((Pace(paused=True, per_s=5.0), "paused"), (Pace(per_s=5.0), "slowed")):
        assert await live.follow(pace) and live.shown_state == state
        assert live.braked(1e9, 50.0)
    await live.follow(Pace())
    # Just let go, it has had no time to move; long after that there is no excuse.
    assert live.shown_state == "running" and live.braked(live._braked_at + 49.0, 50.0)
    assert not live.braked(live._braked_at + 51.0, 50.0)
    assert len(channel.sent) == 3


async def test_one_that_is_gone_is_not_said_to_be_paused():
    gone: Any = FakeChannel(closed=True)
    live = LiveConsumer(gone)
    assert not await live.follow(Pace(paused=True)) and live.pace == Pace()
