"""`dasprep-tui`, and `python -m tui`: the way in, which ctrl+c leaves without a traceback."""

from __future__ import annotations

import signal
import sys

INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """Run the command line and return its exit code.

    While its modules are still loaded there is nothing to end in order, and ctrl+c ends the process
    as it ends any other.
    """
    usual = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tui.cli import main as command_line

    signal.signal(signal.SIGINT, usual)
    try:
        return command_line()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
