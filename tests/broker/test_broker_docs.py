"""docs/broker.md says what the broker does."""

import re
from pathlib import Path
from typing import get_args

import msgspec

from streaming.broker.embedded import apis, settings
from streaming.broker.embedded.config import BrokerConfig
from streaming.broker.embedded.faults import Effect, Fault
from streaming.broker.embedded.orders import Order

PAGE = (Path(__file__).parents[2] / "docs" / "broker.md").read_text(encoding="utf-8")


def test_the_versions_offered_are_those_in_the_table():
    said = re.findall(r"^\| (\w+) \| (\d+) \| ([\d-]+) \|$", PAGE, re.MULTILINE)
    offered = [
        (
            api.request.__name__.removesuffix("Request"),
            str(int(key)),
            f"{api.first}-{api.last}" if api.last > api.first else str(api.first),
        )
        for key, api in sorted(apis.APIS.items())
    ]
    assert said == offered


def test_the_settings_that_act_are_those_in_the_table():
    said = set(re.findall(r"^\| `([a-z.]+)` \| [^|]+ \| ", PAGE, re.MULTILINE))
    every = settings.topic_settings(BrokerConfig(data=Path()))
    acting = {name for name in every if "does not act" not in settings.documentation(name)}
    assert said == acting


def test_a_setting_acts_when_it_changes_the_rules_of_a_log():
    config = BrokerConfig(data=Path())
    every = settings.topic_settings(config)
    other = {
        "cleanup.policy": "compact",
        "compression.type": "gzip",
        "message.timestamp.type": "LogAppendTime",
        "segment.bytes": "2000000",
    }
    plain = settings.rules({}, config)
    for name, setting in every.items():
        value = other.get(name, "77")
        try:
            setting.check.test(value)
        except ValueError:
            value = setting.default
        acts = settings.rules({name: value}, config) != plain
        assert acts == ("does not act" not in settings.documentation(name)), name


def test_the_lines_of_json_are_orders():
    lines = re.findall(r"`(\{\"op\"[^`]+\})`", PAGE)
    assert len(lines) == 3
    for line in lines:
        msgspec.json.decode(line, type=Order)


def test_every_effect_and_condition_of_a_fault_is_explained():
    kinds = {effect.__struct_config__.tag for effect in get_args(Effect)}
    assert all(f"`{kind}`" in PAGE for kind in kinds)
    assert all(f"`{name}`" in PAGE for name in Fault.__struct_fields__ if name != "effect")
