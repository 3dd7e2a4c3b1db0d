"""HTTP: what comes in (events, Slack's clicks), and what people look at (metrics, cases, totals, the console).

It writes events to Kafka and case actions to the database, and reads the metrics from an in-memory view of
``cx.metrics``. It computes nothing about customers itself.
"""
