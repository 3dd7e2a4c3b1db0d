"""Structured logs of a process: one JSON object a line on standard error, also for what libraries say."""

import logging
import sys

import structlog

QUIET = ("faust", "mode", "aiokafka", "asyncio", "streams.transport", "closeloop.kafka")
"""Libraries that are heard from warnings on."""


def configure_logs(level: str = "info") -> None:
    """Set up structlog and the standard library's logging, which Faust, aiokafka and librdkafka write to."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
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
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Faust's timers warn whenever a commit takes longer than its interval, which is no news on a busy machine.
    logging.getLogger("mode.timers").setLevel(logging.ERROR)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
