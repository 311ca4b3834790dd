import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from tests.broker.support import DEADLINE_S, unique


@pytest.fixture
def admin(kafka):
    return AdminClient({"bootstrap.servers": kafka.bootstrap})


@pytest.fixture
def topic(kafka, admin):
    """A new topic of three partitions, on each replica the broker has."""
    name = unique("foreign")
    admin.create_topics([NewTopic(name, 3, kafka.replication)])[name].result(DEADLINE_S)
    yield name
    admin.delete_topics([name])[name].result(DEADLINE_S)
