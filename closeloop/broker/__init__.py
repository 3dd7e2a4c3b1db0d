"""Kafka for one machine: a real broker from Maven Central's jars, and librdkafka's embedded one for trying out."""
