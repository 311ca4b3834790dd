"""Reads `[[windows]]`, `[[references]]`, `[[detectors]]` and `[[alarms]]` from a TOML file.

Errors name the line.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from streaming.declarations.errors import DeclarationsError
from streaming.declarations.specification import Declarations, fitting
from streaming.windows.references import SHIPPED, Reference, read_reference

DEFAULT: Final = Path(__file__).with_name("default.toml")
WINDOWS: Final = "windows"
REFERENCES: Final = "references"
DETECTORS: Final = "detectors"
ALARMS: Final = "alarms"
TABLES: Final = (WINDOWS, DETECTORS, ALARMS)

_PLACE: Final = re.compile(
    r"(?:([a-z]+)\.(\d+)\.)?(?:scores\.([a-z0-9_]+)\.)?([A-Za-z_]+): (.*)", re.DOTALL
)


def read_declarations(path: Path | None) -> Declarations:
    """What a file declares; of what it does not speak of, what ships. Raises DeclarationsError.

    Detectors and alarms that ship are left out where the file's windows have nothing for them.
    """
    shipped = _checked(DEFAULT, *_read(DEFAULT))
    if path is None:
        return shipped
    text, document = _read(path)
    if not {*TABLES, REFERENCES} & document.keys():
        return shipped
    if WINDOWS not in document:
        document[WINDOWS] = _read(DEFAULT)[1][WINDOWS]
    own = dict(document)
    if DETECTORS not in document and ALARMS in document:
        # Its alarms may speak of the detectors that ship.
        plain = {name: tables for name, tables in own.items() if name in (WINDOWS, REFERENCES)}
        known = fitting(_checked(path, text, plain), shipped, alarms_too=False)
        own[DETECTORS] = [spec.model_dump(exclude_none=True) for spec in known.detectors]
    declared = _checked(path, text, own)
    if DETECTORS in document:
        shipped = shipped.model_copy(update={"detectors": ()})
    return fitting(declared, shipped, alarms_too=ALARMS not in document)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeclarationsError(
            f"{path} cannot be read as TOML: {error}. Correct it, or leave it out."
        ) from error


def _checked(path: Path, text: str, document: dict[str, Any]) -> Declarations:
    tables = [
        _reference(path, text, i, entry)
        for i, entry in enumerate(_entries(path, document, REFERENCES))
    ]
    names = [*SHIPPED, *(table.name for table in tables)]
    columns = [column for _, shipped in SHIPPED.values() for column in shipped]
    columns += [column for table in tables for column in table.columns]
    for name in dict.fromkeys([*names, *columns]):
        if names.count(name) > 1 or columns.count(name) > 1:
            raise DeclarationsError(f"{path}: two reference tables have {name!r}; rename one.")
    own = {name: tuple(_entries(path, document, name)) for name in TABLES}
    try:
        return Declarations.model_validate({**own, REFERENCES: tuple(tables)})
    except ValidationError as error:
        raise DeclarationsError(_explained(path, text, error)) from None


def _entries(path: Path, document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = document.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise DeclarationsError(f"{path}: write each of the {name} below a line with [[{name}]].")
    return entries


def _reference(path: Path, text: str, number: int, entry: dict[str, Any]) -> Reference:
    def wrong(field: str, what: str) -> DeclarationsError:
        return DeclarationsError(f"{_at(path, text, REFERENCES, number, field)}: {what}.")

    for field in ("name", "field", "file"):
        if not isinstance(entry.get(field), str):
            raise wrong(field, f"a reference table needs {field} = TEXT")
    for field in entry.keys() - {"name", "field", "file"}:
        raise wrong(field, f"there is no {field!r} here; known: name, field, file")
    try:
        return read_reference(entry["name"], entry["field"], path.parent / entry["file"])
    except ValidationError as error:
        raise wrong("name", str(error.errors()[0]["msg"])) from None
    except ValueError as error:
        field, _, what = str(error).partition(": ")
        raise wrong(field, what) from None


def _explained(path: Path, text: str, error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        message = str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
        table, *loc = problem["loc"] or (WINDOWS,)
        number = loc[0] if loc and isinstance(loc[0], int) else 0
        score, loc = (str(loc[2]), loc[2:]) if _of_score(loc) else ("", loc)
        field = str(loc[1]) if len(loc) > 1 else ""
        if problem["type"] == "extra_forbidden":
            one = "a score" if score else _ONE.get(str(table), "this")
            message = f"{one} has no {field!r}"
        placed = _PLACE.fullmatch(message)
        if placed is not None:
            table = placed[1] or table
            number = int(placed[2]) if placed[2] is not None else number
            score = placed[3] or score
            field, message = placed[4], placed[5]
        if len(loc) > 2 and field in ("values", "metrics", "parameters"):
            message = f"{loc[2]}: {message}"
        lines.append(f"{_at(path, text, str(table), number, field, score)}: {message}")
    return "; ".join(dict.fromkeys(lines)) + "."


_ONE: Final = {WINDOWS: "a window", DETECTORS: "a detector", ALARMS: "an alarm"}


def _of_score(loc: list[Any]) -> bool:
    return len(loc) > 2 and loc[1] == "scores"


def _at(path: Path, text: str, table: str, number: int, field: str, score: str = "") -> str:
    """The line of a field of the numbered entry, of the entry where it has no such line.

    `score` names the window's scores whose field it is.
    """
    lines = text.splitlines()
    heads = [i for i, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{table}\s*\]\]", line)]
    if number >= len(heads):
        return str(path)
    head = heads[number]
    end = next(
        (i for i in range(head + 1, len(lines)) if re.match(r"\s*\[\[", lines[i])), len(lines)
    )
    within = [i for i in range(head, end) if _scores_at(table, lines, i, head) == score]
    head = within[0] if within else head
    for i in within:
        if field and re.match(rf"\s*(?:\[\s*{table}\s*\.\s*{field}\s*\]|{field}\s*=)", lines[i]):
            return f"{path}, line {i + 1}, {field}"
    return f"{path}, line {head + 1}" + (f", {field}" if field else "")


def _scores_at(table: str, lines: list[str], number: int, head: int) -> str:
    """The name of the window's scores that a line is in, "" where it is in none."""
    for i in range(number, head, -1):
        if re.match(r"\s*\[", lines[i]):
            own = re.match(rf"\s*\[\s*{table}\s*\.\s*scores\s*\.\s*(\w+)", lines[i])
            return own[1] if own else ""
    return ""
