"""What the tests with clients that block have in common."""

import time

from tests.broker.support import DEADLINE_S


def wait_until(condition, meanwhile=lambda: time.sleep(0.05)):
    """Do `meanwhile` again and again until the condition holds; fail when it never does."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "the condition never held"
        meanwhile()
