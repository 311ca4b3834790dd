"""What rebalances did, measured on a clock of our own."""

import pytest

from streaming.lab.consumer_snapshot import MoveView
from streaming.lab.journal import Journal
from streaming.lab.messages import Claim, ShardId
from streaming.lab.rebalances import KEPT, QUIET_S, Rebalances
from streaming.store.ledger import Ledger

SHARDS = tuple(ShardId("clicks", n) for n in range(6))


class Group:
    """Rebalances told of members as the engine does: first they, then the ledger."""

    def __init__(self, assignor="roundrobin"):
        self.journal, self.ledger = Journal([]), Ledger()
        self.rebalances = Rebalances(self.journal, wall_ms=lambda: 1_000, assignor=assignor)

    def claim(self, at, generation, **shards):
        for name, numbers in shards.items():
            part = tuple(SHARDS[n] for n in numbers)
            name = name.replace("_", "-")
            self.rebalances.claimed(name, Claim(generation, "m", part), at, self.ledger)
            self.ledger.claim(name, part)

    def lets_go(self, at, *names, shards=range(6)):
        going = {("clicks", n) for n in shards}
        for name in names:
            self.rebalances.letting_go(name, going, at, self.ledger)

    def gone(self, at, name):
        self.rebalances.gone(name, at, self.ledger)
        self.ledger.forget(name)

    def settle(self, at):
        self.rebalances.settle(at, self.ledger)
        return [row[4] for row in self.journal.take()]

    @property
    def newest(self):
        return self.rebalances.views(0.0, self.ledger)[0]


@pytest.fixture
def group():
    made = Group()
    made.claim(10.0, 1, c_0=[0, 1], c_1=[2, 3], c_2=[4, 5])
    assert made.settle(10.9) == []
    assert made.settle(11.0) == [
        "rebalance 1 stable after 0.0 s: c-0, c-1, c-2 came, 6 shards given to c-0, c-1, c-2"
    ]
    assert made.settle(12.0) == []
    return made


def test_a_killed_member_counts_from_its_end(group):
    group.gone(20.0, "c-2")
    assert group.settle(24.0) == []  # nobody has its shards yet
    under_way = group.rebalances.views(24.0, group.ledger)[0]
    assert (under_way.took_s, under_way.left, under_way.unowned_s) == (None, ("c-2",), 8.0)
    group.lets_go(25.0, "c-0", "c-1")
    group.claim(25.5, 2, c_0=[0, 1, 4])
    assert group.settle(27.5) == []  # c-1 is still joining
    group.claim(28.0, 2, c_1=[2, 3, 5])
    assert group.settle(28.5) == []
    assert group.settle(28.0 + QUIET_S) == [
        "rebalance 2 stable after 8.0 s: c-2 left, 2 shards moved to c-0, c-1"
    ]
    view = group.newest
    assert (view.generation, view.generations, view.took_s, view.began_at_ms) == (2, 1, 8.0, 1_000)
    assert view.moves == (MoveView("c-2", "c-0", 1), MoveView("c-2", "c-1", 1))
    # Shards 0 and 1 for 0.5 s, 4 for 5.5; 2 and 3 for 3, 5 for 8.
    assert view.unowned_s == pytest.approx(2 * 0.5 + 5.5 + 2 * 3.0 + 8.0)
    assert (view.moved, view.given) == (2, 0)
    assert (view.protocol, view.let_go) == ("eager", 4)  # all those of the living


def test_who_comes_takes_from_those_who_are_there(group):
    group.lets_go(20.0, "c-0", "c-1", "c-2")
    group.claim(21.0, 2, c_0=[0], c_1=[2, 3], c_2=[4, 5], c_3=[1])
    (line,) = group.settle(22.0)
    assert line == "rebalance 2 stable after 1.0 s: c-3 came, 1 shard moved to c-3"
    assert group.newest.moves == (MoveView("c-0", "c-3", 1),)
    assert group.newest.unowned_s == 6.0


