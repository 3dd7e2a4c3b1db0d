"""Logs of this process: one JSON object a line on standard error, coloured lines where a person watches.

A traceback shows places, never the values of variables: they may be customers' words.
"""

import logging
import sys

import structlog

_QUIET = {
    "kafka": logging.WARNING,
    "kafka.net.selector": logging.ERROR,
    "slack_sdk": logging.INFO,
    "httpx": logging.WARNING,
    "asyncio": logging.WARNING,
    "uvicorn": logging.WARNING,
}
"""At DEBUG the drivers write whole records; the selector warns of every tenth of a second of a busy machine."""


def configure_logs(level: str) -> None:
    """Set up structlog and the standard library's logging. ``level`` is debug, info, warning or error."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    terminal = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not terminal:
        shared.append(structlog.processors.format_exc_info)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
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
        logging.getLogger(name).setLevel(max(least, number))
