"""Queries that are ready to run: what one asks a streaming lab's store again and again."""

from __future__ import annotations

from typing import Final, NamedTuple


class ReadyQuery(NamedTuple):
    """A query, what it is called, and what its answer means."""

    name: str
    text: str
    sql: str


READY: Final = (
    ReadyQuery(
        "Throughput by minute",
        "Records of each stream a minute of event time, from the windows of 10 s. The newest "
        "minutes are not whole yet.",
        """\
SELECT date_trunc('minute', start_at) AS minute, stream, sum(n) AS records,
       round(sum(n) / 60, 1) AS per_second, bool_and(is_final) AS final
FROM windows
WHERE size_s = 10 AND dim = 'all'
GROUP BY ALL ORDER BY minute DESC, stream""",
    ),
    ReadyQuery(
        "Hottest keys of each shard",
        "The five customers, and the country they order from, that bring most orders to a shard.",
        """\
SELECT shard, customer_id, any_value(country) AS country, count(*) AS orders,
       round(100 * count(*) / sum(count(*)) OVER (PARTITION BY shard), 2) AS percent
FROM events_orders
GROUP BY shard, customer_id
QUALIFY row_number() OVER (PARTITION BY shard ORDER BY count(*) DESC, customer_id) <= 5
ORDER BY shard, orders DESC, customer_id""",
    ),
    ReadyQuery(
        "Shards: progress and balance",
        "How much of each stream a shard has carried, and how far the store is behind what the "
        "producer has had acknowledged.",
        """\
SELECT stream, shard, records,
       round(100 * records / nullif(sum(records) OVER (PARTITION BY stream), 0), 1) AS percent,
       greatest(acked_end - next_offset, 0) AS behind,
       make_timestamp_ms(watermark_ms) AS watermark
FROM offsets ORDER BY stream, shard""",
    ),
    ReadyQuery(
        "Windows that are not final",
        "Windows of 10 s that the watermark has not passed yet, and how far it is from doing so.",
        """\
SELECT w.stream, w.start_at, w.n, make_timestamp_ms(m.watermark_ms) AS watermark,
       w.start_at + to_seconds(w.size_s) - make_timestamp_ms(m.watermark_ms) AS until_end
FROM windows w LEFT JOIN watermarks m USING (stream)
WHERE NOT w.is_final AND w.size_s = 10 AND w.dim = 'all'
ORDER BY w.start_at, w.stream""",
    ),
    ReadyQuery(
        "Records that came too late",
        "Records that came after their window was final, by shard: how many, and by how much the "
        "watermark had passed them.",
        """\
SELECT stream, shard, count(*) AS late, min(event_at) AS first_event, max(event_at) AS last_event,
       max(watermark_at - event_at) AS furthest_behind
FROM late_events GROUP BY stream, shard ORDER BY late DESC, stream, shard""",
    ),
    ReadyQuery(
        "Dead letters by reason",
        "Records that are no event: why, how many, and the newest one's words.",
        """\
SELECT stream, reason, count(*) AS records, count(DISTINCT shard) AS shards,
       max(stored_at) AS newest, arg_max(detail, stored_at) AS detail
FROM dead_letters GROUP BY stream, reason ORDER BY records DESC, stream, reason""",
    ),
    ReadyQuery(
        "Alarms: what changed, and why",
        "Every change of an alarm's state with its reason, the newest first; how long the state "
        "before had lasted.",
        """\
SELECT happened_at, alarm, key, before, after, value,
       happened_at - lag(happened_at) OVER (PARTITION BY alarm, key ORDER BY happened_at)
           AS lasted,
       reason
FROM alarm_history ORDER BY happened_at DESC, alarm, key""",
    ),
    ReadyQuery(
        "Anomalies, and why",
        "Windows that a detector found odd (grade above 0), the oddest first.",
        """\
SELECT detector, key, window_end, round(grade, 3) AS grade, feature, value,
       round(expected_low, 1) AS low, round(expected_high, 1) AS high, reason
FROM anomaly WHERE grade > 0 ORDER BY grade DESC, window_end DESC""",
    ),
    ReadyQuery(
        "Epochs: before and after",
        "What each plan of a stream did to its load and order: the key, the shards and what was "
        "measured once it had ended.",
        """\
WITH told AS (
    SELECT *, CAST(measured -> '$.counts' AS BIGINT[]) AS counts FROM epochs
)
SELECT stream, epoch, began_at, ended_at, key, shards, why, inversions,
       CAST(measured ->> '$.records' AS BIGINT) AS records,
       round(list_max(counts) / nullif(list_avg(counts), 0), 2) AS max_over_mean,
       CAST(measured ->> '$.distinct_keys' AS DOUBLE) AS distinct_keys,
       CAST(measured ->> '$.hottest_load' AS DOUBLE) AS hottest_load,
       CAST(measured ->> '$.throttled' AS BIGINT) AS throttled
FROM told ORDER BY stream, epoch""",
    ),
    ReadyQuery(
        "Revenue by category",
        "Paid orders: their number, what they brought, and the part of it.",
        """\
SELECT category, count(*) AS orders, sum(total_cents) / 100 AS revenue,
       round(100 * sum(total_cents) / sum(sum(total_cents)) OVER (), 1) AS percent,
       round(avg(total_cents) / 100, 2) AS basket
FROM events_orders WHERE type = 'paid'
GROUP BY category ORDER BY revenue DESC""",
    ),
    ReadyQuery(
        "Slowest countries",
        "Load times of pages (ms) by country, over the last final minute of the clicks.",
        """\
SELECT key AS country, n AS clicks, p50, p90, p99, highest, distinct_customers
FROM windows
WHERE stream = 'clicks' AND size_s = 60 AND dim = 'country'
  AND start_at = (SELECT max(start_at) FROM windows
                  WHERE stream = 'clicks' AND size_s = 60 AND is_final)
ORDER BY p99 DESC, n DESC""",
    ),
    ReadyQuery(
        "What happened",
        "The lab's journal, the newest first.",
        """\
SELECT happened_at, level, kind, text FROM journal ORDER BY seq DESC""",
    ),
)
