"""What a person gave ``closeloop rules test``, checked, and its answer."""

from pathlib import Path

import msgspec

from closeloop.errors import UserError
from closeloop.rules.findings import Format, render
from closeloop.rules.run import Named, run_test
from schemas.config_base import Duration, seconds
from schemas.loop_checks import MAX_DAYS
from schemas.loop_yaml import load as load_loop
from schemas.settings import Settings


def test_rules(
    file: Path | None,
    since: str | None,
    config: Path,
    against: Path | None,
    close_after: str,
    load: int,
    form: Format,
    settings: Settings,
) -> str:
    """The findings in the form asked for. Raises ``UserError``, ``ConfigError`` and ``BrokerError``."""
    if (file is None) == (since is None):
        raise UserError("give a FILE of recorded events, or --since for what is on the topics")
    for name, duration in (("--since", since), ("--close-after", close_after)):
        if duration is not None:
            _check(name, duration)
    changed: Named = (str(config), load_loop(config, settings.zone))
    other = against if against is not None else _another(settings.config, config)
    today: Named | None = None if other is None else (str(other), load_loop(other, settings.zone))
    return render(run_test(file, since, settings, changed, today, close_after, load), form)


def _check(name: str, duration: str) -> None:
    try:
        msgspec.convert(duration, Duration)
    except msgspec.ValidationError:
        raise UserError(f"{name}: give a whole number and a unit: 90s, 30m, 4h, 7d") from None
    if seconds(duration) > MAX_DAYS * 86_400:
        raise UserError(f"{name}: longer than {MAX_DAYS}d; give less")


def _another(running: Path, changed: Path) -> Path | None:
    """The loop.yaml that the loop runs with, if it is there and another one."""
    return running if running.exists() and running.resolve() != changed.resolve() else None
