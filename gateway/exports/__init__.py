"""Exports of what has no cases: the history of metrics, and the answers that lie on their topic."""
