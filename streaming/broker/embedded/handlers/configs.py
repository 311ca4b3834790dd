"""Settings of topics and of the server: describe and change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.messages import admin as m
from streaming.broker.embedded.settings import broker_settings

_TOPIC: Final = 2
_BROKER: Final = 4
_FROM_TOPIC: Final = 1
_FROM_START: Final = 4
_FROM_DEFAULT: Final = 5
_SET: Final = 0
_DELETE: Final = 1


async def describe_configs(
    broker: Broker, request: m.DescribeConfigsRequest, call: Call
) -> m.DescribeConfigsResponse:
    """All settings of a resource, or those named."""
    results = []
    for resource in request.resources:
        result = m.DescribeConfigsResult(kind=resource.kind, name=resource.name)
        try:
            configs = _described(broker, resource.kind, resource.name)
            keys = resource.keys
            result.configs = [c for c in configs if keys is None or c.name in keys]
        except ApiError as error:
            result.error_code, result.error_message = error.code, error.message
        results.append(result)
    return m.DescribeConfigsResponse(results=results)


def _described(broker: Broker, kind: int, name: str) -> list[m.DescribedConfig]:
    if kind == _BROKER:
        if name not in ("", str(broker.config.node_id)):
            raise ApiError(ErrorCode.INVALID_REQUEST, f"there is no server {name!r}")
        return [
            m.DescribedConfig(name=key, value=value, read_only=True, source=_FROM_START)
            for key, value in broker_settings(broker.config).items()
        ]
    if kind != _TOPIC:
        raise ApiError(ErrorCode.INVALID_REQUEST, f"resources of type {kind} are unknown here")
    own = broker.topics.find(name).settings
    return [
        m.DescribedConfig(
            name=key,
            value=own.get(key, setting.default),
            is_default=key not in own,
            source=_FROM_TOPIC if key in own else _FROM_DEFAULT,
        )
        for key, setting in broker.topics.known_settings.items()
    ]


async def alter_configs(
    broker: Broker, request: m.AlterConfigsRequest, call: Call
) -> m.AlterConfigsResponse:
    """Replace topics' own settings as a whole."""
    return m.AlterConfigsResponse(
        results=[
            _change(
                broker,
                resource.kind,
                resource.name,
                {part.name: part.value for part in resource.configs},
                validate_only=request.validate_only,
            )
            for resource in request.resources
        ]
    )


async def incremental_alter_configs(
    broker: Broker, request: m.IncrementalAlterConfigsRequest, call: Call
) -> m.AlterConfigsResponse:
    """Change single settings of topics."""
    results = []
    for resource in request.resources:
        try:
            values = _merged(broker, resource)
        except ApiError as error:
            results.append(_refused(resource.kind, resource.name, error))
            continue
        results.append(
            _change(
                broker,
                resource.kind,
                resource.name,
                values,
                validate_only=request.validate_only,
            )
        )
    return m.AlterConfigsResponse(results=results)


def _merged(broker: Broker, resource: m.ChangeConfigsResource) -> dict[str, str | None]:
    _check_topic(resource.kind)
    values: dict[str, str | None] = dict(broker.topics.find(resource.name).settings)
    for change in resource.configs:
        if change.operation == _SET:
            values[change.name] = change.value
        elif change.operation == _DELETE:
            values[change.name] = None
        else:
            raise ApiError(ErrorCode.INVALID_CONFIG, f"{change.name} is not a list")
    return values


def _change(
    broker: Broker,
    kind: int,
    name: str,
    values: Mapping[str, str | None],
    *,
    validate_only: bool,
) -> m.AlterConfigsResult:
    try:
        _check_topic(kind)
        broker.topics.configure(name, values, validate_only=validate_only)
    except ApiError as error:
        return _refused(kind, name, error)
    return m.AlterConfigsResult(kind=kind, name=name)


def _check_topic(kind: int) -> None:
    if kind != _TOPIC:
        raise ApiError(ErrorCode.INVALID_REQUEST, "only settings of topics can be changed")


def _refused(kind: int, name: str, error: ApiError) -> m.AlterConfigsResult:
    return m.AlterConfigsResult(
        error_code=error.code, error_message=error.message, kind=kind, name=name
    )
