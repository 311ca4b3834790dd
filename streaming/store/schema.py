"""The store's tables. One writer (the engine) owns the file; everybody else reads a copy.

Times are UTC. Offsets and everything derived from a record move in the same transaction, so the
file alone says what has been counted (see docs/architecture.md, invariant 1). No secondary
indexes and no foreign keys: a primary key only where rows are replaced.
"""

from __future__ import annotations

from typing import Final

from streaming.store.analysis_schema import ANALYSIS

SCHEMA_VERSION: Final = 2

META: Final = """
CREATE TABLE IF NOT EXISTS meta (
    name VARCHAR PRIMARY KEY,
    value VARCHAR NOT NULL
);
"""

TABLES: Final = (
    META
    + ANALYSIS
    + """
-- Progress per shard. next_offset: first offset not yet in the store. acked_end: one past the last
-- offset the producer saw acknowledged. watermark_ms: highest event time seen, NULL before any.
CREATE TABLE IF NOT EXISTS offsets (
    stream VARCHAR NOT NULL,
    shard INTEGER NOT NULL,
    next_offset BIGINT NOT NULL,
    acked_end BIGINT NOT NULL,
    watermark_ms BIGINT,
    records BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (stream, shard)
);
-- Per stream: windows whose end + allowed lateness is at or before this are final.
CREATE TABLE IF NOT EXISTS watermarks (
    stream VARCHAR PRIMARY KEY,
    watermark_ms BIGINT NOT NULL
);
-- One row per window size x dimension x key x window start. The value that total, lowest, highest
-- and the quantiles speak of is the stream's measure (clicks: load_ms; orders: total_cents;
-- access: size in bytes). distinct_customers and the quantiles come from the sketches beside them.
CREATE TABLE IF NOT EXISTS windows (
    stream VARCHAR NOT NULL,
    size_s INTEGER NOT NULL,
    start_at TIMESTAMP NOT NULL,
    dim VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    n BIGINT NOT NULL,
    total BIGINT NOT NULL,
    lowest BIGINT NOT NULL,
    highest BIGINT NOT NULL,
    distinct_customers DOUBLE NOT NULL,
    p50 DOUBLE NOT NULL,
    p90 DOUBLE NOT NULL,
    p99 DOUBLE NOT NULL,
    is_final BOOLEAN NOT NULL,
    hll BLOB NOT NULL,
    buckets BLOB NOT NULL,
    PRIMARY KEY (stream, size_s, start_at, dim, key)
);
-- Records that came after their window was final. watermark_at: what made them late. Here and
-- below, sub numbers the records of an aggregate, which share an offset; it is 0 otherwise.
CREATE TABLE IF NOT EXISTS late_events (
    stream VARCHAR NOT NULL,
    shard INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    event_at TIMESTAMP NOT NULL,
    watermark_at TIMESTAMP NOT NULL,
    type VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    country VARCHAR NOT NULL,
    customer_id VARCHAR NOT NULL,
    value BIGINT NOT NULL,
    sub INTEGER DEFAULT 0
);
-- Records that are no events: kept with their bytes (at most 64 KiB; size is the true length).
CREATE TABLE IF NOT EXISTS dead_letters (
    stream VARCHAR NOT NULL,
    shard INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    key BLOB,
    value BLOB,
    size BIGINT NOT NULL,
    stored_at TIMESTAMP NOT NULL,
    sub INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS events_orders (
    event_id VARCHAR NOT NULL,
    event_at TIMESTAMP NOT NULL,
    shard INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    type VARCHAR NOT NULL,
    order_id VARCHAR NOT NULL,
    checkout_id VARCHAR NOT NULL,
    customer_id VARCHAR NOT NULL,
    session_id VARCHAR NOT NULL,
    product_id VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    country VARCHAR NOT NULL,
    city VARCHAR NOT NULL,
    device VARCHAR NOT NULL,
    campaign VARCHAR NOT NULL,
    payment VARCHAR NOT NULL,
    items BIGINT NOT NULL,
    total_cents BIGINT NOT NULL,
    epoch INTEGER DEFAULT 1,
    sub INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS events_clicks (
    event_id VARCHAR NOT NULL,
    event_at TIMESTAMP NOT NULL,
    shard INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    type VARCHAR NOT NULL,
    customer_id VARCHAR NOT NULL,
    session_id VARCHAR NOT NULL,
    product_id VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    country VARCHAR NOT NULL,
    device VARCHAR NOT NULL,
    campaign VARCHAR NOT NULL,
    page VARCHAR NOT NULL,
    load_ms BIGINT NOT NULL,
    epoch INTEGER DEFAULT 1,
    sub INTEGER DEFAULT 0
);
-- One row per start of the generators: what they made and what the broker acknowledged.
CREATE TABLE IF NOT EXISTS producers (
    incarnation INTEGER PRIMARY KEY,
    started_at TIMESTAMP NOT NULL,
    produced BIGINT NOT NULL,
    acked BIGINT NOT NULL
);
-- Planted incidents, as the generators know them.
CREATE TABLE IF NOT EXISTS ground_truth (
    incarnation INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    start_at TIMESTAMP NOT NULL,
    end_at TIMESTAMP NOT NULL,
    intensity DOUBLE NOT NULL,
    target VARCHAR NOT NULL,
    records BIGINT NOT NULL
);
-- Which key and how many shards a stream had from when on. A record belongs to the last epoch whose
-- first_offset of its shard is at or before it (0 where there is no row). plan, predicted and
-- measured are JSON.
CREATE TABLE IF NOT EXISTS epochs (
    stream VARCHAR NOT NULL,
    epoch INTEGER NOT NULL,
    began_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    key VARCHAR NOT NULL,
    view VARCHAR NOT NULL,
    shards INTEGER NOT NULL,
    why VARCHAR NOT NULL,
    inversions BIGINT NOT NULL,
    predicted VARCHAR NOT NULL,
    measured VARCHAR NOT NULL,
    plan VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS epoch_starts (
    stream VARCHAR NOT NULL,
    epoch INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    first_offset BIGINT NOT NULL
);
-- The declared windows: each set of them by its number, and from which offset of a shard it holds.
-- plan is JSON, as are the streams' watermarks when it began: what was not final of a window that
-- it lacks is in no result.
CREATE TABLE IF NOT EXISTS window_plans (
    number INTEGER PRIMARY KEY,
    began_at TIMESTAMP NOT NULL,
    watermarks VARCHAR NOT NULL,
    plan VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS window_starts (
    number INTEGER NOT NULL,
    stream VARCHAR NOT NULL,
    shard INTEGER NOT NULL,
    first_offset BIGINT NOT NULL
);
-- One row per declared window x key. vals is JSON, with the values by their names; the view w_NAME
-- has them as columns. generation: the number of the plan that brought this window.
CREATE TABLE IF NOT EXISTS window_results (
    name VARCHAR NOT NULL,
    generation INTEGER NOT NULL,
    start_at TIMESTAMP NOT NULL,
    end_at TIMESTAMP NOT NULL,
    key VARCHAR NOT NULL,
    n BIGINT NOT NULL,
    vals VARCHAR NOT NULL,
    is_final BOOLEAN NOT NULL,
    PRIMARY KEY (name, generation, start_at, key)
);
-- What windows that are not final are made of. cell is msgpack.
CREATE TABLE IF NOT EXISTS panes (
    panes VARCHAR NOT NULL,
    start_ms BIGINT NOT NULL,
    key VARCHAR NOT NULL,
    cell BLOB NOT NULL,
    PRIMARY KEY (panes, start_ms, key)
);
-- Records that came after a pane was final: they are in no window of these panes.
CREATE TABLE IF NOT EXISTS window_late (
    panes VARCHAR NOT NULL,
    shard INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    sub INTEGER NOT NULL,
    event_at TIMESTAMP NOT NULL,
    watermark_at TIMESTAMP NOT NULL
);
-- Everything that happened to the lab, append-only.
CREATE TABLE IF NOT EXISTS journal (
    seq BIGINT NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    level VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    text VARCHAR NOT NULL
);
-- For files from before there were epochs and aggregates.
ALTER TABLE events_orders ADD COLUMN IF NOT EXISTS epoch INTEGER DEFAULT 1;
ALTER TABLE events_clicks ADD COLUMN IF NOT EXISTS epoch INTEGER DEFAULT 1;
ALTER TABLE events_orders ADD COLUMN IF NOT EXISTS sub INTEGER DEFAULT 0;
ALTER TABLE events_clicks ADD COLUMN IF NOT EXISTS sub INTEGER DEFAULT 0;
ALTER TABLE late_events ADD COLUMN IF NOT EXISTS sub INTEGER DEFAULT 0;
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS sub INTEGER DEFAULT 0;
"""
)
