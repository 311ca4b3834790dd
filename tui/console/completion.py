"""What can stand where the cursor is in a query: tables, columns, keywords. Rules, no parser."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from streaming.store.catalogue import Catalogue, Table
from tui.safe import safe

MOST: Final = 50
_NAME_LIMIT: Final = 200
_WORD: Final = re.compile(r"[^\W\d]\w*\Z|\Z")
_QUALIFIED: Final = re.compile(r'("(?:[^"]|"")+"|[^\W\d]\w*)\s*\.\s*\Z')
_NAMES: Final = re.compile(
    r'\b(?:from|join|describe|summarize)\s+("(?:[^"]|"")+"|[^\W\d]\w*)'
    r'(?:\s+(?:as\s+)?("(?:[^"]|"")+"|[^\W\d]\w*))?|,\s*("(?:[^"]|"")+"|[^\W\d]\w*)',
    re.IGNORECASE,
)
_BEFORE_TABLE: Final = re.compile(r"\b(from|join|describe|summarize|table)\s+\Z", re.IGNORECASE)
_IN_TABLES: Final = re.compile(
    r"\bfrom\s+[\w\"]+(\s+\w+)?(\s*,\s*[\w\"]+(\s+\w+)?)*\s*,\s*\Z", re.I
)
_SKIPPED: Final = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*(?:'|\Z)", re.DOTALL)

KEYWORDS: Final = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "OFFSET", "JOIN",
    "LEFT JOIN", "USING", "ON", "AS", "AND", "OR", "NOT", "IN", "IS NULL", "IS NOT NULL",
    "BETWEEN", "LIKE", "ILIKE", "DISTINCT", "CASE", "WHEN", "THEN", "ELSE", "END", "UNION ALL",
    "WITH", "QUALIFY", "OVER", "PARTITION BY", "FILTER", "DESC", "ASC", "NULLS LAST", "EXISTS",
    "DESCRIBE", "SUMMARIZE", "SHOW TABLES", "EXPLAIN", "EXPLAIN ANALYZE", "ALL", "INTERVAL",
    "CAST", "TRY_CAST", "TRUE", "FALSE", "NULL", "VALUES", "EXCLUDE", "USING SAMPLE",
)  # fmt: skip
FUNCTIONS: Final = (
    "count", "sum", "avg", "min", "max", "median", "quantile_cont", "stddev", "any_value",
    "arg_max", "arg_min", "approx_count_distinct", "list", "string_agg", "date_trunc",
    "time_bucket", "epoch_ms", "make_timestamp_ms", "to_seconds", "round", "abs", "coalesce",
    "nullif", "greatest", "least", "length", "lower", "upper", "left", "regexp_matches",
    "row_number", "rank", "lag", "lead", "first_value", "json_extract", "now",
)  # fmt: skip
_RESERVED: Final = frozenset(
    word.lower() for phrase in (*KEYWORDS, "TABLE", "TO") for word in phrase.split()
)


class Suggestion(NamedTuple):
    """What can be put in, and what it is."""

    text: str
    kind: str


class Offer(NamedTuple):
    """Suggestions for the text from `start` to the cursor."""

    start: int
    items: tuple[Suggestion, ...]


def offer(text: str, cursor: int, catalogue: Catalogue) -> Offer:
    """What fits at the cursor of a query; nothing within a string or a comment."""
    plain = _blanked(text[:cursor])
    if plain is None:
        return Offer(cursor, ())
    found = _WORD.search(plain)
    start = cursor if found is None else found.start()
    word, before = text[start:cursor], plain[:start]
    if before.endswith('"') and before.count('"') % 2:  # in the middle of a quoted name
        start, before = start - 1, before[:-1]
    names = _mentioned(_blanked(text) or text, catalogue)
    items = _ranked(word, _candidates(before, names, catalogue))
    return Offer(start, items)


def _candidates(before: str, names: dict[str, Table], catalogue: Catalogue) -> Iterator[Suggestion]:
    qualified = _QUALIFIED.search(before)
    if qualified is not None:
        table = names.get(_bare(qualified[1])) or catalogue.table(_bare(qualified[1]))
        yield from _columns(catalogue.tables if table is None else [table])
        return
    tables = [_named(t) for t in catalogue.tables if _typable(t.name)]
    if _BEFORE_TABLE.search(before) or _IN_TABLES.search(before):
        yield from sorted(tables, key=lambda item: len(item.text))  # the main ones are short
        return
    yield from _columns(list(dict.fromkeys(names.values())))
    yield from (Suggestion(word, "keyword") for word in KEYWORDS)
    yield from tables
    yield from (Suggestion(f"{name}(", "function") for name in FUNCTIONS)
    if not names:  # nothing is named yet: SELECT is typed before FROM
        yield from _columns(catalogue.tables)


def _named(table: Table) -> Suggestion:
    return Suggestion(quoted(table.name), "view" if table.is_view else "table")


def _columns(tables: Iterable[Table]) -> Iterator[Suggestion]:
    for table in tables:
        for name, kind in table.columns:
            if _typable(name):
                yield Suggestion(quoted(name), f"{table.name} {kind}")


def _ranked(word: str, candidates: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Those that begin with the word, or else those that hold it; each text once."""
    wanted = word.lower()
    first: dict[str, Suggestion] = {}
    later: dict[str, Suggestion] = {}
    for item in candidates:
        name = item.text.strip('"').lower()
        if name.startswith(wanted):
            first.setdefault(item.text, item)
        elif len(wanted) > 1 and wanted in name:
            later.setdefault(item.text, item)
    return tuple((first or later).values())[:MOST]


def _mentioned(plain: str, catalogue: Catalogue) -> dict[str, Table]:
    """The tables a query names, by their names and by their aliases."""
    found: dict[str, Table] = {}
    for match in _NAMES.finditer(plain):
        name, alias = _bare(match[1] or match[3]), match[2]
        table = catalogue.table(name)
        if table is None:
            continue
        found[name] = table
        if alias and alias.lower() not in _RESERVED:
            found[_bare(alias)] = table
    return found


def _blanked(text: str) -> str | None:
    """The text with strings and comments as blanks; None when its end is within one."""
    ended = True

    def blank(match: re.Match[str]) -> str:
        nonlocal ended
        if match.end() == len(text):
            ended = _closed(match[0])
        return " " * len(match[0])

    plain = _SKIPPED.sub(blank, text)
    return plain if ended else None


def _closed(part: str) -> bool:
    if part.startswith("'"):
        return len(part) > 1 and part.endswith("'") and part.count("'") % 2 == 0
    return part.startswith("/*") and part.endswith("*/") and len(part) > 3


def _bare(name: str) -> str:
    inner = name[1:-1].replace('""', '"') if name.startswith('"') else name
    return inner.lower()


def quoted(name: str) -> str:
    """A name as it stands in a query."""
    if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def _typable(name: str) -> bool:
    """Whether a name can stand on the screen as it is; others would not be what they seem."""
    return bool(name) and safe(name, _NAME_LIMIT) == name
