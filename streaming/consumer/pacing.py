"""Reads shards as often as their limits allow (kinesis view), and no more often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition

from streaming.lab.messages import ReadRule
from streaming.shards.limiter import ReadLimiter
from streaming.shards.limits import shard_limits


class Pacing:
    """When each shard may be read again. `now` is in seconds of any clock."""

    def __init__(self, topics: Mapping[str, str]) -> None:
        self._topics = topics
        self._rules: dict[str, ReadRule] = {}
        self._limiters: dict[TopicPartition, ReadLimiter] = {}

    def follow(self, rules: Iterable[ReadRule]) -> None:
        """Go by these rules from now on; a stream without one is read at will."""
        after = {self._topics[rule.stream]: rule for rule in rules if rule.numbers != "off"}
        if after != self._rules:
            self._rules = after
            self._limiters.clear()

    def ready(self, tp: TopicPartition, now: float) -> bool:
        """Whether this shard may be read now."""
        limiter = self._limiter(tp, now)
        return limiter is None or limiter.wait_s(now) <= 0

    def took(self, tp: TopicPartition, size: int, now: float) -> None:
        """Count a read of so many bytes."""
        limiter = self._limiter(tp, now)
        if limiter is not None:
            limiter.took(size, now)

    def wait_s(self, now: float) -> float:
        """Seconds until a shard that has to wait may be read, at most 1; 1 when none has to."""
        waits = (limiter.wait_s(now) for limiter in self._limiters.values())
        return min((wait for wait in waits if wait > 0), default=1.0)

    def _limiter(self, tp: TopicPartition, now: float) -> ReadLimiter | None:
        rule = self._rules.get(tp.topic)
        if rule is None or rule.numbers == "off":
            return None
        found = self._limiters.get(tp)
        if found is None:
            limits = shard_limits(rule.numbers)
            found = ReadLimiter(limits, now, rule.readers, fan_out=rule.fan_out)
            self._limiters[tp] = found
        return found
