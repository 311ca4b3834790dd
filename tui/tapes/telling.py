"""Steps, values and screens as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tui.safe import safe
from tui.tapes.computing import Look, Value
from tui.tapes.expressions import Expression
from tui.tapes.steps import (
    Expect,
    Inject,
    Press,
    Set,
    Settled,
    Sleep,
    Step,
    Type,
    Until,
    Wait,
)

if TYPE_CHECKING:
    from textual.app import App

WORDS_LIMIT: Final = 110


def step_words(step: Step) -> str:
    """A step in one line, close to how it is written."""
    match step:
        case Press():
            times = f" x {step.times}" if step.times > 1 else ""
            words = f"{' '.join(step.press)}{times}"
        case Type():
            words = repr(step.type)
        case Set():
            changed = step.set.model_dump(exclude_none=True)
            words = ", ".join(f"{name}: {value}" for name, value in changed.items())
        case Inject():
            words = step.inject + (f" for {step.seconds:g} s" if step.seconds else "")
        case Until():
            words = step.until.text
        case Wait():
            words = screen_words(step.wait.screen, step.wait.absent)
        case Settled():
            words = f"{step.settled:g} s"
        case Sleep():
            words = f"{step.sleep:g} s"
        case Expect():
            words = screen_words(step.expect.screen, step.expect.absent)
            state = step.expect.state.text if step.expect.state is not None else ""
            words = ", ".join(part for part in (state, words) if part)
        case _:
            value = getattr(step, step.VERB)
            words = value if isinstance(value, str) else ""
    return safe(f"{step.VERB} {words}".rstrip(), WORDS_LIMIT)


def screen_words(screen: Any, absent: Any) -> str:
    """What a screen must and must not show."""
    parts = [f"screen /{screen.pattern}/"] if screen is not None else []
    parts += [f"not /{absent.pattern}/"] if absent is not None else []
    return ", ".join(parts)


def value_words(value: Value) -> str:
    """A metric's value as people read it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    pairs = (f"{shard}: {value_words(number)}" for shard, number in value.items())
    return f"{{{', '.join(pairs)}}}"


def seen_words(expression: Expression, look: Look) -> str:
    """The values of the metrics that an expression asks for."""
    found = {
        f"{name.stream}.{name.metric}" if name.stream else name.metric: look(*name)
        for name in sorted(expression.names)
    }
    return ", ".join(f"{name} = {safe(value_words(value), 200)}" for name, value in found.items())


def screen_lines(app: App[Any]) -> list[str]:
    """What the app shows now, line by line."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
