"""One function for each API: a request in, its answer out."""
