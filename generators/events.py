"""The published contract of the events: what each field means and may be.

These models are for readers and for the edges (schemas, docs, checks); the hot path uses the
structs of `generators.wire`, whose JSON has the same fields in the same order.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from generators.wire import SCHEMA_VERSION

Text = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=0)]
Cents = Annotated[int, Field(ge=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _ShopEvent(_Model):
    v: Literal[1] = Field(SCHEMA_VERSION, description="Version of this schema.")
    id: Text = Field(description="Unique over the life of the lab.")
    ts: Count = Field(description="Event time in ms since the Unix epoch, UTC.")
    seq: Count = Field(
        description="Number of this customer's event within its stream; each incarnation of the "
        "generators begins at incarnation * 2**32, and there are no gaps within one."
    )
    type: str
    customer_id: Text
    session_id: Text
    product_id: str = Field(max_length=200, description="Empty if the step is about no product.")
    category: Text
    country: str = Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")
    device: Literal["mobile", "desktop", "tablet"]


class ClickEvent(_ShopEvent):
    """One step of a visitor's session."""

    type: Literal["land", "view", "search", "add_to_cart", "checkout", "leave"]
    campaign: str = Field(description="What brought the visitor; empty for a direct visit.")
    page: Text = Field(description="Path of the page, with its query.")
    query: str = Field(description="What was searched for; empty unless the type is search.")
    load_ms: Count = Field(description="Load time of the page in ms.")


class OrderLineModel(_Model):
    """One product of an order."""

    product_id: Text
    category: Text
    quantity: int = Field(ge=1, description="Pieces.")
    price_cents: Cents = Field(description="Price of one piece in cents.")


class OrderEvent(_ShopEvent):
    """An order placed at the end of a session.

    `product_id` and `category` are those of the line with the highest value.
    """

    type: Literal["paid", "declined"]
    product_id: Text
    campaign: str = Field(description="What brought the visitor; empty for a direct visit.")
    order_id: Text
    checkout_id: Text = Field(description="Id of the checkout click the order follows from.")
    payment: Literal["card", "wallet", "transfer", "invoice"]
    city: Text
    lines: tuple[OrderLineModel, ...] = Field(min_length=1, max_length=4)
    total_cents: Cents = Field(description="Sum of quantity times price over the lines, in cents.")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.total_cents != sum(line.quantity * line.price_cents for line in self.lines):
            raise ValueError("total_cents is not the sum of the lines")
        return self


class AccessLogEvent(_ShopEvent):
    """The web server's record of the request behind a click."""

    type: Literal["2xx", "3xx", "4xx", "5xx"] = Field(description="Class of the status.")
    request_id: Text = Field(description="Id of the click this was the request of.")
    ip: str = Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}$")
    method: Literal["GET", "POST"]
    path: Text
    status: int = Field(ge=200, le=599)
    size: Count = Field(description="Bytes of the body.")
    line: str = Field(description="The request in the combined log format.")

    @model_validator(mode="after")
    def _has_its_class(self) -> Self:
        if self.type != f"{self.status // 100}xx":
            raise ValueError("type is not the class of the status")
        return self
