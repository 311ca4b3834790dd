"""Keys live in one package, each with an id; nothing a person must find is cut off."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from textual.binding import Binding, BindingsMap

from tests.screens.conftest import Runner
from tui import bindings
from tui.panels.keybar import key_bar

TUI = Path(bindings.__file__).parent.parent
LISTS = tuple(name for name in bindings.__all__ if isinstance(getattr(bindings, name), list))
RESERVED = {"ctrl+a", "ctrl+b", "ctrl+j", "ctrl+s", "ctrl+o"}
"""Keys that tmux, screen or wezterm keep for themselves."""


def mine() -> list[Path]:
    folders = [
        path for name in ("panels", "screens", "views") for path in (TUI / name).glob("*.py")
    ]
    return [
        *folders,
        TUI / "app.py",
        TUI / "following.py",
        TUI / "palette.py",
        TUI / "session.py",
        TUI / "guard.py",
    ]


@pytest.mark.parametrize("name", LISTS)
def test_every_binding_has_an_id_and_a_description(name: str) -> None:
    for binding in getattr(bindings, name):
        assert isinstance(binding, Binding) and binding.id and binding.description
        assert not RESERVED & set(binding.key.split(","))


def test_the_documents_name_every_id() -> None:
    text = (TUI.parent / "docs" / "screens.md").read_text()
    for name in LISTS:
        for binding in getattr(bindings, name):
            assert f"`{binding.id}`" in text, binding.id


def test_ids_are_unique() -> None:
    ids = [binding.id for name in LISTS for binding in getattr(bindings, name)]
    assert len(ids) == len(set(ids))


def test_no_other_module_makes_bindings() -> None:
    for path in mine():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name != "Binding", f"{path.name}:{node.lineno}"
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert not node.name.startswith(("key_", "on_key")) or node.name == "key_bar"


def test_no_module_uses_colours_or_markup() -> None:
    for path in [*mine(), *(TUI / "styles").glob("*.tcss")]:
        text = path.read_text()
        assert "from_markup" not in text and "Text.from" not in text, path.name
        assert not re.search(r":[^;{]*#[0-9a-fA-F]{3,8}\b", text) or path.suffix != ".tcss"


def test_the_package_does_not_load_textual() -> None:
    assert (TUI / "__init__.py").read_text().find("import") == -1


def keys() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in ("APP", "MAIN"):
        for key, binding in BindingsMap(getattr(bindings, name)):
            found.setdefault(binding.id or "", []).append(bindings.key_name(key))
    return found


@pytest.mark.parametrize("width", [10, 30, 60, 80, 120])
def test_the_key_bar_shows_whole_entries_with_help_first(width: int) -> None:
    entries = key_bar(keys(), width)
    texts = ["".join(text for text, _ in entry) for _, entry in entries]
    assert texts[0] == "? Help"
    assert 1 + len("  ".join(texts)) <= width
    if width >= 80:
        assert texts[:5] == ["? Help", "/ Filter", "K Keys", "x Chaos", "q Quit"]


async def test_no_colour_still_tells_states_apart(
    lab: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with lab() as hand:
        assert "▲ HOT" in hand.text and "~ WARM" in hand.text and "▲ ALARM" in hand.text
