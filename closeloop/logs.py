"""Logs of a process: one JSON object a line on standard error, readable lines where a person watches a terminal.

A traceback shows places, never the values of variables: they may be customers' words.
"""

import logging
import sys

import structlog

_QUIET = {
    "aiokafka": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "closeloop.kafka": logging.WARNING,
    "faust": logging.WARNING,
    "httpx": logging.WARNING,
    "kafka": logging.WARNING,
    # It warns of every tenth of a second that a busy machine takes away.
    "kafka.net.selector": logging.ERROR,
    "mode": logging.WARNING,
    # It warns whenever a commit takes longer than its interval.
    "mode.timers": logging.ERROR,
    # At DEBUG it writes whole requests: customers' words.
    "slack_sdk": logging.INFO,
    "streams.kafka.transport": logging.WARNING,
    "urllib3": logging.WARNING,
    "uvicorn": logging.WARNING,
}
"""From which level libraries are heard."""


def configure_logs(level: str) -> None:
    """Set up structlog and the standard library's logging. ``level`` is debug, info, warning or error."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    else:
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, number))
