"""The one error of this package that a person is meant to read."""


class BrokerError(Exception):
    """A local Kafka cannot be had or run; the message names the cause and the remedy, and needs no traceback."""
