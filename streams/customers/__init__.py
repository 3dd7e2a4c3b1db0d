"""What is remembered of a customer over time, and the rules and metrics that follow from it."""
