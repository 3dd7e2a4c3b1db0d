"""Every shape that data takes: wire events, topics, metrics, alerts, cases, SQL tables, loop.yaml, settings.

This room imports nothing else of the project; every other room reads and writes through it.
"""
