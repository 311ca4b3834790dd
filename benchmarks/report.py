"""The table."""

from __future__ import annotations

from benchmarks.measure import Row, Spread


def number(value: float) -> str:
    """A rate in thousands, or as it is when it is small."""
    return f"{value / 1000:,.1f}k" if value >= 1000 else f"{value:,.2f}"


def ranged(values: Spread | None, unit: str = "") -> str:
    """A median with its range, "-" when there is none."""
    if values is None:
        return "-"
    low, high = number(values.low), number(values.high)
    return f"{number(values.median)}{unit} ({low}–{high})"


def verdict(row: Row) -> str:
    """Whether the goal is met; a wrong result meets none."""
    if row.met is None or row.equal is False:
        return "-"
    return "met" if row.met else "not met"


def results(row: Row) -> str:
    """Whether both sides gave the same."""
    if row.skipped:
        return "-"
    return {True: "equal", False: "WRONG", None: "-"}[row.equal]


def table(rows: list[Row]) -> str:
    """All rows: events per CPU second, ratios, goals."""
    head = ("row", "ours /CPU s", "other /CPU s", "ratio", "goal", "", "results")
    lines = [head]
    for row in rows:
        ratio = ranged(row.ratio, "x")
        if row.name == "latency" and not row.skipped:
            ratio = f"p50 {row.figures['p50_ms']} p99 {row.figures['p99_ms']} ms"
        lines.append(
            (
                row.name,
                ranged(row.ours_rate),
                ranged(row.other_rate),
                ratio,
                row.goal,
                verdict(row),
                "ok" if row.name == "latency" and row.equal else results(row),
            )
        )
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    rendered = ["  ".join(c.ljust(w) for c, w in zip(x, widths, strict=True)) for x in lines]
    return "\n".join(line.rstrip() for line in rendered)


def details(row: Row) -> str:
    """What stands under the table for one row."""
    if row.skipped:
        return f"{row.name}: not measured, {row.skipped}"
    lines = [f"{row.name}: {row.ours}" + (f" against {row.other}" if row.other != "-" else "")]
    f = row.figures
    if "ours_cpu_s" in f:
        lines.append(
            f"  {f['records']:,} records, {f['rounds']} rounds; CPU s {f['ours_cpu_s']} / "
            f"{f['other_cpu_s']}, start-up left out {f['ours_start_cpu_s']} / "
            f"{f['other_start_cpu_s']}; RSS MiB {f['ours_rss_mib']} / {f['other_rss_mib']}"
        )
    lines += [f"  {note}" for note in row.notes]
    return "\n".join(lines)
