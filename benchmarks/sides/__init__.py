"""What is measured: each module's `run` is the work of one process of its own."""
