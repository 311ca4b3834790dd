"""Where a setting can come from, and what to say of a wrong one: file, environment, command line.

A setting's name is the same everywhere: `rate` in the file's table [lab] is DASPREP_RATE in the
environment, `username` in [kafka] is DASPREP_KAFKA_USERNAME.
"""

from __future__ import annotations

import difflib
import re
import shlex
import stat
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import BaseModel, ValidationError

from streaming import platform

PREFIX: Final = "DASPREP_"
RESERVED: Final = ("DASPREP_TEST_", "DASPREP_FAULT", "DASPREP_GOLDEN", "DASPREP_SCREEN_")
"""Beginnings of names that belong to tests and to the screens; they are no settings of a lab."""

_TRUE: Final = ("true", "yes", "on", "1")
_FALSE: Final = ("false", "no", "off", "0")


class SettingsError(Exception):
    """A setting is wrong; the text says which, why and what to do."""


class Given(NamedTuple):
    """A value and where it came from, in the user's words."""

    value: Any
    where: str


Models: TypeAlias = Mapping[str, type[BaseModel]]
"""Table name to the model of its settings."""

Found: TypeAlias = dict[str, dict[str, Given]]
"""Table name to setting name to value."""


def from_file(path: Path, models: Models) -> Found:
    """The tables of a TOML file. Raises SettingsError."""
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
    _check_tables(path, document, models)
    return {
        table: {name: Given(v, f"{name} in {path}") for name, v in document.get(table, {}).items()}
        for table in models
    }


def _check_tables(path: Path, document: dict[str, Any], models: Models) -> None:
    for name, value in document.items():
        if name in models:
            if not isinstance(value, dict):
                raise SettingsError(f"In {path}, [{name}] must be a table of settings.")
            continue
        home = [table for table, model in models.items() if name in model.model_fields]
        if home:
            raise SettingsError(f"In {path}, {name} must stand below a line with [{home[0]}].")
        near = difflib.get_close_matches(name, models, 1)
        if near:
            raise SettingsError(f"In {path}, [{name}] is unknown; did you mean [{near[0]}]?")


def readable_by_all(path: Path) -> bool:
    """Whether every user of this machine may read the file; Windows does not say it like this."""
    if platform.WINDOWS:
        return False
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def from_environment(environ: Mapping[str, str], models: Models, main: str) -> Found:
    """Settings from variables; those of table `main` have no table in their names.

    An empty variable counts as not given. Raises SettingsError for a name that is no setting.
    """
    known = {
        variable(name, "" if table == main else table): (table, name)
        for table, model in models.items()
        for name in model.model_fields
        if name not in models
    }
    found: Found = {table: {} for table in models}
    for key, text in environ.items():
        if not key.startswith(PREFIX) or key.startswith(RESERVED):
            continue
        if key not in known:
            near = difflib.get_close_matches(key, known, 2)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise SettingsError(
                f"{key} in the environment: there is no such setting{hint or '.'} "
                "docs/kafka.md says how they are named; unset it if it is another program's."
            )
        table, name = known[key]
        if text:
            value = _parsed(models[table], name, text)
            found[table][name] = Given(value, f"{key} in the environment")
    return found


def variable(name: str, table: str = "") -> str:
    """The environment variable of a setting."""
    return PREFIX + (f"{table}_{name}" if table else name).upper()


def validated(table: str, given: Mapping[str, Given], models: Models) -> Any:
    """An instance of the table's model. Raises SettingsError that says where wrong values are."""
    try:
        return models[table].model_validate({name: g.value for name, g in given.items()})
    except ValidationError as error:
        lines = [_line(p, table, given, models) for p in error.errors(include_input=False)]
        # From None: pydantic's own text is of no use to anybody who reads it later.
        raise SettingsError("Wrong setting. " + "; ".join(dict.fromkeys(lines)) + ".") from None


def _line(problem: Any, table: str, given: Mapping[str, Given], models: Models) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
    if not problem["loc"]:
        named = [g.where for name, g in given.items() if re.search(rf"\b{name}\b", message)]
        return f"[{table}]: {message}" + (f" (from {', '.join(named)})" if named else "")
    name = str(problem["loc"][0])
    where = given[name].where if name in given else name
    if problem["type"] == "extra_forbidden":
        other = [t for t, model in models.items() if t != table and name in model.model_fields]
        if other:
            return f"{where}: it belongs below [{other[0]}], not [{table}]"
        known = (name for name in models[table].model_fields if name not in models)
        message = f"there is no such setting; known: {', '.join(known)}"
    return f"{where}: {message}"


def _parsed(model: type[BaseModel], name: str, text: str) -> Any:
    """A variable's text as the type of its setting; unchanged where it is none of that type."""
    kind = _kind(typing.get_type_hints(model)[name])
    if kind is bool:
        low = text.strip().lower()
        return low in _TRUE if low in (*_TRUE, *_FALSE) else text
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    if kind is tuple:
        if name.endswith("command"):
            try:
                return shlex.split(text)
            except ValueError:
                return text
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _kind(hint: Any) -> Any:
    """The type of a setting without "or None"."""
    choices = [choice for choice in typing.get_args(hint) if choice is not NoneType]
    origin = typing.get_origin(hint)
    if origin is not None and origin is not tuple and len(choices) == 1:
        return _kind(choices[0])
    return origin or hint
