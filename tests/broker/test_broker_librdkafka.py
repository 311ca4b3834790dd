"""What a client that shares no code with aiokafka is told when it asks for transactions."""

import confluent_kafka
import pytest

from tests.broker.support import DEADLINE_S, unique


def test_librdkafka_refuses_transactions_at_once(shared):
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": shared.bootstrap, "transactional.id": unique("tx")}
    )
    with pytest.raises(confluent_kafka.KafkaException):
        producer.init_transactions(DEADLINE_S)