def test_members_without_shards_come_and_leave_too(group):
    group.lets_go(20.0, "c-0", "c-1", "c-2")
    group.claim(21.0, 2, c_0=[0, 1], c_1=[2, 3], c_2=[4, 5], c_3=[])
    assert group.settle(22.0) == ["rebalance 2 stable after 1.0 s: c-3 came, no shard moved"]
    group.gone(30.0, "c-3")
    group.claim(31.0, 3, c_0=[0, 1], c_1=[2, 3], c_2=[4, 5])
    assert group.settle(32.0) == ["rebalance 3 stable after 1.0 s: c-3 left, no shard moved"]


def test_generations_that_follow_at_once_are_one_rebalance(group):
    group.lets_go(20.0, "c-0", "c-1", "c-2")
    group.claim(20.5, 2, c_0=[0, 1], c_1=[2, 3])
    group.gone(20.7, "c-2")
    group.lets_go(21.0, "c-0", "c-1")
    group.claim(22.0, 3, c_0=[0, 1, 4], c_1=[2, 3, 5])
    (line,) = group.settle(23.0)
    assert line == "rebalances 2 to 3 stable after 2.0 s: c-2 left, 2 shards moved to c-0, c-1"
    assert group.rebalances.count == 3 and group.newest.generations == 2


def test_one_that_is_back_at_once_left_and_came():
    group = Group()
    group.claim(1.0, 1, c_0=[0, 1])
    group.settle(2.0)
    group.gone(5.0, "c-0")
    assert group.settle(9.0) == []
    group.claim(10.0, 2, c_0=[0, 1])
    assert group.settle(11.0) == [
        "rebalance 2 stable after 5.0 s: c-0 left, c-0 came, no shard moved"
    ]
    assert group.newest.unowned_s == 10.0


def test_a_member_that_reads_again_is_no_rebalance(group):
    group.claim(20.0, 1, c_0=[0, 1])
    group.gone(20.0, "c-9")  # ended before it had joined
    group.lets_go(20.0, "c-8")
    assert group.settle(30.0) == [] and group.rebalances.count == 1
    assert len(group.rebalances.views(30.0, group.ledger)) == 1


def test_the_ledger_is_waited_for(group):
    group.rebalances.claimed("c-0", Claim(2, "m", SHARDS), 20.0, group.ledger)
    for name in ("c-1", "c-2"):
        group.rebalances.claimed(name, Claim(2, "m", ()), 20.0, group.ledger)
    assert group.settle(25.0) == []
    group.ledger.claim("c-0", SHARDS)
    assert group.settle(25.5) == ["rebalance 2 stable after 0.0 s: 4 shards moved to c-0"]


def test_only_the_last_are_kept(group):
    for n in range(KEPT + 5):
        group.claim(100.0 + 10 * n, 2 + n, c_0=[0, 1], c_1=[2, 3], c_2=[4, 5])
        group.settle(105.0 + 10 * n)
    numbers = [view.number for view in group.rebalances.views(0.0, group.ledger)]
    assert numbers == list(range(KEPT + 6, 6, -1))


def test_a_cooperative_group_counts_only_what_it_let_go_of():
    group = Group("cooperative-sticky")
    group.claim(10.0, 1, c_0=[0, 1, 2], c_1=[3, 4, 5])
    group.settle(11.0)
    # One more comes: in the first generation it gets nothing, in the second what was let go of.
    group.claim(20.0, 2, c_2=[])
    group.lets_go(20.0, "c-0", shards=[2])
    group.lets_go(20.0, "c-1", shards=[5])
    group.claim(20.1, 2, c_0=[0, 1], c_1=[3, 4])
    assert group.settle(25.0) == []  # nobody has 2 and 5 yet
    group.claim(26.0, 3, c_0=[0, 1], c_1=[3, 4], c_2=[2, 5])
    assert group.settle(27.0) == [
        "cooperative rebalances 2 to 3 stable after 6.0 s: c-2 came, 2 shards moved to c-2"
    ]
    view = group.newest
    assert (view.protocol, view.let_go, view.unowned_s) == ("cooperative", 2, pytest.approx(12.0))
    # One dies: what it had is given to the others, who let go of nothing.
    group.gone(30.0, "c-1")
    group.claim(36.0, 4, c_0=[0, 1, 3], c_2=[2, 4, 5])
    group.settle(37.0)
    view = group.newest
    assert (view.left, view.let_go, view.unowned_s) == (("c-1",), 0, pytest.approx(12.0))
