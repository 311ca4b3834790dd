"""The steps of a tape, one model for each verb; field descriptions are the page of reference."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tui.tapes.changes import Changes
from tui.tapes.expressions import Expression
from tui.tapes.fields import Condition, Keys, Pattern, Seconds, Words
from tui.tapes.texts import Text
from tui.tapes.troubles import check_trouble

DEFAULT_TIMEOUT_S: Final = 30.0
SETTLED_TIMEOUT_S: Final = 60.0
VERIFY_TIMEOUT_S: Final = 120.0


class TapeModel(BaseModel):
    """What all parts of a tape have in common: nothing unknown, nothing converted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False,
        arbitrary_types_allowed=True, populate_by_name=False,
    )  # fmt: skip


class Step(TapeModel):
    """Base of all steps. `VERB` is the field that names it."""

    VERB: ClassVar[str] = ""
    EXAMPLE: ClassVar[str] = ""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression in it."""
        return ()


class _Bare(Step):
    """A step without a value: `- hide` or `- hide:`."""

    @model_validator(mode="before")
    @classmethod
    def _no_value(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get(cls.VERB, True) not in (None, True):
            raise ValueError(f"{cls.VERB} takes no value")
        return {**data, cls.VERB: True}


class Press(Step):
    """Press keys, as a person would; the step ends when the screen has drawn what came of it."""

    VERB: ClassVar[str] = "press"
    EXAMPLE: ClassVar[str] = "press: [h, down, down]"
    press: Keys = Field(description="a key or a list of keys, named as in docs/screens.md")
    times: Annotated[int, Field(ge=1, le=100)] = Field(1, description="how often")
    every: Seconds = Field(0.25, description="pause between two keys")


class Type(Step):
    """Type text into the field that has the focus, character by character."""

    VERB: ClassVar[str] = "type"
    EXAMPLE: ClassVar[str] = 'type: "country"'
    type: Annotated[str, Field(min_length=1, max_length=400)] = Field(description="the text")
    every: Seconds = Field(0.06, description="pause between two characters")

    @field_validator("type", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and not value.isprintable():
            raise ValueError("only characters that can be seen are typed; press is for keys")
        return value


class Set(Step):
    """Change the running lab, and wait for its answer; a refusal fails the tape."""

    VERB: ClassVar[str] = "set"
    EXAMPLE: ClassVar[str] = "set: {key: session_id}"
    set: Changes = Field(description="one or several of the changes below, done in their order")
    stream: str = Field("", description="the stream that is changed; the tape's own, or all")
    refused: bool = Field(False, description="the lab must refuse (the lesson may be that it does)")

    @field_validator("stream")
    @classmethod
    def _known(cls, value: str) -> str:
        from generators.wire import STREAMS

        if value not in ("", "all", *STREAMS):
            raise ValueError(f"there is no stream {value!r}; there are {', '.join(STREAMS)}, all")
        return value


class Inject(Step):
    """Plant trouble: an incident of the shop, a fault of the broker, or a kill."""

    VERB: ClassVar[str] = "inject"
    EXAMPLE: ClassVar[str] = "inject: poison\n    for: 10s"
    inject: str = Field(description="which, of the table below")
    seconds: Seconds | None = Field(
        None,
        alias="for",
        description="how long (10s); incidents count event time, faults the clock's",
    )
    intensity: Annotated[float, Field(ge=0)] = Field(
        0.0, description="how bad, by the incident's own measure; 0: the usual"
    )
    consumer: str = Field(
        "busiest",
        description="whom kill_consumer kills: a name such as c-1, or the busiest, which reads the "
        "hottest shard",
    )
    refused: bool = Field(False, description="the lab must refuse")

    @model_validator(mode="after")
    def _possible(self) -> Inject:
        check_trouble(self.inject, self.seconds, self.intensity)
        return self


class Until(Step):
    """Wait until a condition on the lab's metrics is true; fail when it is not in time."""

    VERB: ClassVar[str] = "until"
    EXAMPLE: ClassVar[str] = "until: max_utilisation > 0.9\n    timeout: 60s"
    until: Condition = Field(description="the condition")
    timeout: Seconds = Field(DEFAULT_TIMEOUT_S, description="how long at most")

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The condition."""
        return (self.until,)


class Screen(TapeModel):
    """What must, and must not, be on a line of the screen."""

    screen: Pattern | None = Field(None, description="a regular expression that a line matches")
    absent: Pattern | None = Field(None, description="one that no line matches")

    @model_validator(mode="after")
    def _something(self) -> Screen:
        if self.screen is None and self.absent is None and not getattr(self, "state", None):
            raise ValueError(f"give {' or '.join(type(self).model_fields)}")
        return self


class Wait(Step):
    """Wait until the screen shows something; captions are not on the screen."""

    VERB: ClassVar[str] = "wait"
    EXAMPLE: ClassVar[str] = "wait: {screen: /EPOCH 2/}"
    wait: Screen = Field(description="a regular expression for a line, or {screen: .., absent: ..}")
    timeout: Seconds = Field(DEFAULT_TIMEOUT_S, description="how long at most")

    @field_validator("wait", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"screen": value} if isinstance(value, str) else value


class Settled(Step):
    """Wait until the lab has been calm for so long.

    Calm: the lab is live and reachable, its broker up, no rebalance under way, no consumer starting
    or joining, no shard without a reader, no command under way that the tape or a key asked for;
    and the lag over all streams is at no time above what it was when the calm began, or what comes
    in within a second, whichever is more. What breaks the calm begins the time anew.
    """

    VERB: ClassVar[str] = "settled"
    EXAMPLE: ClassVar[str] = "settled: 2s"
    settled: Seconds = Field(description="how long it must be calm")
    timeout: Seconds = Field(SETTLED_TIMEOUT_S, description="how long at most, all in all")


class Sleep(Step):
    """Let time pass, so that people can read. Never wait like this for the lab."""

    VERB: ClassVar[str] = "sleep"
    EXAMPLE: ClassVar[str] = "sleep: 4s"
    sleep: Seconds = Field(description="how long")


class Expected(Screen):
    """What must be true of the newest snapshot and of the screen that shows it."""

    state: Condition | None = Field(None, description="a condition on metrics")


class Expect(Step):
    """Check something now, and fail if it is not so; `until` and `wait` are for what takes time."""

    VERB: ClassVar[str] = "expect"
    EXAMPLE: ClassVar[str] = "expect: {screen: /HOT/, state: throttled > 0}"
    expect: Expected = Field(description="a condition, or {screen: ..., absent: ..., state: ...}")

    @field_validator("expect", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return value if isinstance(value, dict) else {"state": value}

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The condition, if there is one."""
        return () if self.expect.state is None else (self.expect.state,)


