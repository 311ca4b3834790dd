"""Runs kept and shown again: traces of what a lab said, films of what the screen showed."""
