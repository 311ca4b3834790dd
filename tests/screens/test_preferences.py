"""Preferences: where they come from, what a wrong one says, and a file that hands may write."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from streaming import platform
from streaming.lab.sources import SettingsError
from tui.keymap import checked
from tui.preferences import Preferences, choose, settings_path, variable
from tui.preferences_file import NotKept, changed, fresh, keep


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_is_in_the_user_s_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/made/up")
    if not platform.WINDOWS:
        assert settings_path() == Path("/made/up/dasprep-tui/settings.toml")


def test_every_field_says_what_it_is_for() -> None:
    text = fresh()
    for name, field in Preferences.model_fields.items():
        assert field.description and name in text
    assert tomllib.loads(text) == {"keys": {}}


def test_options_go_before_the_environment_and_that_before_the_file(path: Path) -> None:
    written(path, 'theme = "nord"\nhz = 1\nascii = true\n')
    environ = {variable("theme"): "dracula", variable("hz"): "4"}
    choice = choose(path, environ, {"theme": "gruvbox", "hz": None})
    assert choice.preferences.theme == "gruvbox" and choice.preferences.hz == 4.0
    assert choice.preferences.ascii and choice.kept.theme == "nord" and choice.kept.hz == 1.0
    assert choice.sources == {
        "theme": "--theme", "hz": "DASPREP_SCREEN_HZ", "ascii": str(path),
    }  # fmt: skip
    assert not choice.warnings


def test_without_a_file_the_defaults_hold(path: Path) -> None:
    assert choose(path, {}).preferences == Preferences() and not path.exists()


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DASPREP_SCREEN_HZ": "3"}, "DASPREP_SCREEN_HZ: it is 0.5, 1, 2, 4 or 10"),
        ({"DASPREP_SCREEN_HZ": "x"}, "DASPREP_SCREEN_HZ"),
        ({"DASPREP_SCREEN_ASCII": "perhaps"}, "DASPREP_SCREEN_ASCII"),
        ({"DASPREP_SCREEN_LIMITS": "off"}, "'today' or 'course'"),
        ({"DASPREP_SCREEN_COLOUR": "x"}, "there is no such setting"),
    ],
)
def test_a_wrong_variable_is_refused(path: Path, environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        choose(path, environ)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("theme = \n", "line 1"),
        ('theme = "nord"\nhz = 3\n', "line 2: hz: it is 0.5"),
        ("ascii = 1\n", "line 1: ascii"),
        ('color = "red"\n', "line 1: color: there is no such setting; known: theme"),
        ('theme = "nord"\n[keys]\napp.help = 3\n', "keys.app.help"),
        ("keys = 3\n", "line 1: keys"),
        ("\x00", "line 1"),
    ],
)
def test_a_wrong_file_says_where_and_the_defaults_hold(path: Path, text: str, told: str) -> None:
    choice = choose(written(path, text), {})
    assert told in " ".join(choice.warnings) and str(path) in choice.warnings[0]
    assert choice.preferences.hz == 2.0 and not choice.preferences.ascii
    assert path.read_text(encoding="utf-8") == text
    if "nord" in text:
        assert choice.preferences.theme == "nord", "the rest of the file holds"


def test_bytes_that_are_no_text_and_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"\xff\xfe")
    assert choose(bad, {}).broken
    folder = choose(tmp_path, {})
    assert "cannot be read" in folder.warnings[0] and not folder.broken


def test_what_hands_wrote_is_left_as_it_is(path: Path) -> None:
    text = '# mine\nhz = 1  # slow\n\n[keys]\n# theme = "x"\napp.chaos = "f5"\n'
    written(path, text)
    assert keep(path, "theme", "nord", broken=False) == ""
    assert keep(path, "hz", 4.0, broken=False) == ""
    kept = path.read_text(encoding="utf-8")
    assert kept.startswith("# mine\nhz = 4.0\n") and kept.endswith(text[text.index("[keys]") :])
    assert choose(path, {}).preferences == Preferences(
        theme="nord", hz=4.0, keys={"app.chaos": "f5"}
    )
    assert [file.name for file in path.parent.iterdir()] == ["settings.toml"]


def test_a_new_file_explains_itself(path: Path) -> None:
    keep(path, "tour_hidden", True, broken=False)
    keep(path, "tour_hidden", False, broken=False)
    text = path.read_text(encoding="utf-8")
    assert "screen updates a second" in text and "\ntour_hidden = false\n" in text
    assert text.count("\ntour_hidden") == 1 and not choose(path, {}).warnings


def test_a_broken_file_is_put_aside_and_nothing_of_it_lost(path: Path) -> None:
    for number, text in enumerate(("theme = ", "hz = [")):
        written(path, text)
        said = keep(path, "hz", 1.0, broken=True)
        aside = path.with_name(f"settings.toml.broken{'-0' if number > 5 else ''}")
        aside = path.with_name("settings.toml.broken" + (f"-{number}" if number else ""))
        assert str(aside) in said and aside.read_text(encoding="utf-8") == text
        assert choose(path, {}).preferences.hz == 1.0


def test_what_only_hands_can_change_is_not_touched(path: Path) -> None:
    for text in ('note = """\nhz = 1\n"""\n', 'theme = """\nnord"""\n', "a = [\n"):
        with pytest.raises(NotKept):
            changed(text, "hz", 4.0) if "theme" not in text else changed(text, "theme", "x")
    folder = path.parent / "file"
    folder.parent.mkdir()
    folder.write_text("")
    with pytest.raises(NotKept):
        keep(folder / "settings.toml", "hz", 1.0, broken=False)


@pytest.mark.parametrize(
    ("keys", "keymap", "told"),
    [
        ({"app.chaos": "f5"}, {"app.chaos": "f5"}, []),
        ({"app.chaos": "?"}, {}, ["? is app.chaos and app.help"]),
        ({"app.chaos": "f5, ctrl+x"}, {"app.chaos": "f5,ctrl+x"}, []),
        ({"app.chaos": "!"}, {"app.chaos": "exclamation_mark"}, []),
        ({"app.choas": "f5"}, {}, ["nothing called app.choas; did you mean app.chaos?"]),
        ({"app.chaos": ""}, {}, ["is no key"]),
        ({"app.chaos": "hyperspace"}, {}, ["is no key"]),
        ({"app.chaos": "\x1b[31m"}, {}, ["is no key"]),
        ({"app.chaos": "q"}, {}, ["q is app.chaos and app.quit; both stay as they were"]),
        ({"app.chaos": "r"}, {}, ["app.chaos and sort.reverse"]),
        ({"app.chaos": "f6", "app.help": "f6"}, {}, ["f6 is app.chaos and app.help"]),
        ({"app.chaos": "t", "app.windows": "x"}, {"app.chaos": "t", "app.windows": "x"}, []),
        ({"lineage.split": "q"}, {}, ["lineage"]),
        ({"lineage.split": "x"}, {"lineage.split": "x"}, []),
    ],
)
def test_keys_are_checked(keys: dict[str, str], keymap: dict[str, str], told: list[str]) -> None:
    found, said = checked(keys)
    assert found == keymap and len(said) == len(told)
    assert all(part in text for part, text in zip(told, said, strict=True))


def test_the_default_keys_have_no_trouble_of_their_own() -> None:
    assert checked({}) == ({}, [])


def test_quoted_and_dotted_ids_are_the_same(path: Path) -> None:
    written(path, '[keys]\napp.chaos = "f5"\n"app.help" = "f6"\n')
    assert choose(path, {}).preferences.keys == {"app.chaos": "f5", "app.help": "f6"}


def test_on_means_the_preferred_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tui.commands import lab as command

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("DASPREP_SCREEN_LIMITS", "course")
    seen: dict[str, Any] = {}
    monkeypatch.setattr("tui.guard.has_terminal", lambda: True)
    monkeypatch.setattr("tui.guard.guarded", lambda main: 0)

    def load(_file: object, given: dict[str, Any], **_: object) -> Any:
        seen.update(given)
        raise SettingsError("enough")

    monkeypatch.setattr(command, "load", load)
    from tui.cli import build_parser

    options = build_parser().parse_args(["--view", "kinesis", "--limits", "on"])
    assert command.main(options) == 2
    assert seen["limits"] == "course"
