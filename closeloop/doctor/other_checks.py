"""What is wrong besides Kafka. Pure: everything was observed before."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from closeloop.database.standing import judge
from closeloop.doctor.other_seen import ConfigurationSeen, DatabaseSeen, DiskSeen, GatewaySeen
from closeloop.findings import Finding
from closeloop.printing import in_bytes, in_time
from schemas.settings import Settings

CLOCK_WARNING_S = 2.0
CLOCK_WRONG_S = 60.0
KEY_WARNING = timedelta(days=14)
DISK_WARNING = 0.15
DISK_WRONG = 0.05


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Settings that contradict each other; each alone was checked when it was read."""
    if settings.health_port and settings.health_port == settings.port:
        yield Finding(
            level="wrong",
            subject="ports",
            said=f"CLOSELOOP_HEALTH_PORT and CLOSELOOP_PORT are both {settings.port}",
            means="on one machine the second to start cannot listen, and ends",
            remedy="give another CLOSELOOP_HEALTH_PORT, or 0 for a free one",
        )
    else:
        yield Finding(level="ok", subject="settings", said="all can be used")


def check_configuration(seen: ConfigurationSeen) -> Iterator[Finding]:
    """loop.yaml."""
    for problem in seen.problems:
        yield Finding(
            level="wrong",
            subject="configuration",
            said=problem,
            means="no room starts with it, and none restarts",
            remedy=f"mend it there; closeloop check --config {seen.path}",
        )
    if not seen.problems:
        yield Finding(level="ok", subject="configuration", said=f"{seen.path}: {seen.summary}")


def check_database(seen: DatabaseSeen) -> Iterator[Finding]:
    """The database: there, at the right revision, at the right time."""
    if seen.problem:
        yield Finding(
            level="wrong",
            subject="database",
            said=f"cannot be reached: {seen.problem}",
            means="alerts wait: no case is opened, and nobody is told; nothing is lost",
            remedy="look at DATABASE_URL, at the server and at the network between",
        )
        return
    assert seen.standing is not None
    verdict = judge(seen.standing)
    if verdict.problem:
        yield Finding(
            level="wrong",
            subject="database",
            said=verdict.problem,
            means="consumers and gateway wait for the tables, or fail in them",
            remedy=verdict.remedy,
        )
    else:
        yield Finding(level="ok", subject="database", said=f"{seen.kind}, revision {seen.standing.revision}")
    if seen.ahead_s is not None:
        yield _clock("clock of the database", seen.ahead_s, "due times, reminders and silences are off by that")


def check_keys(seen: DatabaseSeen, now: datetime) -> Iterator[Finding]:
    """API keys that are about to end. Nothing is said where the database cannot be asked."""
    soon = [(name, ends) for name, ends in seen.ending if ends - now <= KEY_WARNING]
    for name, ends in sorted(soon, key=lambda one: one[1]):
        yield Finding(
            level="warning",
            subject=f"API key {name}",
            said=f"expires in {in_time((ends - now).total_seconds())}, and there is no newer one",
            means="whoever sends it is refused then",
            remedy=f"closeloop keys rotate {name}; the old one works until the overlap is over",
        )


def check_gateway(seen: GatewaySeen, database: DatabaseSeen) -> Iterator[Finding]:
    """The gateway: there, ready, and its key."""
    if seen.problem:
        yield Finding(
            level="wrong",
            subject=f"gateway {seen.url}",
            said=f"cannot be reached: {seen.problem}",
            means="events over HTTP, the console and clicks in Slack are refused",
            remedy="closeloop gateway; or give its address with --url",
        )
        return
    if seen.alive is None:
        yield Finding(
            level="wrong",
            subject=f"gateway {seen.url}",
            said="something else answers there",
            means="the port is taken by another program, or the address is another's",
            remedy="give the gateway's address with --url, or another CLOSELOOP_PORT to the gateway",
        )
        return
    if not seen.alive:
        yield Finding(
            level="wrong",
            subject=f"gateway {seen.url}",
            said="its live view of the metrics has ended",
            means="the console shows old numbers",
            remedy="start it again: closeloop gateway; its log says why it ended",
        )
    elif seen.waiting_for:
        yield Finding(
            level="wrong",
            subject=f"gateway {seen.url}",
            said=f"not ready: it waits for {', '.join(seen.waiting_for)}",
            means="what it shows is old or missing, and a load balancer sends nobody to it",
            remedy="mend what it waits for; it goes on by itself",
        )
    else:
        yield Finding(level="ok", subject=f"gateway {seen.url}", said="serves and is ready")
        yield from _key(seen, database)
    if seen.ahead_s is not None:
        yield _clock("clock of the gateway", seen.ahead_s, "events are judged as too far in the future, or too late")


def check_disk(seen: DiskSeen) -> Iterator[Finding]:
    """The disk of this machine."""
    share = seen.free / seen.size if seen.size else 1.0
    said = f"{in_bytes(seen.free)} of {in_bytes(seen.size)} free under {seen.path}"
    if share >= DISK_WARNING:
        yield Finding(level="ok", subject="disk", said=said)
        return
    yield Finding(
        level="wrong" if share < DISK_WRONG else "warning",
        subject="disk",
        said=said,
        means="logs, a local Kafka and SQLite end when it is full",
        remedy="make room; closeloop db sizes, closeloop db prune",
    )


def check_slack(found: Iterable[Finding] | None) -> Iterator[Finding]:
    """What the examination of Slack said; ``None``: there is no token."""
    if found is None:
        yield Finding(
            level="warning",
            subject="Slack",
            said="no SLACK_BOT_TOKEN",
            means="no employee is told of a case",
            remedy="closeloop slack manifest; docs/slack-setup.md",
        )
        return
    for finding in found:
        subject = finding.subject if finding.subject == "Slack" else f"Slack, {finding.subject}"
        means = "" if finding.level == "ok" else "employees are told late, elsewhere, or not at all"
        yield msgspec.structs.replace(finding, subject=subject, means=means)


def _key(seen: GatewaySeen, database: DatabaseSeen) -> Iterator[Finding]:
    if seen.key_status in (401, 403):
        said = "refuses the key of CLOSELOOP_API_KEY" if seen.has_key else "asks for a key"
        yield Finding(
            level="wrong" if seen.has_key else "warning",
            subject="API key",
            said=said,
            means="the commands that ask the gateway are refused; what it shows was not looked at",
            remedy="closeloop keys create NAME --role read; then set CLOSELOOP_API_KEY",
        )
    elif seen.key_status >= 500:
        yield Finding(
            level="wrong",
            subject=f"gateway {seen.url}",
            said=f"answers {seen.key_status} when asked for the books",
            means="the console cannot show them",
            remedy="look at the gateway's log",
        )
    elif database.keys == 0 and database.standing is not None and not database.problem:
        yield Finding(
            level="warning",
            subject="API key",
            said="there is none: whoever reaches the gateway on this machine may do everything",
            means="fine for trying out",
            remedy="closeloop keys create NAME --role admin",
        )
    else:
        yield Finding(level="ok", subject="API key", said="is taken" if seen.has_key else "is not asked for")


def _clock(subject: str, ahead: float, means: str) -> Finding:
    if abs(ahead) <= CLOCK_WARNING_S:
        return Finding(level="ok", subject=subject, said="as this machine's")
    return Finding(
        level="wrong" if abs(ahead) > CLOCK_WRONG_S else "warning",
        subject=subject,
        said=f"{in_time(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} this machine's",
        means=means,
        remedy="let both machines keep time by NTP: timedatectl set-ntp true",
    )
