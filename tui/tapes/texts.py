"""Texts of captions and markers: by language, with figures filled in as they are told."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from string import Formatter
from typing import Final, NamedTuple

from generators.wire import STREAMS
from tui.safe import safe
from tui.tapes.computing import Look, Value
from tui.tapes.expressions import Expression
from tui.tapes.metrics import KINDS

LONGEST: Final = 300
MAIN_LANGUAGE: Final = "en"
_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_FORMAT: Final = re.compile(r"[<>^]?\d{0,2},?(?:\.\d)?[dfgs%]?")
_NUMBER: Final = re.compile(r".*[,dfg%]|.*\.\d[fg%]?")
UNKNOWN: Final = "-"


class _Field(NamedTuple):
    before: str
    expression: Expression | None
    format: str


class Text:
    """A text with fields such as {lag:,} or {max_utilisation:.0%}. `{{` is a brace."""

    def __init__(self, text: str) -> None:
        """Check the text and its fields. Raises ValueError."""
        self.text = " ".join(text.split())
        if len(self.text) > LONGEST:
            raise ValueError(f"a text has at most {LONGEST} characters")
        try:
            parts = list(Formatter().parse(self.text))
        except ValueError as error:
            raise ValueError(f"braces do not match in the text: {error}") from None
        self.fields = tuple(_field(*part) for part in parts)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """What is filled in."""
        return tuple(field.expression for field in self.fields if field.expression is not None)

    def filled(self, look: Look) -> str:
        """Return the text with the figures of now; what is not known is a dash."""
        parts = []
        for before, expression, form in self.fields:
            parts.append(before)
            if expression is not None:
                parts.append(_formatted(expression.value(look), form))
        return safe("".join(parts), LONGEST * 2)


Texts = Mapping[str, Text]
"""A text by language; the tape's own language is English."""


def texts(value: object) -> dict[str, Text]:
    """Return a text in one or several languages. Raises ValueError."""
    if isinstance(value, str):
        return {MAIN_LANGUAGE: Text(value)}
    if not isinstance(value, Mapping) or not value:
        raise ValueError('give a text, or one for each language: {en: "...", de: "..."}')
    for language, text in value.items():
        if not _LANGUAGE.fullmatch(str(language)):
            raise ValueError(f"{language!r} is no language such as en or de")
        if not isinstance(text, str):
            raise ValueError(f"the text for {language} must be a text")
    if MAIN_LANGUAGE not in value:
        raise ValueError(f"there must be a text for {MAIN_LANGUAGE}; others stand beside it")
    return {str(language): Text(text) for language, text in value.items()}


def filled(told: Texts, look: Look) -> dict[str, str]:
    """Return every language's text with the figures of now."""
    return {language: text.filled(look) for language, text in told.items()}


def _field(before: str, name: str | None, form: str | None, conversion: str | None) -> _Field:
    if name is None:
        return _Field(before, None, "")
    form = form or ""
    if conversion or not _FORMAT.fullmatch(form):
        raise ValueError(f"{{{name}:{form}}} has no format such as :, or :.0% or :.1f")
    expression = Expression(name, KINDS, STREAMS)
    if expression.kind in ("numbers", "truth"):
        raise ValueError(f"{{{name}}} is no number, text or list of words")
    if expression.kind != "number" and _NUMBER.fullmatch(form):
        raise ValueError(f"{{{name}:{form}}} formats a text as a number")
    if expression.kind == "number" and form.endswith("s"):
        raise ValueError(f"{{{name}:{form}}} formats a number as a text")
    return _Field(before, expression, form)


def _formatted(value: Value, form: str) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, str):
        return format(value, form)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return UNKNOWN
    if form.endswith("d"):
        return format(round(value), form)
    if form == "" and isinstance(value, float):
        form = ".4g" if abs(value) < 1000 else ",.0f"
    return format(float(value) if "." in form else value, form)
