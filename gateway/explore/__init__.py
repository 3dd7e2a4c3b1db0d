"""Explore: any metric and segment over time, and two of them against each other."""
