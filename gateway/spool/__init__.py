"""The spool: events wait on this machine's disk while Kafka is away, and go to Kafka in their order once it is back.

``place.py`` finds a directory that no other gateway uses, ``journal.py`` keeps records in SQLite, ``spool.py`` is what
the way in speaks to, ``forwarder.py`` sends what waits. docs/decisions/0015-the-spool.md has the reasons.
"""
