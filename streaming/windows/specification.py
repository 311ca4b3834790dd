"""Windows as people ask for them: `[[windows]]` in `dasprep.toml`.

The five kinds, over event time. Panes are what windows are made of (see `panes`); a window's
borders are multiples of its pane.

- tumbling: one after the other, each `size` long (Kinesis Data Analytics: GROUP BY STEP).
- hopping: `size` long, a new one each `slide`; an event is in size / slide of them.
- sliding: the `size` up to each second in which the key has an event (RANGE INTERVAL … PRECEDING).
- stagger: opens at a key's first event and is `size` long; the next one opens at the first event
  after it (WINDOWED BY STAGGER).
- session: as long as no `gap` without an event of the key comes; at most `longest`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from generators.wire import STREAMS
from streaming.anomaly.functions import ScoreSpec
from streaming.windows.durations import milliseconds
from streaming.windows.fields import NUMBERS, TEXTS
from streaming.windows.plan import Kind
from streaming.windows.references import SHIPPED, Reference
from streaming.windows.values import Known, Value, parse_values

PANES_MS: Final = (10_000, 5_000, 1_000, 100)
"""Widths of panes: the widest that divides a window's size and slide is taken."""

FINE_MS: Final = 1_000
"""The pane of the kinds that go by the events of a key, not by the clock."""

LONGEST_MS: Final = 7 * 24 * 3_600_000
MOST_VALUES: Final = 20
MOST_OVERLAP: Final = 1_000
MOST_SCORES: Final = 8
OWN_COLUMNS: Final = ("generation", "start_at", "end_at", "key", "n", "is_final")
"""Of every view of results, beside its values."""


def _duration(value: object) -> object:
    return milliseconds(value) if isinstance(value, str) else value


Duration: TypeAlias = Annotated[int, BeforeValidator(_duration), Field(gt=0, le=LONGEST_MS)]
"""Milliseconds; as text with a unit in the file."""

Lateness: TypeAlias = Annotated[int, BeforeValidator(_duration), Field(ge=0, le=3_600_000)]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]


class WindowSpec(BaseModel):
    """One `[[windows]]` entry."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name = Field(description="names the results; also a view in SQL, as w_NAME")
    stream: str = Field(description="clicks, orders or access")
    kind: Kind = Field("tumbling", description="tumbling, hopping, sliding, stagger or session")
    size: Duration | None = Field(None, description="how long a window is; not for sessions")
    slide: Duration | None = Field(None, description="hopping: from one window to the next")
    gap: Duration | None = Field(None, description="session: the silence that ends it")
    longest: Duration = Field(3_600_000, description="session: it ends after this at the latest")
    group_by: str = Field(
        "", description="one result per text: a field or a template such as {country}:{device}"
    )
    lateness: Lateness | None = Field(
        None, description="how long after its end a window takes events; the lab's if not given"
    )
    early: Duration | None = Field(
        None, description="also give what there is this often, before the window is final"
    )
    values: Annotated[dict[Name, str], Field(min_length=1, max_length=MOST_VALUES)] = Field(
        description="what to compute: NAME = FUNCTION(FIELD)"
    )
    scores: Annotated[dict[Name, ScoreSpec], Field(max_length=MOST_SCORES)] = Field(
        default={}, description="functions of Kinesis over the results: columns beside the values"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.stream not in STREAMS:
            raise ValueError(f"stream: there is no stream {self.stream!r}; {', '.join(STREAMS)}")
        for name in ("size", "slide", "gap"):
            wanted = name in _NEEDS[self.kind]
            if wanted and getattr(self, name) is None:
                raise ValueError(f"{name}: a {self.kind} window needs a {name}")
            if not wanted and getattr(self, name) is not None:
                raise ValueError(f"{name}: a {self.kind} window has no {name}")
        if self.slide is not None and self.size is not None:
            if self.slide > self.size:
                raise ValueError("slide: it is longer than the size, so events would be lost")
            if self.size > self.slide * MOST_OVERLAP:
                raise ValueError(f"slide: an event would be in more than {MOST_OVERLAP} windows")
        if self.kind == "sliding" and self.early is not None:
            raise ValueError("early: a sliding window has a result at each second already")
        for name in ("size", "slide", "gap", "longest"):
            given = getattr(self, name)
            if given is not None and given % self.pane_ms:
                raise ValueError(f"{name}: it must be a multiple of {self.pane_ms} ms")
        self._check_scores()
        return self

    def _check_scores(self) -> None:
        there = {name.lower() for name in (*OWN_COLUMNS, *self.values)}
        for name, score in self.scores.items():
            for column in score.columns:
                if column.name.lower() in there:
                    raise ValueError(
                        f"scores.{name}.prefix: the results have a column {column.name} already; "
                        f'give this one a prefix, such as "{name}_"'
                    )
                there.add(column.name.lower())

    @property
    def pane_ms(self) -> int:
        """The width of its panes in ms. It follows from this window alone, as does what is late."""
        if self.kind not in ("tumbling", "hopping"):
            return FINE_MS
        for width in PANES_MS:
            if not (self.size or 0) % width and not (self.slide or 0) % width:
                return width
        return PANES_MS[-1]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of its key, in order."""
        if "{" not in self.group_by:
            return (self.group_by,) if self.group_by else ()
        return tuple(re.findall(r"\{([^{}]*)\}", self.group_by))

    @property
    def literals(self) -> tuple[str, ...]:
        """The texts around the fields of its key, one more than there are fields."""
        if "{" not in self.group_by:
            return ("",) * (len(self.fields) + 1)
        return tuple(re.split(r"\{[^{}]*\}", self.group_by))


_NEEDS: Final[dict[Kind, tuple[str, ...]]] = {
    "tumbling": ("size",),
    "hopping": ("size", "slide"),
    "sliding": ("size",),
    "stagger": ("size",),
    "session": ("gap",),
}


class Checked(BaseModel):
    """Windows that fit together, and tables of one's own beside those that ship."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    windows: tuple[WindowSpec, ...] = ()
    references: tuple[Reference, ...] = ()

    @model_validator(mode="after")
    def _fit(self) -> Self:
        names = [spec.name for spec in self.windows]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise ValueError(f"windows.{i}.name: two windows are called {name!r}")
        for i, spec in enumerate(self.windows):
            known = known_fields(spec.stream, self.references)
            for field in spec.fields:
                if field not in known.texts:
                    raise ValueError(
                        f"windows.{i}.group_by: {spec.stream} have no field {field!r}; there are "
                        f"{', '.join(sorted(known.texts))}"
                    )
            try:
                parse_values(spec.values, known)
            except ValueError as error:
                raise ValueError(f"windows.{i}.values: {error}") from None
        return self

    def values(self, spec: WindowSpec) -> tuple[Value, ...]:
        """The parsed values of one of these windows."""
        return parse_values(spec.values, known_fields(spec.stream, self.references))


def known_fields(stream: str, references: Sequence[Reference]) -> Known:
    """A stream's fields, with those that reference tables add to it."""
    texts = dict.fromkeys(TEXTS[stream])
    tables = [*SHIPPED.values(), *((table.field, table.columns) for table in references)]
    for field, columns in tables:
        if field in TEXTS[stream]:
            texts.update(dict.fromkeys(columns))
    return Known(tuple(texts), tuple(NUMBERS[stream]))


def definition(spec: WindowSpec) -> Mapping[str, Any]:
    """The specification as it is written, for the store and for comparing.

    Without its scores: with other ones the window stays what it is.
    """
    return spec.model_dump(exclude_none=True, exclude={"scores"})
