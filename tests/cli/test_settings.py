"""Settings from the file and the command line: one clear text for each mistake."""

import argparse
import json

import pytest

from generators.traffic import SHAPES
from streaming.lab.loading import KAFKA_OPTIONS, load
from streaming.lab.settings import LabSettings
from streaming.lab.sources import SettingsError
from tui.options import add_lab_options, duration, fail, overrides, positive
from tui.text import summary_lines


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "dasprep.toml"


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_lab_options(parser)
    return overrides(parser.parse_args(arguments))


def test_defaults_when_nothing_is_given(config):
    assert load(None, parsed()) == LabSettings()


def test_the_command_line_goes_before_the_file_before_the_defaults(config):
    config.write_text('[lab]\nrate = 50\nshards = 3\nstreams = ["access"]\n[other]\nx = 1\n')
    s = load(None, parsed("--rate", "70", "--lateness", "2m"))
    assert (s.rate, s.shards, s.streams, s.lateness_s, s.consumers) == (70, 3, ("access",), 120, 2)


def test_every_option_of_the_lab_is_a_setting(config):
    parser = argparse.ArgumentParser()
    add_lab_options(parser)
    known = set(parsed()) | {"help", "config", "sasl_password", "password", "tls_key_password"}
    assert {action.dest for action in parser._actions} <= known
    s = load(None, parsed("--view", "kinesis", "--limits", "on"))
    assert (s.view, s.limits) == ("kinesis", "today")


def test_collection_is_of_the_kinesis_view(config):
    assert load(None, parsed("--view", "kinesis")).collect == "on"
    assert load(None, parsed("--view", "kinesis", "--collect", "off")).collect == "off"
    with pytest.raises(SettingsError, match=r"calls of Kinesis.*kinesis \(from --collect\)"):
        load(None, parsed("--collect", "off"))
    config.write_text("[lab]\nview = 'kinesis'\ncollect = 'sometimes'\n")
    with pytest.raises(SettingsError, match=r"collect in dasprep.toml: .*'on' or 'off'"):
        load(None, {})


def test_the_file_named_goes_before_the_one_that_lies_there(config, tmp_path):
    config.write_text("[lab]\nrate = 50\n")
    (tmp_path / "mine.toml").write_text("[lab]\nrate = 60\n")
    assert load(tmp_path / "mine.toml", {}).rate == 60


def test_zero_and_false_are_given_too(config):
    config.write_text("[lab]\nrate = 50\nstore_clicks = true\n")
    s = load(None, {"rate": 0.0, "store_clicks": False, "seed": 0})
    assert (s.rate, s.store_clicks, s.seed) == (0, False, 0)


MISTAKES = {
    "rate = \n": "not valid TOML",
    "[lab\n": "not valid TOML",
    "lab = 5\n": "[lab] must be a table",
    "rate = 5\n": "rate must stand below",
    "[lab]\nrat = 5": "rat in dasprep.toml: there is no such setting",
    "[lab]\nrate = '5'": "rate in dasprep.toml",
    "[lab]\nrate = true": "rate in dasprep.toml",
    "[lab]\nrate = nan": "rate in dasprep.toml",
    "[lab]\nrate = inf": "rate in dasprep.toml",
    "[lab]\nrate = -1": "greater than or equal to 0",
    "[lab]\nshards = 1.5": "shards in dasprep.toml",
    "[lab]\nshards = '4'": "shards in dasprep.toml",
    "[lab]\nshards = true": "shards in dasprep.toml",
    "[lab]\nshards = 0": "shards in dasprep.toml",
    "[lab]\nshards = 201": "shards in dasprep.toml",
    "[lab]\nstore_clicks = 1": "store_clicks in dasprep.toml",
    "[lab]\nkeep_hours = inf": "keep_hours in dasprep.toml",
    "[lab]\nkey = 'nonsense'": "events have no field 'nonsense'; they have customer_id",
    "[lab]\nkey = 5": "key in dasprep.toml",
    "[lab]\nshape = 'square'": "unknown shape 'square'; known:",
    "[lab]\nstreams = ['clicks', 'films']": "give each of clicks, orders, access",
    "[lab]\nstreams = []": "give each of",
    "[lab]\nstreams = ['clicks', 'clicks']": "at most once",
    "[lab]\nstreams = 'clicks'": "streams in dasprep.toml",
    "[lab]\nstreams = [1]": "streams in dasprep.toml",
    "[lab]\nbootstrap = 'nowhere'": "'nowhere' is not HOST:PORT",
    "[lab]\nbootstrap = 'h:0'": "0 is not a port",
    "[lab]\nbootstrap = 'h:70000'": "70000 is not a port",
    "[lab]\nbootstrap = 'h:²'": "is not HOST:PORT",
    "[lab]\nbootstrap = ':9092'": "is not HOST:PORT",
    "[lab]\nbootstrap = ''": "is not HOST:PORT",
    "[lab]\nbootstrap = 'a:1,,b:2'": "'' is not HOST:PORT",
    "[lab]\nbootstrap = 'ho st:1'": "is not HOST:PORT",
    "[lab]\ntopic_prefix = 'a/b'": "topic_prefix in dasprep.toml",
    '[lab]\ntopic_prefix = "a\\n"': "topic_prefix in dasprep.toml",
    "[lab]\ndata_dir = 5": "data_dir in dasprep.toml",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_each_mistake_has_one_clear_text(config, text):
    config.write_text(text)
    with pytest.raises(SettingsError) as error:
        load(None, {})
    said = str(error.value)
    assert MISTAKES[text] in said and "\n" not in said and "pydantic" not in said
    assert said.endswith(".")


def test_all_mistakes_are_said_at_once(config):
    config.write_text("[lab]\nrate = -1\nshards = 0\n")
    with pytest.raises(SettingsError, match=r"rate in .*; shards in .*"):
        load(None, {})


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("--rate", "nan"), "--rate"),
        (("--key", "x"), "--key"),
        (("--lateness", "2h"), "--lateness:"),
        (("--session-timeout", "500ms"), "--session-timeout:"),
        (("--topic-prefix", "ü"), "--topic-prefix"),
        (("--streams", ","), "--streams"),
        (("--bootstrap", "x"), "--bootstrap"),
    ],
)
def test_a_wrong_option_is_named_as_it_was_typed(config, arguments, option):
    with pytest.raises(SettingsError) as error:
        load(None, parsed(*arguments))
    assert f"Wrong setting. {option}" in str(error.value)


