"""Detectors and alarms in a file: what ships is sound, and what cannot be is told with its line."""

from pathlib import Path

import pytest

from streaming.declarations.file import DeclarationsError, read_declarations
from streaming.declarations.specification import Declarations
from tui.cli import main

WINDOW = """\
[[windows]]
name = "pulse"
stream = "orders"
size = "5s"
[windows.values]
orders = "count()"
city = "last(city)"
"""


def read(tmp_path: Path, text: str) -> Declarations:
    path = tmp_path / "dasprep.toml"
    path.write_text(text)
    return read_declarations(path)


def test_what_ships_covers_the_course_and_travels() -> None:
    shipped = read_declarations(None)
    assert {
        "hot_shard", "throttling", "iterator_age", "lag_grows", "dead_letters", "transaction_rate",
        "anomaly", "watermark_stuck", "store_behind",
    } <= {spec.name for spec in shipped.alarms}  # fmt: skip
    assert any(spec.rule for spec in shipped.alarms)
    assert Declarations.model_validate_json(shipped.model_dump_json()) == shipped


def test_what_ships_is_left_out_where_the_windows_have_nothing_for_it(tmp_path: Path) -> None:
    found = read(tmp_path, WINDOW)
    assert [spec.name for spec in found.detectors] == ["shard_rates", "shard_lag"]
    names = {spec.name for spec in found.alarms}
    assert "transaction_rate" not in names and {"anomaly", "iterator_age"} <= names
    own = read(tmp_path, '[[alarms]]\nname = "mine"\ndetector = "orders"\nthreshold = 0\n')
    assert [spec.name for spec in own.alarms] == ["mine"]
    assert "orders" in [spec.name for spec in own.detectors]


DETECTOR = '[[detectors]]\nname = "d"\nwindow = "pulse"\nvalues = ["orders"]\n'
ALARM = '[[alarms]]\nname = "a"\nwindow = "pulse"\nvalue = "orders"\nthreshold = 1\n'


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (DETECTOR.replace("pulse", "puls"), 10, "there is no window 'puls'"),
        (DETECTOR.replace("orders", "city"), 11, "has no number 'city'"),
        (DETECTOR.replace("orders", "log orders"), 11, "is no NAME and no log(NAME)"),
        (DETECTOR + 'function = "KNN"\n', 12, "function: it is DETECTOR"),
        (DETECTOR + "parameters = { numberOfTrees = 5 }\n", 12, "one setting for every series"),
        (
            DETECTOR + 'function = "RANDOM_CUT_FOREST"\nparameters = { numberOfTrees = 0 }\n',
            13, "numberOfTrees is 1 to 1,000",
        ),
        (DETECTOR + "near = 2000\n", 12, "less than or equal to 1000"),
        (DETECTOR + 'colour = "red"\n', 12, "a detector has no 'colour'"),
        (DETECTOR + DETECTOR, 13, "two detectors are called 'd'"),
        (DETECTOR.replace('window = "pulse"\n', ""), 8, "looks at a window, a stream or a metric"),
        (DETECTOR.replace("window", "metric"), 10, "there is no 'pulse'"),
        (
            DETECTOR.replace('window = "pulse"', 'metric = "Lag"'),
            11, "of a metric it is value or log(value)",
        ),
        (DETECTOR.replace('values = ["orders"]\n', ""), 8, "name what it looks at"),
        (ALARM.replace('"orders"', '"nothing"'), 11, "has no number 'nothing'"),
        (ALARM + 'metric = "Lag"\n', 9, "watches one of metric, window"),
        (ALARM + "band = 2.0\n", 12, "a threshold or a band"),
        (ALARM + 'comparison = "Above"\n', 13, "with a threshold it is one of"),
        (ALARM + "datapoints_to_alarm = 3\n", 13, "at most as many as evaluation_periods"),
        (ALARM + 'actions = ["shout"]\n', 13, "'shout' is none"),
        (ALARM + 'statistic = "Median"\n', 13, "there is no 'Median'"),
        (ALARM + ALARM, 14, "two alarms are called 'a'"),
        (ALARM + '[[alarms]]\nname = "c"\nrule = "ALARM(x)"\n', 15, "there is no alarm 'x'"),
        (ALARM + '[[alarms]]\nname = "c"\nrule = "ALARM(a) AND"\n', 15, "character 13 of the rule"),
        ('[[alarms]]\nname = "m"\nmaths = "m1 +"\nthreshold = 1\n', 10, "no expression"),
        ('[[alarms]]\nname = "m"\nmetric = "Speed"\nthreshold = 1\n', 10, "there is no 'Speed'"),
        ('[[alarms]]\nname = "m"\ndetector = "d"\nthreshold = 1\n', 10, "no detector 'd'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_line(
    text: str, line: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeclarationsError) as error:
        read(tmp_path, WINDOW + text)
    assert says in str(error.value)
    assert f", line {line}" in str(error.value), str(error.value)
    assert main(["alarms", "check", str(tmp_path / "dasprep.toml")]) == 2
    assert says in capsys.readouterr().err


def test_a_good_file_is_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dasprep.toml"
    path.write_text(WINDOW + DETECTOR + ALARM)
    assert main(["alarms", "check", str(path)]) == 0
    told = capsys.readouterr().out
    assert "detector d: DETECTOR of orders in pulse" in told and "1 detectors, 1 alarms" in told
