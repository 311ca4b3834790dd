"""A member of a cooperative group: it goes on reading all that it keeps (KIP-429).

aiokafka speaks the group's requests but knows eager groups only, whose members let go of
everything before each rebalance. Here is what a cooperative one does instead: it joins with what it
has, lets go of what the answer takes from it and joins once more, so that others may have that.
It is Kafka's own `cooperative-sticky`: Java and librdkafka clients can be members of the same
group. This builds on aiokafka's private parts; its version is pinned.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Collection, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocol, ConsumerProtocolMemberAssignment

from streaming.consumer import subscription
from streaming.consumer.sticky import NO_GENERATION, Member, owners, share_out, this_time

log: Final = logging.getLogger(__name__)

COOPERATIVE_STICKY: Final = "cooperative-sticky"
"""The name by which all clients know this way of sharing."""


class CooperativeConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """An `AIOKafkaConsumer` whose group is cooperative.

    Its listener hears of what is taken away and of what is new, never of what stays.
    `on_partitions_assigned` comes after every rebalance, with an empty set when nothing is new.
    """

    async def start(self) -> None:
        """Connect, as a cooperative member-to-be. Raises KafkaError."""
        await super().start()
        await self._coordinator.close()  # an eager one, that has not joined anything yet
        self._coordinator: GroupCoordinator = CooperativeCoordinator(
            self._client,
            self._subscription,
            group_id=self._group_id,
            heartbeat_interval_ms=self._heartbeat_interval_ms,
            session_timeout_ms=self._session_timeout_ms,
            retry_backoff_ms=self._retry_backoff_ms,
            enable_auto_commit=False,
            max_poll_interval_ms=self._max_poll_interval_ms,
            rebalance_timeout_ms=self._rebalance_timeout_ms,
        )


class _Assignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """What a member says as it joins; `member` is set before each time."""

    name = COOPERATIVE_STICKY

    def __init__(self) -> None:
        self.member = Member(frozenset())

    def metadata(self, topics: Iterable[str]) -> bytes:
        """Topics, partitions and generation."""
        return subscription.encode(self.member)

    def assign(self, cluster: Any, members: Any) -> Any:
        """Not used: see `CooperativeCoordinator._perform_assignment`, which has all they said."""
        raise NotImplementedError

    def on_assignment(self, assignment: Any) -> None:
        """Keep nothing: the subscription knows what the member has."""


class CooperativeCoordinator(GroupCoordinator):  # type: ignore[misc]
    """The member's side of its group."""

    _group_subscription: set[str] | None

    def __init__(self, client: Any, subscriptions: Any, **options: Any) -> None:
        self._own = _Assignor()
        super().__init__(client, subscriptions, assignors=(self._own,), **options)

    @property
    def _owned(self) -> frozenset[TopicPartition]:
        return frozenset(self._subscription.assigned_partitions())

    async def _on_join_prepare(self, previous_assignment: Any) -> None:
        """Nothing is let go of: reading goes on."""
        self._group_subscription = None

    async def _do_rejoin_group(self, subscribed: Any) -> bool:
        if self.generation == NO_GENERATION and self._owned:
            # The group went on without this member, and others may have its partitions by now.
            await self._tell("on_partitions_revoked", self._owned)
            self._assign(frozenset())
        owned = frozenset((tp.topic, tp.partition) for tp in self._owned)
        self._own.member = Member(frozenset(subscribed.topics), owned, self.generation)
        # A commit that waits behind the join on the same connection would come with the generation
        # before: the coordinator answers that by throwing the member out of the group.
        async with self._commit_lock:
            return bool(await super()._do_rejoin_group(subscribed))

    async def _perform_assignment(self, response: Any) -> dict[str, bytes]:
        """As the group's leader: say who has what from now on."""
        # The last field is what a member said; between it and the id newer versions have more.
        members = {said[0]: subscription.decode(said[-1]) for said in response.members}
        topics = {topic for member in members.values() for topic in member.topics}
        self._group_subscription = topics
        self._client.set_topics(topics)
        await self._client._maybe_wait_metadata()
        partitions = [
            (topic, number)
            for topic in topics
            for number in self._cluster.partitions_for_topic(topic) or ()
        ]
        shares = this_time(share_out(partitions, members), owners(partitions, members))
        self._metadata_snapshot = self._get_metadata_snapshot()
        return {
            name: ConsumerProtocolMemberAssignment(0, subscription.by_topic(share), b"").encode()
            for name, share in shares.items()
        }

    async def _on_join_complete(
        self, generation: int, member_id: str, protocol: str, member_assignment_bytes: bytes
    ) -> None:
        # What follows may take its time, and the member is in its group.
        self._start_heartbeat_task()
        answer = ConsumerProtocol.ASSIGNMENT.decode(member_assignment_bytes)
        given, owned = frozenset(answer.partitions()), self._owned
        taken = owned - given
        log.info("generation %d: %d partitions, %d taken away", generation, len(given), len(taken))
        if taken:
            await self._tell("on_partitions_revoked", taken)
        self._assign(given)
        await self._stop_commit_offsets_refresh_task()
        self.start_commit_offsets_refresh_task(self._subscription.subscription.assignment)
        await self._tell("on_partitions_assigned", given - owned)
        if taken:
            self.request_rejoin()  # they are free now: others may have them

    def _assign(self, partitions: Collection[TopicPartition]) -> None:
        """Have these from now on; what was had before stays as it was: position, pause and all."""
        before = self._subscription.subscription.assignment
        self._subscription.assign_from_subscribed(set(partitions))
        now = self._subscription.subscription.assignment
        for tp in partitions:
            state = None if before is None else before.state_value(tp)
            if state is not None:
                state._assignment = now
                now._tp_state[tp] = state

    async def _tell(self, what: str, partitions: Collection[TopicPartition]) -> None:
        listener = self._subscription.listener
        if listener is None:
            return
        try:
            done = getattr(listener, what)(set(partitions))
            if inspect.isawaitable(done):
                await done
        except Exception:
            log.exception("the listener failed in %s", what)