class _Telling(Step):
    """A step with texts."""

    @property
    def texts(self) -> dict[str, Text]:
        """The texts by language."""
        found: dict[str, Text] = getattr(self, self.VERB)
        return found

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """What is filled in."""
        return tuple(e for text in self.texts.values() for e in text.expressions)


class Caption(_Telling):
    """Tell something below the screen until the next caption; "" ends it."""

    VERB: ClassVar[str] = "caption"
    EXAMPLE: ClassVar[str] = 'caption: "Shard {hottest} is at {max_utilisation:.0%}"'
    caption: Words = Field(description="a text, or one by language: {en: ..., de: ...}")


class Marker(_Telling):
    """Begin a chapter."""

    VERB: ClassVar[str] = "marker"
    EXAMPLE: ClassVar[str] = 'marker: "One hot shard"'
    marker: Words = Field(description="its name, or one by language")


class Screenshot(Step):
    """Keep the screen as a picture when the tape is recorded."""

    VERB: ClassVar[str] = "screenshot"
    EXAMPLE: ClassVar[str] = "screenshot: hot"
    screenshot: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")] = Field(
        description="its name: small letters, digits, - and _"
    )


class Hide(_Bare):
    """Leave out what follows of the recording, its time too; the lab goes on."""

    VERB: ClassVar[str] = "hide"
    EXAMPLE: ClassVar[str] = "hide"
    hide: bool = Field(True, description="no value")


class Show(_Bare):
    """Go on with the recording."""

    VERB: ClassVar[str] = "show"
    EXAMPLE: ClassVar[str] = "show"
    show: bool = Field(True, description="no value")


class Verify(_Bare):
    """Hold the store against the log, record by record; what is lost or wrong fails the tape.

    The lab may go on meanwhile. Afterwards `verified`, `lost`, `duplicates` and `wrong` are known.
    """

    VERB: ClassVar[str] = "verify"
    EXAMPLE: ClassVar[str] = "verify"
    verify: bool = Field(True, description="no value")
    timeout: Seconds = Field(VERIFY_TIMEOUT_S, description="how long at most")


class Include(Step):
    """Play the steps of another tape here; its title and lab count for nothing."""

    VERB: ClassVar[str] = "include"
    EXAMPLE: ClassVar[str] = "include: warm_up.yaml"
    include: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="its path, from this file's folder on"
    )


VERBS: Final[dict[str, type[Step]]] = {
    step.VERB: step
    for step in (
        Press, Type, Set, Inject, Until, Wait, Settled, Sleep, Expect, Caption, Marker, Screenshot,
        Hide, Show, Verify, Include,
    )
}  # fmt: skip
"""Every verb, in the order of the page of reference."""
