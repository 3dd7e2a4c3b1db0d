"""Themes: what flagged answers are about."""
