"""A run's summary in words."""

from __future__ import annotations

from typing import Any


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if isinstance(value, float) else f"{value:,}"


def summary_lines(s: dict[str, Any]) -> list[str]:
    """What a person wants to know at the end of a run, from the summary's JSON."""
    if not s:
        return ["The engine gave no summary."]
    latency, lag, windows = s["latency_ms"], s["lag"], s["windows"]
    verdict = "verified against the log" if s["verified"] else "not verified (see --verify)"
    lines = [
        f"produced {_number(s['produced'])}   acked {_number(s['acked'])}   "
        f"stored {_number(s['stored'])}   in {s['elapsed_s']:.1f} s on {s['broker']['label']}",
        f"lost {_number(s['lost'])}   duplicates {_number(s['duplicates'])}   {verdict}",
        f"windows {_number(windows['open'])} open, {_number(windows['final'])} final   "
        f"late {_number(s['late_dropped'])}   dead letters {_number(s['dead_letters'])}",
        f"latency p50 {_number(latency['p50'])} ms, p99 {_number(latency['p99'])} ms   "
        f"lag {_number(lag['records'])} now, oldest ever {_number(lag['max_ms'])} ms   "
        f"rebalances {_number(s['rebalances'])}",
    ]
    if s["skew"]:
        k = s["skew"]
        lines.append(
            f"key {s['key']}: max/mean {k['max_over_mean']:.2f}, Gini {k['gini']:.2f}, "
            f"Jain {k['jain']:.2f} over the shards of the first stream"
        )
    if s.get("alarm_scores"):
        lines += _alarm_lines(s["alarm_scores"])
    cpu = ", ".join(f"{role} {value:.1f}" for role, value in sorted(s["cpu_s"].items()))
    rss = ", ".join(f"{role} {value:.0f}" for role, value in sorted(s["rss_mib"].items()))
    lines += [f"CPU seconds: {cpu}   memory MiB: {rss}", f"data: {s['data_dir']}"]
    return lines


def _alarm_lines(scores: dict[str, Any]) -> list[str]:
    def part(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f}"

    delay = scores["delay_s"]
    lines = [
        f"alarms {scores['alarms']} for {scores['incidents']} incidents   "
        f"precision {part(scores['precision'])}   recall {part(scores['recall'])}   "
        f"delay p50 {_number(delay['p50'])} s, max {_number(delay['max'])} s   "
        f"false {scores['false_alarms']}   missed {scores['missed']}"
    ]
    missed = [kind for kind, counts in scores["kinds"].items() if counts["missed"]]
    if missed:
        lines.append(f"missed: {', '.join(missed)}")
    if scores["false"]:
        names = sorted({alarm["name"] for alarm in scores["false"]})
        lines.append(f"went off without an incident: {', '.join(names)}")
    return lines
