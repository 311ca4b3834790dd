"""Shares of a group: even, and with as few moves as can be."""

from hypothesis import given
from hypothesis import strategies as st

from streaming.consumer.sticky import Member, owners, share_out, this_time

T = frozenset({"t"})
PARTITIONS = [("t", n) for n in range(6)]


def parts(*numbers, topic="t"):
    return frozenset((topic, n) for n in numbers)


def shares(**wanted):
    return {name: set(parts(*numbers)) for name, numbers in wanted.items()}


def test_a_first_share_is_even_in_each_topic():
    both = frozenset({"a", "b"})
    members = {name: Member(both) for name in ("x", "y", "z")}
    got = share_out([(topic, n) for topic in "ab" for n in range(6)], members)
    for share in got.values():
        assert sorted(topic for topic, _ in share) == ["a", "a", "b", "b"]


def test_who_comes_gets_nothing_at_first_then_what_was_let_go_of():
    """KIP-429: two rebalances, and only what moves is not read between them."""
    members = {
        "a": Member(T, parts(0, 1, 2), 4),
        "b": Member(T, parts(3, 4, 5), 4),
        "c": Member(T),
    }
    target = share_out(PARTITIONS, members)
    assert target == shares(a=[0, 1], b=[3, 4], c=[2, 5])
    assert this_time(target, owners(PARTITIONS, members)) == shares(a=[0, 1], b=[3, 4], c=[])
    after = {
        "a": Member(T, parts(0, 1), 5),
        "b": Member(T, parts(3, 4), 5),
        "c": Member(T, frozenset(), 5),
    }
    assert this_time(share_out(PARTITIONS, after), owners(PARTITIONS, after)) == target


def test_what_a_dead_member_had_is_given_away_at_once():
    members = {"a": Member(T, parts(0, 1), 4), "c": Member(T, parts(2, 5), 4)}
    target = share_out(PARTITIONS, members)
    assert target == shares(a=[0, 1, 3], c=[2, 4, 5])
    assert this_time(target, owners(PARTITIONS, members)) == target


def test_nothing_moves_that_is_even_already():
    members = {"a": Member(T, parts(5, 0, 3), 2), "b": Member(T, parts(1, 2, 4), 2)}
    assert share_out(PARTITIONS, members) == shares(a=[0, 3, 5], b=[1, 2, 4])


def test_the_later_generation_is_right_and_the_same_one_is_nobody_s():
    members = {
        "a": Member(T, parts(0, 1, 2), 7),
        "b": Member(T, parts(2, 3), 8),
        "c": Member(T, parts(3, 4), 8),
    }
    got = owners(PARTITIONS, members)
    assert got == {("t", 0): "a", ("t", 1): "a", ("t", 2): "b", ("t", 4): "c"}


def test_what_does_not_exist_or_is_not_asked_for_is_nobody_s():
    members = {"a": Member(T, parts(0, 17) | parts(0, topic="u"), 1)}
    assert owners([*PARTITIONS, ("u", 0)], members) == {("t", 0): "a"}


def test_members_get_only_topics_that_they_want():
    members = {
        "a": Member(frozenset({"t", "u"}), parts(0, 1, 2, 3), 1),
        "b": Member(frozenset({"u"})),
    }
    got = share_out([*PARTITIONS[:4], ("u", 0), ("u", 1), ("v", 0)], members)
    assert got == {"a": set(parts(0, 1, 2, 3)), "b": {("u", 0), ("u", 1)}}


def test_a_group_of_nobody_has_nothing():
    assert share_out(PARTITIONS, {}) == {}


@st.composite
def groups(draw):
    """Members of one subscription, who have some of the partitions, none twice."""
    names = [f"m{n}" for n in range(draw(st.integers(1, 8)))]
    count = draw(st.integers(0, 40))
    owned = {name: set() for name in names}
    for number in range(count):
        who = draw(st.sampled_from([None, *names]))
        if who is not None:
            owned[who].add(("t", number))
    members = {name: Member(T, frozenset(owned[name]), 3) for name in names}
    return [("t", n) for n in range(count)], members


@given(groups())
def test_shares_are_whole_even_and_as_sticky_as_can_be(group):
    partitions, members = group
    got = share_out(partitions, members)
    assert sorted(part for share in got.values() for part in share) == partitions
    sizes = [len(share) for share in got.values()]
    assert max(sizes) - min(sizes) <= 1
    # Nobody can keep more than the larger share, and only so many can have that one.
    least, larger = divmod(len(partitions), len(members))
    had = [len(member.owned) for member in members.values()]
    most = sum(min(n, least) for n in had) + min(larger, sum(n > least for n in had))
    assert sum(len(got[name] & members[name].owned) for name in members) == most


@given(groups(), st.randoms())
def test_a_group_comes_to_its_shares_in_two_rebalances(group, chance):
    partitions, members = group
    first = this_time(share_out(partitions, members), owners(partitions, members))
    for name, share in first.items():
        others = {part for other in members if other != name for part in members[other].owned}
        assert not share & others
    again = [(name, Member(T, frozenset(share), 4)) for name, share in first.items()]
    chance.shuffle(again)
    second = share_out(partitions, dict(again))
    assert this_time(second, owners(partitions, dict(again))) == second
    for name, share in first.items():
        assert share <= second[name]
