"""Time zone offsets of people."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def offset_seconds(zone: str, now: float) -> int:
    """Seconds that the IANA zone is ahead of UTC at `now` (Unix seconds); 0 for an unknown zone."""
    try:
        offset = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return 0
    return int(offset.total_seconds()) if offset else 0
