"""What a run of the tests says about its brokers, and when leaving one out is a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CONFIG = f"[pytest]\ntestpaths = .\npythonpath = {HERE}\naddopts = -p no:cacheprovider\n"
PLUGINS = 'pytest_plugins = ["kafka_fixtures", "kafka_report"]\n'
TESTS = """
import pytest

@pytest.mark.kafka_check("embedded")
@pytest.mark.parametrize("number", range(3))
def test_embedded(number):
    assert number != 2

@pytest.mark.kafka_check("apache")
def test_apache():
    pass
"""


def run(folder, *arguments, tests=TESTS, **environment):
    (folder / "pytest.ini").write_text(CONFIG)
    (folder / "conftest.py").write_text(PLUGINS)
    (folder / "test_some.py").write_text(tests)
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    own = {"PYTHONPATH": str(HERE.parents[1]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", *arguments],
        cwd=folder,
        env=kept | own | environment,
        capture_output=True,
        text=True,
    )


def test_a_run_names_both_brokers_and_counts_the_checks_of_each(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 1
    assert "embedded broker 0.1.0: 3 checks: 1 failed, 2 passed" in done.stdout
    assert "Apache Kafka (it did not run): 1 check: 1 passed" in done.stdout


ONLY_EMBEDDED = 'import pytest\n@pytest.mark.kafka_check("embedded")\ndef test_it(): pass\n'
SKIPPED = """
import pytest, kafka_jars
from kafka_jars import KafkaUnavailable

def none_here():
    raise KafkaUnavailable("there is no java here")

kafka_jars.jars = none_here

def test_it(apache_kafka): pass
"""


@pytest.mark.parametrize(
    ("tests", "arguments", "ci", "code"),
    [
        pytest.param(ONLY_EMBEDDED, (), "true", 1, id="ci"),
        pytest.param(ONLY_EMBEDDED, (), "", 0, id="at-home"),
        pytest.param(ONLY_EMBEDDED, ("-k", "test_it"), "true", 0, id="ci-chosen-by-name"),
        pytest.param(ONLY_EMBEDDED, ("test_some.py",), "true", 0, id="ci-one-file"),
        pytest.param(SKIPPED, (), "", 0, id="at-home-without-java"),
        pytest.param(SKIPPED, ("test_some.py",), "true", 1, id="ci-without-java"),
    ],
)
def test_ci_is_red_when_the_real_cluster_did_not_run(tmp_path, tests, arguments, ci, code):
    done = run(tmp_path, *arguments, tests=tests, CI=ci)
    assert done.returncode == code, done.stdout
    if tests == SKIPPED:
        assert "there is no java here" in done.stdout
    elif code:
        assert "no check passed on a real Apache Kafka cluster" in done.stdout
