"""Both brokers for all tests; long tests run only when they are asked for."""

import pytest

pytest_plugins = ["kafka_fixtures", "kafka_report"]


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `soak`; `make soak`, or naming its folder, runs it."""
    for item in items:
        call = getattr(item, "callspec", None)
        if item.get_closest_marker("apache_soak") and call and "apache" in call.params.values():
            item.add_marker("soak")
    if "soak" in config.option.markexpr or any("soak" in argument for argument in config.args):
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
