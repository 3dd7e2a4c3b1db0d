"""A running Kafka as daily work sees it: topics, groups, lag, and what lies on a topic. Nothing here writes."""
