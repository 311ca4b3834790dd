import pytest

from tests.conformance.support import NodeWire, first_port


@pytest.fixture
async def wire(kafka):
    """A raw client of one node of the broker under test; see `NodeWire`."""
    async with NodeWire(first_port(kafka)) as client:
        yield client
