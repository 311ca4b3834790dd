"""Reference tables: what is known of a field's values, joined to every event that has them.

As Kinesis Data Analytics joins a table from S3: a left join, so that an event whose value is not
in the table stays, with "" in the columns.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from streaming.windows.fields import TEXTS

MOST_ROWS: Final = 100_000
CATEGORY: Final = "product_category"

Rows: TypeAlias = dict[str, tuple[str, ...]]

REGIONS: Final[Rows] = {
    "US": ("North America",),
    "BR": ("South America",),
    "DE": ("Europe",),
    "GB": ("Europe",),
    "FR": ("Europe",),
    "ES": ("Europe",),
    "PL": ("Europe",),
    "AT": ("Europe",),
    "NL": ("Europe",),
    "SE": ("Europe",),
    "JP": ("Asia",),
    "IN": ("Asia",),
}
"""The shop's countries (ISO 3166) and their continents, by the United Nations' M49."""


class Reference(BaseModel):
    """A table of one's own: rows by values of `field`; `columns` become fields of the events."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    field: str
    columns: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")], ...]
    rows: Rows = Field(repr=False)


SHIPPED: Final = {"regions": ("country", ("region",)), "products": ("product_id", (CATEGORY,))}
"""The tables that every lab has: name to key and columns."""


def shipped_rows(name: str, seed: int) -> Rows:
    """The rows of one of them; `seed` is the lab's, whose products they are."""
    if name == "regions":
        return REGIONS
    from generators.catalog import build_pool  # slow to import, and seldom needed

    return {product.id: (product.category,) for product in build_pool(seed).products}


def read_reference(name: str, field: str, path: Path) -> Reference:
    """A table from a CSV file with a header, whose column `field` is the key.

    Raises ValueError in the user's words.
    """
    taken = {text for fields in TEXTS.values() for text in fields}
    if field not in taken:
        raise ValueError(f"field: no event has a field {field!r}")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"file: {path} cannot be read: {error}") from None
    if not rows or field not in rows[0]:
        raise ValueError(f"file: {path} has no column {field!r} in its first line")
    at = rows[0].index(field)
    columns = _without(rows[0], at)
    for column in columns:
        if column in taken:
            raise ValueError(f"file: {path} has a column {column!r}, which events have already")
    if len(rows) > MOST_ROWS:
        raise ValueError(f"file: {path} has more than {MOST_ROWS} rows")
    table: Rows = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"file: {path}, line {number} has {len(row)} columns of {len(rows[0])}"
            )
        if row[at] in table:
            raise ValueError(f"file: {path}, line {number}: {row[at]!r} is there twice")
        table[row[at]] = _without(row, at)
    return Reference(name=name, field=field, columns=columns, rows=table)


def _without(row: Sequence[str], at: int) -> tuple[str, ...]:
    return tuple(row[:at]) + tuple(row[at + 1 :])
