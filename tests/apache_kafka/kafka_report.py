"""What a test run says about its brokers: which ones, and how many checks on each.

A test counts for a broker by the parameter `broker_kind`, by a fixture that starts the broker,
or by the marker `kafka_check("embedded")` or `kafka_check("apache")`.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest

from kafka_fixtures import KINDS, RAN_ON, embedded_name

PROPERTY = "kafka"
FIXTURES = {
    "embedded_kafka": "embedded",
    "apache_kafka": "apache",
    "secured_kafka": "apache",
    "own_kafka": "apache",
}
OUTCOMES = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped"}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "kafka_check(kind): a check of one broker, 'embedded' or 'apache'"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        kinds = _brokers_of(item)
        for kind in kinds:
            item.user_properties.append((PROPERTY, kind))
        # Several processes may share a run's tests: one has the real cluster, a module stays whole.
        group = "apache" if "apache" in kinds else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = _counts(terminalreporter)
    apache = terminalreporter.config.stash.get(RAN_ON, "Apache Kafka (it did not run)")
    for kind, name in zip(KINDS, (embedded_name(), apache), strict=True):
        if counts[kind]:
            outcomes = ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts[kind].items()))
            total = counts[kind].total()
            checks = "1 check" if total == 1 else f"{total} checks"
            terminalreporter.write_line(f"{name}: {checks}: {outcomes}")
    if _real_cluster_is_missing(terminalreporter.config, counts):
        terminalreporter.write_line(
            "This run is a failure: in CI every test runs, and no check passed on a real "
            "Apache Kafka cluster.",
            red=True,
        )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A process that ran a part of the tests is done: what it knows of the real cluster counts."""
    name = getattr(node, "workeroutput", {}).get(PROPERTY)
    if name:
        node.config.stash[RAN_ON] = name


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # one of several processes: the first one judges the whole
        output[PROPERTY] = session.config.stash.get(RAN_ON, "")
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    passed = session.exitstatus == pytest.ExitCode.OK
    if passed and _real_cluster_is_missing(session.config, _counts(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _brokers_of(item: pytest.Item) -> set[str]:
    callspec = getattr(item, "callspec", None)
    if callspec is not None and "broker_kind" in callspec.params:
        return {callspec.params["broker_kind"]}
    marked = {mark.args[0] for mark in item.iter_markers("kafka_check")}
    return marked or {
        kind for name, kind in FIXTURES.items() if name in getattr(item, "fixturenames", ())
    }


def _counts(reporter: pytest.TerminalReporter) -> dict[str, Counter[str]]:
    """For each broker the tests by outcome; a test that fails twice counts once."""
    worst: dict[tuple[str, str], str] = {}
    for category, outcome in OUTCOMES.items():
        for report in reporter.stats.get(category, ()):
            for name, kind in getattr(report, "user_properties", ()):
                if name == PROPERTY and worst.get((kind, report.nodeid)) != "failed":
                    worst[kind, report.nodeid] = outcome
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for (kind, _), outcome in worst.items():
        counts[kind][outcome] += 1
    return counts


def _real_cluster_is_missing(config: pytest.Config, counts: dict[str, Counter[str]]) -> bool:
    """Whether this is a run of everything in CI that left Apache Kafka out."""
    option = config.option
    chosen = option.keyword or option.markexpr or option.collectonly or option.deselect
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not chosen
    return bool(os.environ.get("CI")) and everything and not counts["apache"]["passed"]
