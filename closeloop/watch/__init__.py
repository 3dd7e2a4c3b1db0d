"""The console in a terminal: what is known of the loop is one value, and what a person reads follows from it."""
