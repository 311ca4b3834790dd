"""A member of a cooperative group under test, with all that its listener was told."""

from aiokafka import ConsumerRebalanceListener, TopicPartition

from streaming.consumer.cooperative import CooperativeConsumer
from tests.broker.support import until


class Member(ConsumerRebalanceListener):
    """Reads one topic; `told` are the listener's calls with the numbers of their partitions."""

    def __init__(self, kafka, group, topic, *, rebalance_ms=20_000):
        self.topic = topic
        self.told = []
        self.values = []
        self.consumer = CooperativeConsumer(
            bootstrap_servers=kafka.bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=100,
            rebalance_timeout_ms=rebalance_ms,
            retry_backoff_ms=50,
            fetch_max_wait_ms=100,
        )

    async def __aenter__(self):
        await self.consumer.start()
        self.consumer.subscribe([self.topic], listener=self)
        return self

    async def __aexit__(self, *_):
        await self.consumer.stop()

    async def on_partitions_revoked(self, revoked):
        self.told.append(("revoked", sorted(tp.partition for tp in revoked)))

    async def on_partitions_assigned(self, assigned):
        self.told.append(("assigned", sorted(tp.partition for tp in assigned)))

    @property
    def has(self):
        return sorted(tp.partition for tp in self.consumer.assignment())

    @property
    def generation(self):
        return self.consumer._coordinator.generation

    def position(self, partition):
        state = self.consumer._subscription.subscription.assignment.state_value(
            TopicPartition(self.topic, partition)
        )
        return state.position if state.has_valid_position else None

    @property
    def revoked(self):
        """Every partition that was taken away, in the order it was."""
        return [part for what, parts in self.told if what == "revoked" for part in parts]

    async def settles(self, *counts):
        """Wait until it has so many partitions, reading meanwhile."""

        async def so_many():
            await self.read()
            return len(self.has) in counts

        await until(so_many)

    async def read(self):
        """Keep what there is to read at once: (partition, value)."""
        for tp, records in (await self.consumer.getmany(timeout_ms=50)).items():
            self.values += [(tp.partition, record.value) for record in records]
