"""The real rules on a quicker clock, so that a test need not wait for minutes: a minute becomes three seconds.

What is changed, and nothing else:

- every duration (``for``, a group's ``interval``, a range such as ``[10m]``, an ``offset``) is divided by ``TIMES``;
- so is a threshold that is an age in seconds: the number after ``>`` where the left side is one of ``AGES``.

Expressions, labels and annotations stay as they are. ``predict_linear``'s distance into the future is left alone, too:
no test here relies on it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

TIMES = 20
AGES = (
    r"group_topic:closeloop_kafka_lag_seconds:max",
    r"max\(closeloop_waiting_\w+_seconds\)",
    r"time\(\) - closeloop_last_success_timestamp_seconds",
    r"min\(closeloop_kafka_look_age_seconds\)",
)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"\b(\d+)([smhd])\b")
_PLACES = re.compile(r"\[\s*\d+[smhd]\s*\]|\boffset\s+\d+[smhd]\b")
_AGE = re.compile(rf"({'|'.join(AGES)})( > )(\d+)")


def quick(path: Path) -> dict[str, Any]:
    """The groups of a rules file with every time divided."""
    written: dict[str, Any] = yaml.safe_load(path.read_text())
    for group in written["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["expr"] = quicker(rule["expr"])
            if "for" in rule:
                rule["for"] = _divided(rule["for"])
    return written


def quicker(expression: str) -> str:
    """The expression with its ranges, offsets and thresholds of age divided."""
    shorter = _PLACES.sub(lambda place: _divided(place[0]), expression)
    return _AGE.sub(lambda age: f"{age[1]}{age[2]}{int(age[3]) / TIMES:g}", shorter)


def _divided(text: str) -> str:
    def divide(found: re.Match[str]) -> str:
        milliseconds = int(found[1]) * _UNITS[found[2]] * 1000 // TIMES
        return f"{milliseconds}ms"

    return _DURATION.sub(divide, text)
