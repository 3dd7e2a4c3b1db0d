"""Slack: what a card says, and how it gets there exactly once."""
