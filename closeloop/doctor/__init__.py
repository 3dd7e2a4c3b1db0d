"""Checks a deployment end to end: what was observed is plain data, and what it means is decided by pure functions."""
