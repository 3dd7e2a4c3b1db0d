"""What Kafka says of the loop's own health: topics, readers and how far they are behind, brokers, disks.

``looks.py`` is what one look at the cluster saw. ``asking.py`` and ``unread.py`` look, ``answers.py`` decodes,
``report.py`` makes two looks into a report, ``watch.py`` looks again and again in a thread, ``gauges.py`` tells
Prometheus.
"""
