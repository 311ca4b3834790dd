"""What a comparison found, as numbers and as words."""

from __future__ import annotations

from typing import Final

import msgspec

MAX_FINDINGS: Final = 50
_PER_KIND: Final = 8
"""So that one flood of differences does not hide the other kinds."""


class Finding(msgspec.Struct, frozen=True):
    """One difference: what kind, where, what the log says and what the store says."""

    kind: str
    where: str
    expected: str
    stored: str


class VerifyReport(msgspec.Struct, frozen=True):
    """The result of a comparison; `ok` when nothing is lost, duplicated or wrong.

    `records` are the log's records that the store claims to cover; each of them is `windowed`,
    `late` or `dead`. `windows_checked` and `windows_skipped` are rows of the table (skipped: the
    log no longer has all their records). `planted_duplicates` were labelled so by the producer.
    `beyond_store`: records in the log that the store has not reached yet, which is no fault.
    `lost`: records missing from the whole-stream panes, and acknowledged records missing from the
    log. `duplicates`: records too many there, offsets stored twice, event ids twice in the log.
    """

    ok: bool
    records: int
    windowed: int
    late: int
    dead: int
    lost: int
    duplicates: int
    wrong: int
    windows_checked: int
    windows_skipped: int
    planted_duplicates: int
    beyond_store: int
    findings: list[Finding]
    seconds: float


class Tally:
    """Counts differences and keeps the first few of each kind."""

    def __init__(self) -> None:
        self.records = self.windowed = self.late = self.dead = 0
        self.lost = self.duplicates = self.wrong = 0
        self.windows_checked = self.windows_skipped = 0
        self.planted_duplicates = self.beyond_store = 0
        self._findings: dict[str, list[Finding]] = {}

    def note(self, kind: str, where: str, expected: object, stored: object) -> None:
        """Keep a finding that counts as nothing by itself."""
        kept = self._findings.setdefault(kind, [])
        if len(kept) < _PER_KIND:
            kept.append(Finding(kind, where, str(expected), str(stored)))

    def add_lost(self, count: int, kind: str, where: str, expected: object, stored: object) -> None:
        """Records that are gone."""
        self.lost += count
        self.note(kind, where, expected, stored)

    def add_duplicates(
        self, count: int, kind: str, where: str, expected: object, stored: object
    ) -> None:
        """Records that are there more than once."""
        self.duplicates += count
        self.note(kind, where, expected, stored)

    def add_wrong(self, kind: str, where: str, expected: object, stored: object) -> None:
        """One row that is not what the log says."""
        self.wrong += 1
        self.note(kind, where, expected, stored)

    def report(self, seconds: float) -> VerifyReport:
        """The frozen result."""
        findings = [finding for kept in self._findings.values() for finding in kept]
        return VerifyReport(
            ok=not (self.lost or self.duplicates or self.wrong),
            records=self.records,
            windowed=self.windowed,
            late=self.late,
            dead=self.dead,
            lost=self.lost,
            duplicates=self.duplicates,
            wrong=self.wrong,
            windows_checked=self.windows_checked,
            windows_skipped=self.windows_skipped,
            planted_duplicates=self.planted_duplicates,
            beyond_store=self.beyond_store,
            findings=findings[:MAX_FINDINGS],
            seconds=seconds,
        )


_ADVICE: Final = {
    "log_truncated": "The log is shorter than what was counted: it was cut off or made anew. "
    "Start a new data folder for the new log.",
    "log_retention": "The broker deleted records before they were counted. Keep records longer "
    "or add consumers; what is gone cannot be counted any more.",
    "wrong_shard": "A record is in a shard that has other hash keys: another program wrote it "
    "there, or the lab's routing is wrong.",
    "acked_missing": "The broker acknowledged records it does not have: look at its log and disk.",
}


def render(report: VerifyReport, *, shown: int = 10) -> str:
    """The report in plain words, with the first findings and what to do about them."""
    lines = [
        "The store agrees with the log." if report.ok else "The store does NOT agree with the log.",
        f"{report.records:,} records recomputed in {report.seconds:.1f} s: "
        f"{report.windowed:,} in windows, {report.late:,} late, {report.dead:,} dead letters.",
        f"{report.windows_checked:,} window rows compared"
        + (
            f", {report.windows_skipped:,} not comparable (the log no longer has their records)."
            if report.windows_skipped
            else "."
        ),
        f"lost {report.lost:,}   duplicates {report.duplicates:,}   wrong {report.wrong:,}",
    ]
    if report.planted_duplicates:
        lines.append(f"{report.planted_duplicates:,} duplicates were planted by the producer.")
    if report.beyond_store:
        lines.append(f"{report.beyond_store:,} newer records are not in the store yet (lag).")
    lines += [
        f"- {_plain(finding.kind)}: {_plain(finding.where)}: "
        f"the log says {_plain(finding.expected)}, the store says {_plain(finding.stored)}"
        for finding in report.findings[:shown]
    ]
    if len(report.findings) > shown:
        lines.append(f"… and {len(report.findings) - shown} more findings in the JSON report.")
    if not report.ok:
        kinds = {finding.kind for finding in report.findings}
        advice = [text for kind, text in _ADVICE.items() if kind in kinds]
        lines += advice or [
            "The log is the truth: keep both folders, report this, and count again from the log "
            "into a new data folder."
        ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text from records may hold anything; a terminal gets printable characters only."""
    cut = text if len(text) <= 300 else text[:299] + "…"
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in cut)
