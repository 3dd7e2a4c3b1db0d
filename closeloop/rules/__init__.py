"""``closeloop rules test``: what changed rules would have done with recorded events."""
