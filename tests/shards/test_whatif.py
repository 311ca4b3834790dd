"""Strategies tried out on a sample: against the router at work, and against plain arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from generators.shop import Shop, ShopConfig
from generators.wire import Event
from streaming.shards.hash_keys import even_starts, hash_key
from streaming.shards.keys import REGISTRY, parse, shop
from streaming.shards.limits import shard_limits
from streaming.shards.plan import StreamPlan, View
from streaming.shards.report import render
from streaming.shards.routing import router
from streaming.shards.sample import BadSample, Sample, read_lines
from streaming.shards.whatif import LeftOut, Question, Row, compare

KINESIS: View = "kinesis"
MSK: View = "msk"


def msk(key: str, shards: int) -> StreamPlan:
    return StreamPlan(stream="clicks", epoch=1, key=key, view="msk", shards=shards)


@pytest.fixture(scope="module")
def made() -> list[tuple[Event, bytes]]:
    shop_ = Shop(ShopConfig(seed=7, rate=5000, shape="constant", streams=("orders",)), 0)
    found: list[tuple[Event, bytes]] = []
    while len(found) < 3000:
        found += [(r.event, r.value) for r in shop_.tick() if r.event is not None]
    return found


@pytest.fixture(scope="module")
def sample(made: list[tuple[Event, bytes]]) -> Sample:
    return read_lines(value + b"\n" for _, value in made)


def ask(
    sample: Sample, key: str, view: View = KINESIS, shards: Sequence[int] = (4,), rate: float = 1000
) -> Row:
    question = Question(view, tuple(shards), rate, shard_limits())
    rows, left_out = compare(sample, [parse(key)], question)
    assert not left_out
    return rows[0]


@pytest.mark.parametrize("key", [k for k in REGISTRY if shop(k).ordered or "calc" in k])
def test_kafka_s_view_predicts_where_the_lab_would_send_each_record(
    key: str, made: list[tuple[Event, bytes]], sample: Sample
) -> None:
    route = router(msk(key, 8), seed=1)
    real = Counter(route(event, "", len(value))[0] for event, value in made)
    row = ask(sample, key, MSK, (8,))
    assert row.hottest_share == pytest.approx(max(real.values()) / len(made))
    assert row.max_over_mean == pytest.approx(8 * row.hottest_share)


def test_kinesis_view_routes_by_hash_ranges(
    made: list[tuple[Event, bytes]], sample: Sample
) -> None:
    starts = even_starts(4)
    real = Counter(
        max(n for n, start in enumerate(starts) if start <= hash_key(event.country))
        for event, _ in made
    )
    row = ask(sample, "country")
    assert row.hottest_share == pytest.approx(max(real.values()) / len(made))
    assert row.distinct_keys == len({event.country for event, _ in made})


def test_a_constant_key_fills_one_shard(sample: Sample) -> None:
    row = ask(sample, "constant", rate=5000)
    assert (row.max_over_mean, row.hottest_share, row.distinct_keys) == (4, 1, 1)
    assert row.jain == pytest.approx(0.25) and row.gini == pytest.approx(0.75)
    assert row.throttled_share == pytest.approx(0.8)  # 1,000 of 5,000 records a second get in


def test_bytes_throttle_too() -> None:
    lines = [b'{"k":"%d","x":"%s"}' % (n, b"x" * 20_000) for n in range(100)]
    row = ask(read_lines(lines), "constant", rate=100)
    assert row.throttled_share == pytest.approx(1 - 1_048_576 / (100 * len(lines[10])), abs=0.01)
    assert ask(read_lines(lines), "constant", MSK, rate=100).throttled_share == 0


def test_course_numbers_are_tighter_in_bytes_than_todays() -> None:
    assert shard_limits("course").bytes_in_per_s == 1_000_000
    assert shard_limits("today").bytes_in_per_s == 1_048_576
    assert shard_limits("course").records_in_per_s == shard_limits("today").records_in_per_s == 1000


def test_salts_and_choices_even_out_a_hot_key() -> None:
    lines = [b'{"id":"e%d","k":"%s"}' % (n, b"hot" if n % 2 else b"%d" % n) for n in range(4000)]
    sample = read_lines(lines)
    hot = ask(sample, "k", shards=(8,)).max_over_mean
    assert hot > 4
    for cure in ("k+salt16", "k+salt16calc", "k+salt16hot", "k+choose2"):
        assert ask(sample, cure, shards=(8,)).max_over_mean < hot * 0.7
    assert ask(sample, "k+salt16").distinct_keys > ask(sample, "k").distinct_keys
    only_hot = ask(sample, "k+salt16hot").distinct_keys
    assert only_hot < ask(sample, "k").distinct_keys + 20 * 16


def test_fields_of_other_people_s_events(sample: Sample) -> None:
    lines = [b'{"user":%d,"plan":"a","deep":{"x":1},"none":null}\n' % n for n in range(50)] + [b""]
    theirs = read_lines(lines)
    assert ask(theirs, "user").distinct_keys == 50
    assert ask(theirs, "{plan}/{user}").distinct_keys == 50
    rows, left_out = compare(
        theirs,
        [parse(key) for key in ("country", "deep", "none_", "plan")],
        Question(KINESIS, (4,), 10, shard_limits()),
    )
    assert [row.key for row in rows] == ["plan"]
    assert [item.key for item in left_out] == ["country", "deep", "none_"]
    assert "an object" in left_out[1].why


def test_a_field_that_some_records_lack_is_left_out_with_their_number() -> None:
    theirs = read_lines([b'{"a":"1","b":"2"}', b'{"a":"1"}', b'{"a":"1"}'])
    _, left_out = compare(theirs, [parse("b")], Question(KINESIS, (4,), 10, shard_limits()))
    assert left_out[0].why == "2 of 3 records lack the field b"


def test_keys_that_kinesis_refuses_are_left_out_and_kafka_s_view_takes_them() -> None:
    for key, says in ((b"", "empty"), (b"x" * 257, "257 characters")):
        theirs = read_lines([b'{"k":"%s"}' % key, b'{"k":"a"}'])
        _, left_out = compare(theirs, [parse("k")], Question(KINESIS, (4,), 10, shard_limits()))
        assert says in left_out[0].why
        assert ask(theirs, "k", MSK).distinct_keys == 2
    fits = read_lines([b'{"k":"%s"}' % (b"x" * 256)])
    assert ask(fits, "k").distinct_keys == 1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "no record"),
        ([b"\n", b"  \n"], "no record"),
        ([b'{"a":1}', b"{"], "line 2 is not JSON"),
        ([b"", b"[1]"], "line 2 is JSON but not an object"),
        ([b'{"a":"\xff"}'], "line 1 is not UTF-8"),
        ([b"[" * 100_000], "line 1 is not JSON"),
    ],
)
def test_lines_that_are_no_events_say_which_and_why(lines: list[bytes], says: str) -> None:
    with pytest.raises(BadSample, match=says):
        read_lines(lines)


def test_only_the_last_lines_count() -> None:
    theirs = read_lines((b'{"a":"%d"}' % n for n in range(100)), limit=10)
    assert len(theirs) == 10
    assert ask(theirs, "a").distinct_keys == 10


@pytest.mark.parametrize("starts", [(), (0, 2**126, 2**126 + 2**125, 2**127)])
def test_explicit_hash_keys_are_spread_by_the_width_of_the_ranges(
    made: list[tuple[Event, bytes]], sample: Sample, starts: tuple[int, ...]
) -> None:
    question = Question(KINESIS, (4,), 1000, shard_limits(), starts=starts)
    (row,), left_out = compare(sample, [shop("customer_id+spread")], question)
    widest = 0.5 if starts else 0.25
    assert not left_out and row.hottest_share == pytest.approx(widest, abs=0.002)
    assert row.distinct_keys == len({event.customer_id for event, _ in made})
    assert row.order_kept.startswith("nothing")


def test_a_constant_key_may_be_spread_too(sample: Sample) -> None:
    row = ask(sample, "constant+spread", shards=(10,), rate=9_000)
    assert row.max_over_mean < 1.02 and row.throttled_share == 0 and row.distinct_keys == 1


def test_kafka_has_no_explicit_hash_keys(sample: Sample) -> None:
    question = Question(MSK, (4,), 1000, shard_limits())
    rows, left_out = compare(sample, [shop("customer_id+spread")], question)
    assert not rows and "of Kinesis alone" in left_out[0].why


def test_the_table_gives_up_columns_and_then_the_end_of_the_last(sample: Sample) -> None:
    question = Question(MSK, (4,), 1000, shard_limits())
    rows, left_out = compare(sample, [shop(key) for key in REGISTRY], question)
    wide = render(rows, left_out, sample, question).splitlines()
    assert wide[1].split()[:6] == ["key", "shards", "max/mean", "CV", "Gini", "Jain"]
    assert any(line.endswith("of keys that are not among the heaviest") for line in wide)
    narrow = render(rows, left_out, sample, question, 80).splitlines()
    assert max(map(len, narrow)) <= 80
    assert "Gini" not in narrow[1] and narrow[1].endswith("order kept")
    assert any(line.endswith("…") for line in narrow)
    assert len(narrow) == len(wide) == len(REGISTRY) + 2
    why = [LeftOut("product_id", "some keys are empty; Kinesis wants 1 to 256 characters")]
    told = render([], why, sample, question, 40).splitlines()
    assert max(map(len, told)) <= 40
    assert told[-3].startswith("left out: product_id: some keys") and told[-1][:2] == "  "
