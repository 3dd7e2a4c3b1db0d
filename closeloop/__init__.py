"""The ``closeloop`` command: the rooms alone or together, the local Kafka, the sandbox, the demo, the import."""