def test_files_that_cannot_be_read(config, tmp_path):
    with pytest.raises(SettingsError, match="There is no settings file"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, {})
    config.write_bytes(b"[lab]\nkey = '\xff'\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load(None, {})


@pytest.mark.parametrize(
    "address", ["localhost:9092", "a.b:1,c-d:65535", "127.0.0.1:9092", "[::1]:9092", "a:1, b:2"]
)
def test_addresses_that_are_fine(address):
    assert LabSettings(bootstrap=address).bootstrap == address


def test_settings_survive_the_way_to_the_engine(tmp_path):
    s = LabSettings(rate=5, streams=("orders", "clicks"), data_dir=tmp_path, topic_prefix="x.")
    assert s.streams == ("clicks", "orders")
    assert LabSettings.model_validate(json.loads(s.model_dump_json())) == s
    assert LabSettings.model_validate(s.model_dump(mode="json")) == s
    names = [s.topic("clicks"), s.group, s.dead_letter_topic]
    assert names == ["x.clicks", "x.dasprep-lab", "x.dead-letters"]
    assert LabSettings(lateness_s=0.0015).lateness_ms == 2
    assert all(LabSettings(shape=shape).shape == shape for shape in SHAPES)


# --- option types ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("2m", 120),
        ("1h", 3600),
        ("500ms", 0.5),
        ("30", 30),
        ("1.5s", 1.5),
    ],
)
def test_times(text, seconds):
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "0", "0s", "-1s", "s", "1d", "nan", "inf", "1e3", "9" * 400])
def test_no_times(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a time"):
        duration(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "", "²", "x", " 1", "9" * 30])
def test_no_whole_numbers(text):
    with pytest.raises(argparse.ArgumentTypeError, match="whole number"):
        positive(text)
    assert positive("12") == 12


def test_only_what_was_typed_is_an_override():
    given = {name: value for name, value in parsed("--store-clicks").items() if value is not None}
    assert given == {"store_clicks": True}
    assert parsed("--streams", "orders, clicks,")["streams"] == ("orders", "clicks")
    assert set(parsed()) - set(KAFKA_OPTIONS) <= set(LabSettings.model_fields)


def test_failing_says_so_on_standard_error(capsys):
    assert fail("no", 3) == 3
    assert capsys.readouterr() == ("", "dasprep-tui: no\n")


# --- the summary in words -------------------------------------------------------------------


def summary(**changes):
    return {
        "produced": 12345, "acked": 12345, "stored": 12345, "elapsed_s": 3.21, "lost": None,
        "duplicates": 0, "verified": False, "broker": {"label": "embedded broker"},
        "windows": {"open": 3, "final": 4}, "late_dropped": 1, "dead_letters": 2,
        "latency_ms": {"p50": 210.4, "p99": None}, "lag": {"records": None, "max_ms": 1500.0},
        "rebalances": 1, "skew": None, "key": "customer_id", "cpu_s": {"engine": 1.25},
        "rss_mib": {"engine": 80.6}, "data_dir": "/data",
    } | changes  # fmt: skip


def test_what_is_not_known_is_a_dash():
    text = "\n".join(summary_lines(summary()))
    assert "produced 12,345" in text and "lost -" in text and "not verified" in text
    assert "p50 210 ms, p99 - ms" in text and "lag - now, oldest ever 1,500 ms" in text
    assert "Gini" not in text and text.endswith("data: /data")


def test_a_verified_run_with_skew():
    skew = {"max_over_mean": 1.2345, "gini": 0.1, "jain": 0.9}
    text = "\n".join(summary_lines(summary(verified=True, lost=0, skew=skew)))
    assert "lost 0" in text and "verified against the log" in text
    assert "max/mean 1.23, Gini 0.10, Jain 0.90" in text


def test_no_summary_at_all():
    assert summary_lines({}) == ["The engine gave no summary."]
