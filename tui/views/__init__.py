"""From a snapshot to lines of text: pure functions, tested without a screen."""
