"""A clock that tests turn, and a member's side of the group protocol."""

import asyncio
import heapq
import itertools

import pytest

from streaming.broker.embedded.errors import ApiError
from streaming.broker.embedded.member import Joiner


class Clock:
    """Time that passes when the test says so."""

    def __init__(self):
        self.now = 1000.0
        self.calls = []
        self.order = itertools.count()

    def time(self):
        return self.now

    def call_later(self, delay, callback, *args):
        call = [self.now + delay, next(self.order), callback, args]
        heapq.heappush(self.calls, call)
        return Timer(call)

    def advance(self, seconds):
        end = self.now + seconds
        while self.calls and self.calls[0][0] <= end:
            when, _, callback, args = heapq.heappop(self.calls)
            self.now = max(self.now, when)
            if callback is not None:
                callback(*args)
        self.now = end


class Timer:
    def __init__(self, call):
        self.call = call

    def cancel(self):
        self.call[2] = None


class Client:
    """A member's side of the protocol."""

    def __init__(self, group, name, *, instance=None, session=10.0, rebalance=30.0, topics=b"t"):
        self.group, self.name = group, name
        self.id, self.generation, self.leader = "", -1, ""
        self.session, self.rebalance = session, rebalance
        self.instance, self.topics = instance, topics
        self.protocols = {"range": topics, "roundrobin": topics}
        self.joining = self.syncing = None

    def join(self, *, id_required=True):
        joiner = Joiner(
            client_id=self.name,
            host="h",
            instance_id=self.instance,
            session_timeout=self.session,
            rebalance_timeout=self.rebalance,
            protocol_type="consumer",
            protocols=self.protocols,
        )
        self.joining = asyncio.get_running_loop().create_future()
        self.group.join(self.id, joiner, self.joining, id_required=id_required)
        if self.joining.done() and self.joining.result().error_code == 79:
            self.id = self.joining.result().member_id
            return self.join()
        return self.take()

    def take(self):
        """The answer to JoinGroup, when there is one."""
        if not self.joining.done():
            return None
        answer = self.joining.result()
        if answer.error_code == 0:
            self.id, self.generation = answer.member_id, answer.generation_id
            self.leader = answer.leader
        return answer

    def sync(self, assignments=None):
        self.syncing = asyncio.get_running_loop().create_future()
        self.group.sync(self.id, self.instance, self.generation, assignments or {}, self.syncing)
        return self.syncing.result() if self.syncing.done() else None

    def beat(self):
        self.group.heartbeat(self.id, self.instance, self.generation)

    def leave(self):
        self.group.leave(self.id, None)


def code(call, *args, **kwargs):
    with pytest.raises(ApiError) as refused:
        call(*args, **kwargs)
    return refused.value.code


def settle(*clients):
    """Let all clients that wait or were told to join again do so, and the leader assign."""
    idle = [client for client in clients if client.joining is None or client.joining.done()]
    for client in idle:
        client.join()
    for client in clients:
        assert client.take() is not None, "the join phase did not end"
    leader = next(client for client in clients if client.leader == client.id)
    for client in clients:
        if client is not leader:
            client.sync()
    leader.sync({client.id: client.name.encode() for client in clients})
    for client in clients:
        assert client.syncing.result().assignment == client.name.encode()
