"""A tape: a lab to start, how to record it, and the steps of a story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field, field_validator

from streaming.lab.settings import LabSettings
from tui.preferences import DEFAULT_THEME, REFRESH_HZ
from tui.tapes.expressions import Expression
from tui.tapes.problems import Place, near
from tui.tapes.steps import Include, Inject, Marker, Screenshot, Set, Step, TapeModel
from tui.tapes.troubles import KILL_ENGINE

ELSEWHERE: Final = {
    "bootstrap": "--bootstrap", "topic_prefix": "--topic-prefix", "replication": "--replication",
    "data_dir": "--data-dir", "kafka": "the options for another Kafka",
}  # fmt: skip
"""Settings that say where a lab runs: they are of a machine, not of a story."""


class Record(TapeModel):
    """How the tape is recorded, and the size of the screen that it is played on."""

    size: tuple[Annotated[int, Field(ge=40, le=300)], Annotated[int, Field(ge=12, le=120)]] = Field(
        (120, 36), strict=False, description="columns and rows of the app"
    )
    caption_rows: Annotated[int, Field(ge=0, le=6)] = Field(
        2, description="rows for captions, below the app"
    )
    fps: Annotated[int, Field(ge=1, le=30)] = Field(10, description="pictures a second")
    theme: str = Field(DEFAULT_THEME, description="colours of the app")
    hz: float = Field(2.0, description="screen updates a second: 0.5, 1, 2, 4 or 10")

    @field_validator("hz", mode="before")
    @classmethod
    def _known_rate(cls, value: object) -> object:
        if value not in REFRESH_HZ:
            raise ValueError("it is 0.5, 1, 2, 4 or 10")
        return float(value)

    @field_validator("theme")
    @classmethod
    def _known_theme(cls, value: str) -> str:
        from textual.theme import BUILTIN_THEMES

        from tui.themes import OURS

        known = [*BUILTIN_THEMES, *(theme.name for theme in OURS)]
        if value not in known:
            raise ValueError(f"there is no theme {value!r}{near(value, known)}")
        return value


class Head(TapeModel):
    """Everything of a tape but its lab and steps, which are read for themselves."""

    title: Annotated[str, Field(min_length=1, max_length=80)] = Field(
        description="what it is called"
    )
    story: Annotated[str, Field(max_length=200)] = Field(
        "", description="what it tells, in one line"
    )
    stream: str = Field("clicks", description="the stream that metrics and changes are about")
    lab: dict[str, Any] = Field({}, description="the lab to start")
    record: dict[str, Any] = Field({}, description="how it is recorded")
    steps: list[Any] = Field(min_length=1, description="what happens, in order")


class Placed(NamedTuple):
    """A step, where it stands, and which of the tape's it is, counted from 1."""

    number: int
    place: Place
    step: Step


@dataclass(frozen=True)
class Tape:
    """A tape that was checked: everything in it is possible, as far as can be told before."""

    name: str
    title: str
    story: str
    stream: str
    settings: LabSettings
    record: Record
    steps: tuple[Placed, ...]

    @property
    def heading(self) -> str:
        """Title and story in one line."""
        return f"{self.title}: {self.story}" if self.story else self.title


def doubts(step: Step, stream: str, settings: LabSettings) -> Iterator[str]:
    """Yield what is wrong with a step in this lab, which its own fields don't show."""
    for expression in step.expressions:
        yield from _unknown_streams(expression, settings)
    if isinstance(step, Set):
        wanted = step.stream or stream
        if wanted not in ("all", *settings.streams):
            yield f"the lab has no stream {wanted!r}; its streams are {', '.join(settings.streams)}"
        if settings.view != "kinesis" and not step.refused:
            names = ", ".join(step.set.kinesis_only)
            if names:
                yield f"{names}: only the kinesis view has this; add view: kinesis below lab:"
    if isinstance(step, Inject) and step.inject == KILL_ENGINE and step.refused:
        yield "nobody can refuse kill_engine"


def _unknown_streams(expression: Expression, settings: LabSettings) -> Iterator[str]:
    for name in sorted(expression.names):
        if name.stream and name.stream not in settings.streams:
            yield f"the lab has no stream {name.stream!r}; add it to streams below lab:"


def named_twice(steps: tuple[Placed, ...]) -> Iterator[tuple[Placed, str]]:
    """Yield the steps whose picture or chapter has the name of one before."""
    seen: set[tuple[str, str]] = set()
    for placed in steps:
        step = placed.step
        if isinstance(step, Screenshot):
            name = ("screenshot", step.screenshot)
        elif isinstance(step, Marker):
            name = ("marker", step.texts["en"].text)
        else:
            continue
        if name in seen:
            yield placed, f"there is a {name[0]} {name[1]!r} before; give this one another name"
        seen.add(name)


__all__ = ["ELSEWHERE", "Head", "Include", "Placed", "Record", "Tape", "doubts", "named_twice"]
