"""The settings file as text: one value changed at a time, all else left as it was written."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import textwrap
import tomllib
from pathlib import Path
from typing import Any, Final

from tui.preferences import Preferences

KEPT: Final = 100
"""Names that are tried for a broken file that is put aside."""

HEAD: Final = (
    "# dasprep-tui: settings of the screens, written by hand or by the screen's settings.\n"
)
COMMENT_WIDTH: Final = 96


class NotKept(Exception):
    """A setting could not be written; the text says why."""


def keep(path: Path, name: str, value: Any, *, broken: bool) -> str:
    """Write one setting; returns what else was done, "" mostly. Raises NotKept.

    A file that is no TOML is put aside first, and its new name told: nothing of it is lost.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        said = ""
        if broken and path.exists():
            said = f"the broken file is kept as {_put_aside(path)}"
        text = path.read_text(encoding="utf-8") if path.exists() else fresh()
        _write(path, changed(text, name, value))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise NotKept(f"{path} cannot be written: {why}") from error
    return said


def fresh() -> str:
    """A file in which every setting stands as a comment, with what it is for."""
    parts = [HEAD]
    for name, field in Preferences.model_fields.items():
        told = textwrap.wrap(field.description or "", COMMENT_WIDTH)
        parts.append("\n" + "".join(f"# {line}\n" for line in told))
        if name == "keys":
            parts.append('[keys]\n# app.chaos = "f5"\n')
        else:
            parts.append(f"# {name} = {literal(field.default)}\n")
    return "".join(parts)


def changed(text: str, name: str, value: Any) -> str:
    """The text with one setting of the top changed or added. Raises NotKept."""
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotKept(f"the settings file is not valid TOML: {error}") from error
    lines = text.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines) if re.match(r"\s*\[", line)), len(lines))
    stands = re.compile(rf'\s*"?{re.escape(name)}"?\s*=')
    example = re.compile(rf"#\s*{re.escape(name)}\s*=")
    places = [n for n in range(end) if stands.match(lines[n])]
    new = f"{name} = {literal(value)}\n"
    if places:
        lines[places[0]] = new
    else:
        after = next((n for n in range(end) if example.match(lines[n])), end - 1)
        if lines and not lines[after].endswith("\n") and after < end:
            lines[after] += "\n"
        lines.insert(after + 1, new)
    result = "".join(lines)
    _check(result, {**before, name: value})
    return result


def _check(text: str, wanted: dict[str, Any]) -> None:
    """A line that was not what it looked like, as in a long string, must not be half replaced."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        found = {}
    if found != wanted:
        raise NotKept("the settings file is written in a way that only hands can change")


def literal(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=True)


def _put_aside(path: Path) -> Path:
    for number in range(KEPT):
        aside = path.with_name(f"{path.name}.broken{f'-{number}' if number else ''}")
        with contextlib.suppress(FileExistsError):
            os.link(path, aside)
            path.unlink()
            return aside
    raise OSError(0, "there are a hundred broken ones beside it")


def _write(path: Path, text: str) -> None:
    """Write the whole file or nothing."""
    # Through a link the file it names is written: people keep their settings elsewhere.
    target = path.resolve()
    number, draft = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
