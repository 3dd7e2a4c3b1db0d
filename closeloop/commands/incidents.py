"""``closeloop incidents``: bursts of cases that share a cause, over the HTTP API."""

from typing import Annotated

import typer

from closeloop.commands.cases import HERE, UrlOption, answers, key
from closeloop.commands.shared import say

app = typer.Typer(help="Show incidents: many cases that came at once and share a cause.", no_args_is_help=True)

MOST = 200


@app.command("list")
def incidents_list(
    unresolved: Annotated[bool, typer.Option("--open", help="Only those with a case that is open.")] = False,
    url: UrlOption = HERE,
) -> None:
    """List the newest incidents with how many of their cases are open."""
    with answers():
        from closeloop.cases.api import CaseApi
        from closeloop.cases.words import incident_line

        found, more = CaseApi(url, key()).incidents(unresolved=unresolved, most=MOST)
        for incident in found:
            print(incident_line(incident))  # noqa: T201 - this command's output
        if not found:
            say("no incidents")
        elif more:
            say(f"the newest {MOST}; there are more")
        else:
            say("their cases: closeloop cases list --incident NUMBER")
