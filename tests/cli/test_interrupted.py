"""Ctrl+C before there is anything to end: no traceback, and the exit code that shells know."""

import signal
import subprocess
import sys

import pytest

INTERRUPT_AT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.argv = ["dasprep-tui", "run", "--duration", "1s"]
from tui.__main__ import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize(
    ("name", "codes"),
    [("tui.options", {-signal.SIGINT}), ("tui.commands.run", {130}), ("streaming.broker", {130})],
)
def test_it_ends_without_a_word(name, codes):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT_AT.format(name=name)], capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode in codes, done
    assert (done.stdout, done.stderr.strip()) == ("", "")
