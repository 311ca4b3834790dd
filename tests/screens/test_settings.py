"""Settings and themes on the screen: changed by keys, seen at once, kept for the next start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.color import Color

from tests.screens.conftest import Runner
from tests.screens.fakes import snapshot
from tests.screens.hostile import PAYLOADS, clean
from tests.screens.test_golden import same_as_golden
from tui.glyphs import ASCII
from tui.lines import STYLES, width_of
from tui.palette import entries
from tui.preferences import Choice, Preferences, choose
from tui.themes import OURS
from tui.views.settings import TITLES, setting_detail, setting_heading, setting_lines, values

READ = 4.5
"""Contrast that WCAG 2.2 asks of text (success criterion 1.4.3, level AA)."""


def choice(tmp_path: Path, **given: Any) -> Choice:
    path = tmp_path / "settings.toml"
    wanted = Preferences(**{"tour_hidden": True, **given})
    return Choice(wanted, wanted, path)


def shown(**given: Any) -> Choice:
    """One with a path that is the same everywhere."""
    wanted = Preferences(**{"tour_hidden": True, **given})
    path = Path("/home/me/.config/dasprep-tui/settings.toml")
    return Choice(wanted, wanted, path, {"hz": "--hz", "theme": str(path)}, ("line 3: wrong",))


@pytest.mark.parametrize(
    ("name", "size", "ascii", "keys"),
    [
        ("120x40-settings", (120, 40), False, "jjjjj"),
        ("80x24-settings", (80, 24), False, "j"),
        ("80x24-settings-ascii", (80, 24), True, "j"),
    ],
)
async def test_golden(lab: Runner, name: str, size: Any, ascii: bool, keys: str) -> None:
    given = shown(hz=4.0, keys={"app.chaos": "f5"})
    async with lab(size=size, ascii=ascii, choice=given) as hand:
        hand.app.clear_notifications()
        await hand.pilot.press("comma", *keys)
        await hand.sees("esc closes")
        await hand.until(lambda: "wrong" in hand.text.replace("line 3: wrong", "wrong", 1))
        hand.app.clear_notifications()
        await hand.pilot.pause()
        same_as_golden(name, hand.lines)


async def test_a_change_is_seen_at_once_and_kept(lab: Runner, tmp_path: Path) -> None:
    given = choice(tmp_path)
    assert given.path is not None
    async with lab(choice=given) as hand:
        await hand.pilot.press("comma", "j", "enter")
        await hand.until(lambda: hand.app.hertz == 4.0 and "4 Hz" in hand.header)
        await hand.pilot.press("j", "left")
        await hand.sees("course")
        await hand.pilot.press("j", "enter")
        await hand.until(lambda: hand.app.glyphs is ASCII and hand.lines[1].startswith("+-"))
        path = given.path
        await hand.until(lambda: path.exists() and "\nascii = true" in path.read_text())
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        await hand.until(lambda: "!" in hand.text and "▲" not in hand.text)
    kept = choose(given.path, {}).preferences
    assert (kept.hz, kept.limits, kept.ascii) == (4.0, "course", True)


async def test_a_theme_of_the_palette_is_kept_too(lab: Runner, tmp_path: Path) -> None:
    given = choice(tmp_path, theme="dasprep-calm")
    async with lab(choice=given) as hand:
        assert hand.app.theme == "dasprep-calm"
        hand.app.theme = "dasprep-projector"
        assert given.path is not None
        await hand.until(lambda: given.path.exists() and "projector" in given.path.read_text())
        await hand.pilot.press("comma", "enter")
        await hand.until(lambda: hand.app.theme != "dasprep-projector")


async def test_what_cannot_be_had_is_told_and_nothing_crashes(lab: Runner, tmp_path: Path) -> None:
    given = choice(tmp_path, theme="[/x]", keys={"app.nothing": "f5", "app.chaos": "q"})
    given = given._replace(warnings=("settings.toml, line 3: [b]hz[/b]: no",))
    async with lab(choice=given) as hand:
        await hand.sees("There is no theme '[/x]'")
        await hand.sees("line 3: [b]hz[/b]: no")
        await hand.sees("nothing called app.nothing")
        await hand.pilot.press("x")
        await hand.sees("Chaos and traffic")


async def test_a_moved_key_works_and_the_bar_shows_it(lab: Runner, tmp_path: Path) -> None:
    given = choice(tmp_path, keys={"app.help": "f7", "app.chaos": "!"})
    async with lab(choice=given) as hand:
        await hand.sees("f7 Help")
        await hand.pilot.press("exclamation_mark")
        await hand.sees("Chaos and traffic")
        await hand.pilot.press("escape", "x")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_a_folder_that_cannot_be_written_is_told(lab: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    given = choice(tmp_path)._replace(path=tmp_path / "file" / "settings.toml")
    async with lab(choice=given) as hand:
        hand.app.prefer("hz", 1.0)
        await hand.sees("Not kept for the next start")
        assert hand.app.hertz == 1.0


async def test_settings_are_in_the_palette_and_keys_are_for_hands(lab: Runner) -> None:
    async with lab() as hand:
        found = {entry.title: entry for entry in entries(hand.app, hand.app.newest)}
        found["Settings"].run()
        await hand.sees("refresh rate")
        await hand.pilot.press("G", *"jjjjjj", "enter")
        await hand.sees("below [keys]")


@pytest.mark.parametrize("width", [1, 20, 76, 116])
def test_lines_fit_and_are_clean(width: int) -> None:
    for payload in PAYLOADS.values():
        given = shown(theme=payload, keys={payload: payload})
        given = given._replace(warnings=(payload,), sources={"theme": payload})
        lines = [setting_heading(width), *setting_lines(given, width)]
        lines += [line for name in TITLES for line in setting_detail(given, name, width)]
        assert all(width_of(line) <= max(width, 38) for line in lines)


async def test_hostile_settings(lab: Runner) -> None:
    for payload in PAYLOADS.values():
        given = shown(theme=payload, keys={payload: payload})._replace(warnings=(payload,))
        async with lab(choice=given, size=(80, 24)) as hand:
            await hand.pilot.press("comma", *"jjjjj")
            await hand.sees("esc closes")
            clean(hand)


def test_every_setting_has_a_row_and_values() -> None:
    assert set(TITLES) == set(Preferences.model_fields)
    assert all(values(name, ["a"]) for name in TITLES if name != "keys")


def contrast(one: Color, other: Color) -> float:
    """The contrast of two opaque colours by WCAG 2.2."""

    def luminance(color: Color) -> float:
        parts = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized
        )
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts))  # noqa: B905

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_what_wcag_says() -> None:
    assert contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)
    assert contrast(Color(119, 119, 119), Color(255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [theme.name for theme in OURS])
async def test_every_style_of_our_themes_can_be_read(lab: Runner, theme: str) -> None:
    wanted = Preferences(theme=theme, tour_hidden=True)
    async with lab(snapshot(), choice=Choice(wanted, wanted)) as hand:
        app = hand.app
        await hand.pilot.pause()
        variables = app.get_css_variables()
        grounds = {
            name: Color.parse(variables[name]) for name in ("background", "surface", "panel")
        }
        over = app.screen.get_component_styles("line--cursor").background
        grounds |= {f"{name} under the cursor": g + over for name, g in list(grounds.items())}
        for name in STYLES:
            style = app.screen.get_component_styles(f"line--{name}")
            color = style.color if style.has_rule("color") else Color.parse(variables["foreground"])
            for ground, under in grounds.items():
                found = contrast(under + color, under)
                assert found >= READ, f"{name} on {ground} in {theme}: {found:.2f}"
