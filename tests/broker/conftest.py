import pytest

from tests.broker.group_support import Clock
from tests.broker.support import BrokerProcess, Wire


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """One server for all tests that use topics and groups of their own and leave it alive."""
    broker = BrokerProcess(tmp_path_factory.mktemp("shared")).start()
    yield broker
    assert broker.stop() == 0


@pytest.fixture
def broker(tmp_path):
    """A server of the test's own, to be killed and started again."""
    own = BrokerProcess(tmp_path / "data").start()
    yield own
    own.stop()


@pytest.fixture
async def wire(shared):
    async with Wire(shared.port) as client:
        yield client


@pytest.fixture
async def clock():
    return Clock()


@pytest.fixture(scope="module")
def steered(tmp_path_factory):
    """A broker that takes orders to misbehave."""
    broker = BrokerProcess(tmp_path_factory.mktemp("steered"), "--control").start()
    yield broker
    assert broker.stop() == 0
