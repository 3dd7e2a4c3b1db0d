"""How the streams reach Kafka: chunks in, state and alerts out, and which partition is whose."""
