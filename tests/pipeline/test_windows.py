"""Declared windows in a real lab: changed while it runs, through kills, and exact afterwards."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import pytest

from streaming.lab.commands import KillConsumer, UseWindows, WindowHistory
from streaming.lab.snapshot import LabSnapshot, WindowLine, WindowView
from streaming.windows.specification import Checked, WindowSpec
from tests.pipeline.lab_driver import DrivenLab, Where, assert_exact, lab, run_cli

KINDS = {
    "tumbling": {"size": "1s"},
    "hopping": {"size": "2s", "slide": "1s"},
    "sliding": {"size": "2s"},
    "stagger": {"size": "2s"},
    "session": {"gap": "1s"},
}


def every_kind(sessions_by: str = "{region}:{type}") -> Checked:
    values = {
        "clicks": "count()",
        "mobile": "count() where device = mobile",
        "slow": "quantile(load_ms, 0.9)",
        "people": "distinct(customer_id)",
        "last": "last(page)",
        "share": "ratio(mobile, clicks)",
    }
    windows = tuple(
        WindowSpec(
            name=f"by_{kind}",
            stream="clicks",
            kind=kind,
            group_by=sessions_by if kind == "session" else "{region}:{type}",
            lateness="1s",
            values=values,
            **how,
        )
        for kind, how in KINDS.items()
    )
    return Checked(windows=windows)


def window(snapshot: LabSnapshot, kind: str) -> WindowView:
    return next(w for w in snapshot.windows if w.name == f"by_{kind}")


async def use(driven: DrivenLab, windows: Checked) -> str:
    return (await driven.do(UseWindows(windows.model_dump_json()))).text


@pytest.mark.apache_soak
async def test_windows_change_and_survive_kills(tmp_path: Path, where: Where) -> None:
    async with lab(tmp_path, session_timeout_s=2.0, **where.settings) as driven:
        await driven.stored(2000)
        assert "set 2" in await use(driven, every_kind())
        await driven.until(
            lambda s: len(s.windows) == 5 and all(w.final for w in s.windows if "session" not in
                                                  w.name),
            "final results of the new windows",
        )  # fmt: skip
        await driven.do(KillConsumer("c-0"))
        told = await use(driven, every_kind("session_id"))
        assert "new or changed: by_session" in told
        assert "these are the windows" in await use(driven, every_kind("session_id"))
        await driven.until(lambda s: window(s, "session").final > 20, "sessions that ended")
        os.kill(driven.engine_pid(), signal.SIGKILL)
        seen = await driven.until(
            lambda s: driven.losses and s.windows and window(s, "tumbling").newest,
            "results of the next engine",
        )
        assert [window(seen, kind).generation for kind in KINDS] == [2, 2, 2, 2, 3]
        tumbling = window(seen, "tumbling")
        value = next(iter(tumbling.newest[0].values))
        asked = await driven.do(WindowHistory(tumbling.name, value))
        lines = msgspec.json.decode(asked.data, type=list[WindowLine])
        latest = {line.key: line.points[-1] for line in lines}
        result = next(r for r in tumbling.newest if r.key in latest)
        assert latest[result.key][0] >= result.end_at_ms
        assert all(line.points == tuple(sorted(line.points)) for line in lines)
        assert_exact(await driven.finish())


async def test_windows_of_a_file_are_used_and_wrong_ones_refused(tmp_path: Path) -> None:
    (tmp_path / "dasprep.toml").write_text(
        '[[windows]]\nname = "per_second"\nstream = "clicks"\nsize = "1s"\nlateness = "0s"\n'
        '[windows.values]\nn = "count()"\n'
    )
    (tmp_path / "wrong.toml").write_text('[[windows]]\nname = "x"\nstream = "clicks"\nsize = "1"\n')
    refused = run_cli("run", "--config", "wrong.toml", "--duration", "1s", cwd=tmp_path)
    assert refused.returncode == 2
    assert "wrong.toml, line 4, size: '1' is not a duration" in refused.stderr
    checked = run_cli("windows", "check", "dasprep.toml", cwd=tmp_path)
    assert checked.stdout.startswith("per_second: clicks, tumbling 1s: n\n")
    done = run_cli(
        "run", "--duration", "6s", "--rate", "500", "--verify", "--data-dir", "lab", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    asked = run_cli(
        "sql", "--data-dir", "lab", "SELECT sum(n) > 500 AS many FROM w_per_second", cwd=tmp_path
    )
    assert "true" in asked.stdout
