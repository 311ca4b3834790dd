"""The two brokers that the whole pipeline is tested on."""

from __future__ import annotations

import uuid

import pytest

from tests.pipeline.lab_driver import Where


@pytest.fixture
def where(broker_kind: str, request: pytest.FixtureRequest) -> Where:
    """The lab's own embedded broker (`embedded`), then a real cluster of three (`apache`)."""
    if broker_kind == "embedded":
        return Where("embedded")
    cluster = request.getfixturevalue("secured_kafka")
    prefix = f"{uuid.uuid4().hex[:8]}."
    return Where(
        "apache",
        {"bootstrap": cluster.bootstrap, "topic_prefix": prefix},
        ("--bootstrap", cluster.bootstrap, "--topic-prefix", prefix),
        cluster,
    )
