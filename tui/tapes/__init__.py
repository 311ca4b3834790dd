"""Tapes: YAML files that drive, check and tell a story with the lab."""
