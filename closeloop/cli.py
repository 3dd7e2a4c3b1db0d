"""The ``closeloop`` command: its subcommands, and how a process of it begins."""

import os

import typer

from closeloop.commands import (
    audit,
    cases,
    db,
    deadletters,
    doctor,
    erase,
    events,
    export,
    hooks,
    incidents,
    keys,
    rooms,
    routes,
    rules,
    sessions,
    silences,
    slack,
    surveys,
    topics,
    watch,
)
from closeloop.lifetime import end_with_supervisor
from closeloop.logs import configure_logs

app = typer.Typer(
    name="closeloop",
    help="Closes the customer-feedback loop: events in, one Slack message per unhappy customer, the outcome back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(rooms.app)
app.add_typer(events.app)
app.add_typer(doctor.app)
app.add_typer(watch.app)
app.add_typer(erase.app)
app.add_typer(topics.app, name="topics")
app.add_typer(db.app, name="db")
app.add_typer(deadletters.app, name="deadletters")
app.add_typer(keys.app, name="keys")
app.add_typer(sessions.app, name="sessions")
app.add_typer(audit.app, name="audit")
app.add_typer(hooks.app, name="hooks")
app.add_typer(routes.app, name="routes")
app.add_typer(rules.app, name="rules")
app.add_typer(incidents.app, name="incidents")
app.add_typer(silences.app, name="silences")
app.add_typer(cases.app, name="cases")
app.add_typer(export.app, name="export")
app.add_typer(slack.app, name="slack")
app.add_typer(surveys.app, name="surveys")


def main() -> None:
    """Run the command. A supervised process ends with its supervisor."""
    end_with_supervisor()
    configure_logs(os.environ.get("CLOSELOOP_LOG_LEVEL") or "info")
    app()
