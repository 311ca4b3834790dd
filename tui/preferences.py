"""What a viewer wants of the screens, kept between starts: one model, three places it comes from.

An option goes before the environment (DASPREP_SCREEN_THEME, ...), that before the file
`settings.toml` in the user's configuration directory, that before the defaults.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from streaming import platform
from streaming.lab.sources import SettingsError

REFRESH_HZ: Final = (0.5, 1.0, 2.0, 4.0, 10.0)
FILE: Final = "settings.toml"
PREFIX: Final = "DASPREP_SCREEN_"
DEFAULT_THEME: Final = "textual-dark"
TRUE: Final = ("true", "yes", "on", "1")
FALSE: Final = ("false", "no", "off", "0")


class Preferences(BaseModel):
    """Everything that is kept. The field descriptions are the user's documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    theme: str = Field(
        default=DEFAULT_THEME,
        description="colours: Textual's own themes, dasprep-projector (light, large differences) "
        "and dasprep-calm (dark, quiet)",
    )
    hz: float = Field(default=2.0, description="screen updates a second: 0.5, 1, 2, 4 or 10")
    limits: Literal["today", "course"] = Field(
        default="today",
        description="the numbers that --limits on means: the service's present quotas (today) or "
        "those that courses teach (course)",
    )
    ascii: bool = Field(default=False, description="draw with plain ASCII only")
    tour_hidden: bool = Field(default=False, description="do not show the tour at the start")
    keys: dict[str, str] = Field(
        default_factory=dict,
        description='other keys, in the file below [keys]: app.chaos = "f5", the names as in '
        "docs/screens.md, several keys with commas between them",
    )

    @field_validator("hz")
    @classmethod
    def _known_rate(cls, value: float) -> float:
        if value not in REFRESH_HZ:
            raise ValueError("it is 0.5, 1, 2, 4 or 10")
        return value

    @field_validator("keys", mode="before")
    @classmethod
    def _flat(cls, value: object) -> object:
        """TOML reads app.chaos = "f5" as a table in a table."""
        return dict(_flattened("", value)) if isinstance(value, dict) else value


def _flattened(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in table.items():
        inner = f"{prefix}{name}"
        found += _flattened(f"{inner}.", value) if isinstance(value, dict) else [(inner, value)]
    return found


class Choice(NamedTuple):
    """What holds for this start, and where it comes from."""

    preferences: Preferences = Preferences()
    kept: Preferences = Preferences()
    """As the file has it: what options and the environment say is not written there."""

    path: Path | None = None
    """The file; None keeps nothing."""

    sources: Mapping[str, str] = {}
    """Field to the option, variable or file that gave it; absent: the default."""

    warnings: tuple[str, ...] = ()
    broken: bool = False
    """The file is no TOML; it has to be put aside before anything is written."""


def settings_path() -> Path:
    """The file of this user."""
    return platform.config_home() / FILE


def choose(
    path: Path, environ: Mapping[str, str], options: Mapping[str, Any] | None = None
) -> Choice:
    """What holds by file, environment and options. Raises SettingsError for the environment.

    A wrong file raises nothing: the screens come up with the defaults and say what is wrong.
    """
    values, warnings, broken = _from_file(path)
    kept, more = _validated(path, values)
    sources = dict.fromkeys((name for name in values if name in kept.model_fields_set), str(path))
    given = {name: (value, variable(name)) for name, value in _from_environment(environ).items()}
    for name, value in (options or {}).items():
        if value is not None:
            given[name] = (value, f"--{name}")
    try:
        changed = {name: value for name, (value, _) in given.items()}
        preferences = Preferences.model_validate({**kept.model_dump(), **changed})
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        where = given[str(problem["loc"][0])][1]
        raise SettingsError(f"Wrong setting. {where}: {_words(problem)}.") from None
    sources |= {name: where for name, (_, where) in given.items()}
    return Choice(preferences, kept, path, sources, (*warnings, *more), broken)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def _from_file(path: Path) -> tuple[dict[str, Any], list[str], bool]:
    """The values in the file, what is wrong with it, and whether it can be read at all."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), [], False
    except FileNotFoundError:
        return {}, [], False
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        text = f"{path} is not valid TOML: {error}. The defaults hold; the file is kept as it is."
        return {}, [text], True
    except OSError as error:
        return {}, [f"{path} cannot be read: {error.strerror}. The defaults hold."], False


def _validated(path: Path, values: dict[str, Any]) -> tuple[Preferences, list[str]]:
    """The preferences, the default in place of each wrong one, and what is wrong."""
    warnings: list[str] = []
    values = dict(values)
    while True:
        try:
            return Preferences.model_validate(values), warnings
        except ValidationError as error:
            problems = error.errors(include_input=False)
            for problem in problems:
                name = str(problem["loc"][0])
                inner = str(problem["loc"][1]) if len(problem["loc"]) > 1 else ""
                where = _line_of(path, inner or name)
                full = f"keys.{inner}" if inner else name
                warnings.append(f"{path}{where}: {full}: {_words(problem)}; the default holds.")
                values.pop(name, None)


def _words(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return f"there is no such setting; known: {', '.join(Preferences.model_fields)}"
    return str(problem["msg"]).removeprefix("Value error, ").rstrip(".")


def _line_of(path: Path, name: str) -> str:
    """Where a name stands in the file, as ", line 3"; "" if that cannot be told."""
    pattern = re.compile(rf'^\s*(\[\s*)?"?{re.escape(name)}"?\s*[=\]]')
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    numbers = (number for number, line in enumerate(lines, 1) if pattern.match(line))
    return next((f", line {number}" for number in numbers), "")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = {variable(name): name for name in Preferences.model_fields if name != "keys"}
    for key, text in environ.items():
        if key.startswith(PREFIX) and key not in known:
            raise SettingsError(
                f"{key} in the environment: there is no such setting; known: {', '.join(known)}."
            )
        if key in known and text:
            found[known[key]] = _parsed(known[key], text)
    return found


def _parsed(name: str, text: str) -> Any:
    """A variable's text as its setting's type; unchanged where it is none, to be refused."""
    kind = Preferences.model_fields[name].annotation
    low = text.strip().lower()
    if kind is bool:
        return low in TRUE if low in (*TRUE, *FALSE) else text
    if kind is float:
        try:
            return float(text)
        except ValueError:
            return text
    return text
