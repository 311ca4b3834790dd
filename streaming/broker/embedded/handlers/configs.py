"""Settings of topics and of the server: describe and change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.messages import admin as m
from streaming.broker.embedded.settings import broker_settings, documentation, split_list
from streaming.broker.embedded.topics import check_name

_TOPIC: Final = 2
_BROKER: Final = 4
_FROM_TOPIC: Final = 1
_FROM_START: Final = 4
_FROM_DEFAULT: Final = 5
_SET: Final = 0
_DELETE: Final = 1
_APPEND: Final = 2
_SUBTRACT: Final = 3


async def describe_configs(
    broker: Broker, request: m.DescribeConfigsRequest, call: Call
) -> m.DescribeConfigsResponse:
    """All settings of a resource, or those named; no names mean all, as in Kafka."""
    results = []
    for resource in request.resources:
        result = m.DescribeConfigsResult(kind=resource.kind, name=resource.name)
        try:
            configs = _described(broker, resource, request)
            result.configs = [c for c in configs if not resource.keys or c.name in resource.keys]
        except ApiError as error:
            result.error_code, result.error_message = error.code, error.message
        results.append(result)
    return m.DescribeConfigsResponse(results=results)


def _described(
    broker: Broker, resource: m.DescribeConfigsResource, request: m.DescribeConfigsRequest
) -> list[m.DescribedConfig]:
    if resource.kind == _BROKER:
        return _server(broker, resource.name)
    if resource.kind != _TOPIC:
        raise ApiError(
            ErrorCode.INVALID_REQUEST, f"resources of type {resource.kind} are unknown here"
        )
    check_name(resource.name)
    own = broker.topics.find(resource.name).settings
    result = []
    for name, setting in broker.topics.known_settings.items():
        sources = []
        if name in own:
            sources.append(m.ConfigSynonym(name=name, value=own[name], source=_FROM_TOPIC))
        if setting.broker_name:
            sources.append(
                m.ConfigSynonym(
                    name=setting.broker_name, value=setting.default, source=_FROM_DEFAULT
                )
            )
        result.append(
            m.DescribedConfig(
                name=name,
                value=own.get(name, setting.default),
                is_default=name not in own,
                source=_FROM_TOPIC if name in own else _FROM_DEFAULT,
                synonyms=sources if request.include_synonyms else [],
                kind=setting.check.kind,
                documentation=documentation(name) if request.include_documentation else None,
            )
        )
    return result


def _server(broker: Broker, name: str) -> list[m.DescribedConfig]:
    """Its own settings. Without a name: those changed for all servers, which none are."""
    if not name:
        return []
    if name != str(broker.config.node_id):
        raise ApiError(ErrorCode.INVALID_REQUEST, f"there is no server {name!r}")
    return [
        m.DescribedConfig(name=key, value=value, read_only=True, source=_FROM_START)
        for key, value in broker_settings(broker.config).items()
    ]


async def alter_configs(
    broker: Broker, request: m.AlterConfigsRequest, call: Call
) -> m.AlterConfigsResponse:
    """Replace topics' own settings as a whole."""
    twice = _named_twice(request.resources)
    results = []
    for resource in request.resources:
        values = {part.name: part.value for part in resource.configs}
        try:
            _check_resource(resource, twice, [part.name for part in resource.configs])
            _refuse_null(values)
            if values:
                broker.topics.configure(resource.name, values, validate_only=request.validate_only)
            results.append(m.AlterConfigsResult(kind=resource.kind, name=resource.name))
        except ApiError as error:
            results.append(_refused(resource, error))
    return m.AlterConfigsResponse(results=results)


async def incremental_alter_configs(
    broker: Broker, request: m.IncrementalAlterConfigsRequest, call: Call
) -> m.AlterConfigsResponse:
    """Change single settings of topics (KIP-339): all of a topic's changes, or none."""
    twice = _named_twice(request.resources)
    results = []
    for resource in request.resources:
        try:
            _check_resource(resource, twice, [part.name for part in resource.configs])
            values = _changed(broker, resource)
            broker.topics.configure(resource.name, values, validate_only=request.validate_only)
            results.append(m.AlterConfigsResult(kind=resource.kind, name=resource.name))
        except ApiError as error:
            results.append(_refused(resource, error))
    return m.AlterConfigsResponse(results=results)


def _changed(broker: Broker, resource: m.ChangeConfigsResource) -> dict[str, str]:
    """The topic's own settings after the changes."""
    values = dict(broker.topics.find(resource.name).settings)
    for change in resource.configs:
        if change.operation == _DELETE:
            values.pop(change.name, None)
            continue
        _refuse_null({change.name: change.value})
        value = change.value or ""
        if change.operation == _SET:
            values[change.name] = value
        elif change.operation in (_APPEND, _SUBTRACT):
            values[change.name] = _list_changed(
                broker, values, change.name, value, change.operation
            )
        else:
            raise ApiError(ErrorCode.INVALID_REQUEST, f"there is no operation {change.operation}")
    return values


def _list_changed(
    broker: Broker, values: Mapping[str, str], name: str, change: str, operation: int
) -> str:
    setting = broker.topics.known_settings.get(name)
    if setting is None or not setting.is_list:
        raise ApiError(ErrorCode.INVALID_CONFIG, f"{name} is not a list")
    words, changed = split_list(values.get(name, setting.default)), split_list(change)
    if operation == _APPEND:
        words += [word for word in changed if word not in words]
    else:
        words = [word for word in words if word not in changed]
    return ",".join(words)


Resource = m.AlterConfigsResource | m.ChangeConfigsResource


def _named_twice(resources: Iterable[Resource]) -> set[tuple[int, str]]:
    counts = Counter((resource.kind, resource.name) for resource in resources)
    return {key for key, count in counts.items() if count > 1}


def _check_resource(resource: Resource, twice: set[tuple[int, str]], names: list[str]) -> None:
    if resource.kind != _TOPIC or not resource.name:
        raise ApiError(ErrorCode.INVALID_REQUEST, "only settings of topics can be changed")
    if (resource.kind, resource.name) in twice:
        raise ApiError(ErrorCode.INVALID_REQUEST, f"{resource.name!r} is in the request twice")
    if len(set(names)) < len(names):
        raise ApiError(ErrorCode.INVALID_REQUEST, "a setting is in the request twice")


def _refuse_null(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            raise ApiError(ErrorCode.INVALID_REQUEST, f"{name} has no value")


def _refused(resource: Resource, error: ApiError) -> m.AlterConfigsResult:
    return m.AlterConfigsResult(
        error_code=error.code,
        error_message=error.message,
        kind=resource.kind,
        name=resource.name,
    )
