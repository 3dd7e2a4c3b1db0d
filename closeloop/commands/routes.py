"""``closeloop routes``: who gets an alert."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import ConfigOption, read_settings, user_errors

app = typer.Typer(help="Say who gets an alert, and why.", no_args_is_help=True)


@app.command("explain")
def routes_explain(
    event: Annotated[Path, typer.Argument(help="A file with one CloudEvent, or one alert of cx.alerts, in JSON.")],
    config: ConfigOption = Path("loop.yaml"),
    at: Annotated[datetime | None, typer.Option(help="When it comes, UTC. Default: now.")] = None,
) -> None:
    """Say who would get the alert of this answer or touchpoint, and why."""
    with user_errors():
        from closeloop.current_silences import current_silences
        from closeloop.explain import explain_event

        moment = at.replace(tzinfo=UTC) if at is not None else datetime.now(UTC)
        settings = read_settings()
        silences = current_silences(settings.database, moment)
        for line in explain_event(event, config, settings.zone, moment, silences):
            print(line)  # noqa: T201 - this command's output


@app.command("prove")
def routes_prove(
    config: ConfigOption = Path("loop.yaml"),
    within: Annotated[str, typer.Option(help="How soon an owner has to be at work: 36h, 7d.")] = "7d",
    at: Annotated[datetime | None, typer.Option(help="When the week begins, UTC. Default: now.")] = None,
) -> None:
    """Look for alerts that reach nobody. At every hour of a week, and of the holidays and absences to come."""
    with user_errors():
        from closeloop.explain import prove_routes

        moment = at.replace(tzinfo=UTC) if at is not None else datetime.now(UTC)
        lines, whole = prove_routes(config, read_settings().zone, within, moment)
        for line in lines:
            print(line)  # noqa: T201 - this command's output
        if not whole:
            raise typer.Exit(1)
