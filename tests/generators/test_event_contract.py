"""The pydantic models and the structs on the wire are one contract."""

from __future__ import annotations

import msgspec
import pytest
from pydantic import BaseModel, ValidationError
from shop_runs import ALL, new_shop, records

from generators import wire
from generators.events import AccessLogEvent, ClickEvent, OrderEvent, OrderLineModel

PAIRS: list[tuple[str, type[BaseModel], type[msgspec.Struct], tuple[str, ...]]] = [
    (wire.CLICKS, ClickEvent, wire.Click, wire.CLICK_TYPES),
    (wire.ORDERS, OrderEvent, wire.Order, wire.ORDER_TYPES),
    (wire.ACCESS, AccessLogEvent, wire.Access, wire.ACCESS_TYPES),
]


@pytest.fixture(scope="module")
def events() -> dict[str, list[wire.Emitted]]:
    by_stream: dict[str, list[wire.Emitted]] = {name: [] for name in wire.STREAMS}
    for record in records(new_shop(streams=ALL), 20):
        by_stream[record.stream].append(record)
    return by_stream


def json_type(schema: dict[str, object]) -> object:
    """The type of a field as JSON knows it, the same for a constant as for what it is one of."""
    known = {"string": "string", "integer": "integer", "array": "array"}
    kind = str(schema.get("type", ""))
    if kind in known:
        return known[kind]
    return "integer" if isinstance(schema.get("const"), int) else "string"


@pytest.mark.parametrize(
    ("model", "struct"),
    [*[(model, struct) for _, model, struct, _ in PAIRS], (OrderLineModel, wire.OrderLine)],
    ids=lambda kind: kind.__name__,
)
def test_same_fields_types_and_order(model: type[BaseModel], struct: type[msgspec.Struct]) -> None:
    published = model.model_json_schema()["properties"]
    (_, defined) = msgspec.json.schema_components([struct])
    travelling = defined[struct.__name__]["properties"]

    assert list(published) == list(travelling)
    assert [json_type(field) for field in published.values()] == [
        json_type(field) for field in travelling.values()
    ]


@pytest.mark.parametrize(("stream", "model", "struct", "types"), PAIRS, ids=wire.STREAMS)
def test_same_bytes_both_ways(
    events: dict[str, list[wire.Emitted]],
    stream: str,
    model: type[BaseModel],
    struct: type[msgspec.Struct],
    types: tuple[str, ...],
) -> None:
    for record in events[stream]:
        published = model.model_validate_json(record.value)
        assert published.model_dump_json().encode() == record.value
        assert msgspec.json.decode(published.model_dump_json(), type=struct) == record.event
        assert msgspec.json.encode(record.event) == record.value
        assert record.key_hint == record.event.customer_id
    assert {record.event.type for record in events[stream]} == set(types)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("stream", "change"),
    [
        (wire.CLICKS, {"v": 2}),
        (wire.CLICKS, {"type": "jump"}),
        (wire.CLICKS, {"load_ms": -1}),
        (wire.CLICKS, {"ts": "yesterday"}),
        (wire.CLICKS, {"country": "usa"}),
        (wire.CLICKS, {"extra": 1}),
        (wire.ORDERS, {"total_cents": 1}),
        (wire.ORDERS, {"lines": []}),
        (wire.ORDERS, {"payment": "shells"}),
        (wire.ACCESS, {"status": 999}),
        (wire.ACCESS, {"type": "6xx"}),
    ],
    ids=str,
)
def test_the_models_refuse_what_the_contract_excludes(
    events: dict[str, list[wire.Emitted]], stream: str, change: dict[str, object]
) -> None:
    model = {name: model for name, model, _, _ in PAIRS}[stream]
    fields = msgspec.json.decode(events[stream][0].value)

    with pytest.raises(ValidationError):
        model.model_validate_json(msgspec.json.encode({**fields, **change}))


def test_the_type_of_an_access_record_is_the_class_of_its_status(
    events: dict[str, list[wire.Emitted]],
) -> None:
    fields = msgspec.json.decode(events[wire.ACCESS][0].value)

    with pytest.raises(ValidationError, match="class of the status"):
        AccessLogEvent.model_validate_json(
            msgspec.json.encode({**fields, "status": 503, "type": "2xx"})
        )
