"""The store's tables of detectors and alarms; see `schema`."""

from __future__ import annotations

from typing import Final

ANALYSIS: Final = """
-- How far the watched windows of each key are: the end of the last one, and how many without events
-- there were since the last one with some.
CREATE TABLE IF NOT EXISTS window_tracks (
    name VARCHAR NOT NULL,
    generation INTEGER NOT NULL,
    key VARCHAR NOT NULL,
    last_ms BIGINT,
    silent INTEGER NOT NULL,
    PRIMARY KEY (name, generation, key)
);
-- What detectors said of each closed window, of the remarkable ones among single records (which
-- have an offset), and of the lab's own metrics (window_end is the end of a period, by the wall
-- clock). source tells which: "window NAME", "stream NAME" or "metric NAME"; generation is the
-- window's, else NULL. vals is JSON: what was judged. threshold: the evidence that is enough.
CREATE TABLE IF NOT EXISTS anomaly (
    detector VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    window_end TIMESTAMP NOT NULL,
    "offset" BIGINT,
    sub INTEGER,
    state VARCHAR NOT NULL,
    vals VARCHAR NOT NULL,
    anomaly_score DOUBLE,
    anomaly_explanation VARCHAR NOT NULL,
    novelty DOUBLE NOT NULL,
    sustained DOUBLE NOT NULL,
    range_break DOUBLE NOT NULL,
    evidence DOUBLE NOT NULL,
    threshold DOUBLE NOT NULL,
    grade DOUBLE NOT NULL,
    confidence DOUBLE NOT NULL,
    feature VARCHAR,
    value DOUBLE,
    expected_low DOUBLE,
    expected_mid DOUBLE,
    expected_high DOUBLE,
    reason VARCHAR NOT NULL,
    model_version VARCHAR NOT NULL,
    source VARCHAR,
    generation INTEGER
);
-- A store that was begun without them goes on with NULL.
ALTER TABLE anomaly ADD COLUMN IF NOT EXISTS source VARCHAR;
ALTER TABLE anomaly ADD COLUMN IF NOT EXISTS generation INTEGER;
-- The models of the detectors' series, as they were after the window (or record) named beside them.
-- model is NULL of one that has only begun.
CREATE TABLE IF NOT EXISTS detector_models (
    detector VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    definition VARCHAR NOT NULL,
    last_ms BIGINT,
    silent INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    sub INTEGER NOT NULL,
    model BLOB,
    PRIMARY KEY (detector, key)
);
-- Every change of an alarm's state. clock says which time happened_at is: event time (of windows
-- and detectors) or the wall clock.
CREATE TABLE IF NOT EXISTS alarm_history (
    alarm VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    clock VARCHAR NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    before VARCHAR NOT NULL,
    after VARCHAR NOT NULL,
    value DOUBLE,
    reason VARCHAR NOT NULL
);
-- The alarms' present states; alarm_books has all that the next datapoint needs, as msgpack.
CREATE TABLE IF NOT EXISTS alarms (
    alarm VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    clock VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    since TIMESTAMP NOT NULL,
    value DOUBLE,
    reason VARCHAR NOT NULL,
    acknowledged VARCHAR NOT NULL,
    suppressed_until TIMESTAMP
);
CREATE TABLE IF NOT EXISTS alarm_books (
    clock VARCHAR PRIMARY KEY,
    states BLOB NOT NULL
);
"""
