"""Measures the lab against other designs, side by side (see docs/benchmarks.md)."""
