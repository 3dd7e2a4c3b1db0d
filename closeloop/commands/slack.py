"""``closeloop slack``: the app of your workspace."""

from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import ConfigOption, read_settings, refuse, user_errors

app = typer.Typer(help="Make the Slack app of your workspace, and see what is wrong with it.", no_args_is_help=True)


@app.command("manifest")
def slack_manifest(
    url: Annotated[
        str, typer.Option(help="Where Slack reaches the gateway, e.g. https://closeloop.example.com.")
    ] = "https://closeloop.example.com",
    socket_mode: Annotated[
        bool,
        typer.Option("--socket-mode", help="Nothing is reachable from outside: Slack's clicks come over a socket."),
    ] = False,
    name: Annotated[str, typer.Option(help="The app's name in Slack; give each environment its own.")] = "closeloop",
) -> None:
    """Print the manifest to create the Slack app from."""
    with user_errors():
        from closeloop.slack_app.manifest import manifest

        if not url.startswith("https://"):
            refuse("--url: Slack wants an address with https://")
        if not 1 <= len(name) <= 35:
            refuse("--name: give 1 to 35 characters")
        print(manifest(name, None if socket_mode else url), end="")  # noqa: T201 - this command's output


@app.command("doctor")
def slack_doctor(
    config: ConfigOption = Path("loop.yaml"),
    channel: Annotated[
        str | None, typer.Option(help="A channel for a test message, found again and deleted; without it none is sent.")
    ] = None,
) -> None:
    """Check token, scopes, channels, people and Socket Mode. Exit code 1 when something is wrong."""
    with user_errors():
        from closeloop.slack_app.doctor import Doctor
        from schemas.loop_yaml import load

        settings = read_settings()
        if settings.slack_bot_token is None:
            refuse("SLACK_BOT_TOKEN: is missing; give the Bot User OAuth Token (xoxb-...) of your app")
        wrong = 0
        for finding in Doctor(settings, load(config, settings.zone)).examine(channel):
            print(finding.line())  # noqa: T201 - this command's output
            wrong += finding.level == "wrong"
        raise typer.Exit(1 if wrong else 0)
