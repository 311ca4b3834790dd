"""`dasprep-tui broker`: the embedded broker on its own."""

from __future__ import annotations

import argparse

from streaming.broker.embedded.config import NAME, BrokerConfig, Ready
from streaming.broker.embedded.server import serve
from tui.options import fail


def main(options: argparse.Namespace) -> int:
    """Serve until ctrl+c or SIGTERM; returns the exit code."""
    if not 0 <= options.port < 65536:
        return fail(f"{options.port} is not a port. Give one from 1 to 65535, or 0 for a free one.")
    return serve(BrokerConfig(data=options.data, port=options.port), _announce)


def _announce(ready: Ready) -> None:
    print(
        f"{NAME}\nlistens on {ready.bootstrap} (this machine only); ctrl+c ends it\n"
        f"try: dasprep-tui run --bootstrap {ready.bootstrap} --duration 10s",
        flush=True,
    )
