"""``closeloop hooks``: which hooks there are, and what would come of a delivery."""
