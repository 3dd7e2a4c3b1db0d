"""Logs of this process: one JSON object a line on stderr, or coloured lines where a person watches a terminal."""

import logging
import sys

import structlog

_QUIET = {"kafka": logging.WARNING, "kafka.net.selector": logging.ERROR, "urllib3": logging.WARNING}
"""The selector warns of every tenth of a second that a busy machine takes away."""


def configure(level: str) -> None:
    """Set up structlog and the standard library's logging. ``level`` is debug, info, warning or error."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    # At DEBUG the client writes whole requests: customers' words.
    logging.getLogger("slack_sdk").setLevel(logging.INFO)
