"""A lab's settings: defaults, `dasprep.toml`, then the command line, checked in one place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from generators.wire import STREAMS
from streaming.shards.keys import STRATEGIES

CONFIG_FILE: Final = "dasprep.toml"
TABLE: Final = "lab"


class SettingsError(Exception):
    """A setting is wrong; the text says which, why and what to do."""


class LabSettings(BaseModel):
    """Everything a lab is started with. The field descriptions are the user's documentation."""

    # Strict: true is not 1, and "12" is not 12. Lists and paths come as JSON has them.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    rate: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        1000.0, description="records per second over all streams"
    )
    shape: str = Field("constant", description="how the rate moves over time")
    shards: Annotated[int, Field(ge=1, le=200)] = Field(
        4, description="shards (partitions) of each stream"
    )
    consumers: Annotated[int, Field(ge=1, le=32)] = Field(
        2, description="consumer processes in the group"
    )
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = Field(7, description="same seed, same events")
    key: str = Field("customer_id", description="the field that decides a record's shard")
    streams: tuple[str, ...] = Field(
        ("clicks", "orders"),
        description="streams to produce, of clicks, orders, access",
        strict=False,
    )
    bootstrap: str | None = Field(
        None, description="HOST:PORT of another Kafka instead of the embedded broker"
    )
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = Field(
        "", description="put before each topic's name"
    )
    replication: Annotated[int, Field(ge=1, le=5)] | None = Field(
        None,
        description="replicas of new topics (as many as the cluster has nodes, three at most)",
    )
    lateness_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        10.0, description="allowed lateness: windows stay open this long past their end"
    )
    idle_s: Annotated[float, Field(ge=0.5, le=600)] = Field(
        5.0, description="a shard without records this long no longer holds the watermark back"
    )
    session_timeout_s: Annotated[float, Field(ge=1, le=300)] = Field(
        6.0, description="a consumer silent this long loses its shards"
    )
    flush_ms: Annotated[int, Field(ge=20, le=5000)] = Field(
        150, description="how often a consumer hands over what it has"
    )
    store_clicks: bool = Field(False, description="keep raw clicks too, not only orders")
    keep_hours: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        24.0, description="raw events older than this are deleted"
    )
    keep_rows: Annotated[int, Field(ge=1000)] = Field(
        2_000_000, description="at most this many raw events per table are kept"
    )
    data_dir: Annotated[Path, Field(strict=False)] | None = Field(
        None, description="where the lab keeps its data"
    )

    @field_validator("key")
    @classmethod
    def _known_key(cls, value: str) -> str:
        if value not in STRATEGIES:
            raise ValueError(f"unknown key {value!r}; known: {', '.join(STRATEGIES)}")
        return value

    @field_validator("shape")
    @classmethod
    def _known_shape(cls, value: str) -> str:
        from generators.traffic import SHAPES

        if value not in SHAPES:
            raise ValueError(f"unknown shape {value!r}; known: {', '.join(SHAPES)}")
        return value

    @field_validator("streams")
    @classmethod
    def _known_streams(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [name for name in value if name not in STREAMS]
        if wrong or not value or len(set(value)) != len(value):
            raise ValueError(f"give each of {', '.join(STREAMS)} at most once, at least one")
        return tuple(name for name in STREAMS if name in value)

    @field_validator("bootstrap")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        for address in value.split(","):
            host, _, port = address.strip().rpartition(":")
            if not re.fullmatch(r"[A-Za-z0-9._\-\[\]:]+:[0-9]{1,6}", f"{host}:{port}"):
                raise ValueError(f"{address!r} is not HOST:PORT")
            if not 0 < int(port) < 65536:
                raise ValueError(f"{port} is not a port (1 to 65535)")
        return value

    @property
    def lateness_ms(self) -> int:
        """Allowed lateness in milliseconds."""
        return round(self.lateness_s * 1000)

    def topic(self, stream: str) -> str:
        """The Kafka topic of a stream."""
        return f"{self.topic_prefix}{stream}"

    @property
    def group(self) -> str:
        """The consumer group's name."""
        return f"{self.topic_prefix}dasprep-lab"

    @property
    def dead_letter_topic(self) -> str:
        """The topic that gets the bytes of records that are no events."""
        return f"{self.topic_prefix}dead-letters"


def load(config: Path | None, overrides: dict[str, Any]) -> LabSettings:
    """Settings from a TOML file (its table [lab]) and overrides (None means "not given").

    Without `config`, `dasprep.toml` in the current folder is read when it is there. Raises
    SettingsError.
    """
    values: dict[str, Any] = {}
    source = config or Path(CONFIG_FILE)
    if config is not None or source.is_file():
        values = _read(source)
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return LabSettings.model_validate({**values, **given})
    except ValidationError as error:
        raise SettingsError(_say(error, source, values, given)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"There is no settings file {path}. Check the path given.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path} is not valid TOML: {error}. Correct it or move it away."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}."
        ) from error
    table = document.get(TABLE, {})
    if not isinstance(table, dict):
        raise SettingsError(f"In {path}, [{TABLE}] must be a table of settings.")
    astray = [name for name in document if name in LabSettings.model_fields]
    if astray:
        raise SettingsError(
            f"In {path}, {', '.join(astray)} must stand below a line with [{TABLE}]."
        )
    return table


def _say(
    error: ValidationError, source: Path, values: dict[str, Any], given: dict[str, Any]
) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        option = name.removesuffix("_s").replace("_", "-")
        where = f"--{option}" if name in given else f"{name} in {source}"
        if name not in given and name not in values:
            where = name
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            known = ", ".join(LabSettings.model_fields)
            message = f"there is no such setting; known: {known}"
        lines.append(f"{where}: {message}")
    return "Wrong setting. " + "; ".join(dict.fromkeys(lines)) + "."
