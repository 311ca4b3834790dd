import contextlib

import pytest

from tests.conformance.group_wire import WireMember
from tests.conformance.support import NodeWire, first_port


@pytest.fixture
async def wire(kafka):
    """A raw client of one node of the broker under test; see `NodeWire`."""
    async with NodeWire(first_port(kafka)) as client:
        yield client


@pytest.fixture
async def new_member(wire):
    """Makes members of one group, each with a connection of its own."""
    async with contextlib.AsyncExitStack() as stack:
        group = await wire.group()

        async def make(**settings):
            connection = await stack.enter_async_context(wire.again())
            return WireMember(connection, settings.pop("group", group), **settings)

        make.group = group
        yield make
