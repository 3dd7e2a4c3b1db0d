"""The Slack app of a company: its manifest, and a doctor that says what is wrong with it."""
