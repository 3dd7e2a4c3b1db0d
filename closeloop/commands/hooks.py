"""``closeloop hooks``: survey tools that send here."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.cases import HERE, UrlOption, answers, key
from closeloop.commands.shared import ConfigOption, JsonOption, read_settings, say, user_errors

app = typer.Typer(help="List hooks of survey tools, or try a mapping.", no_args_is_help=True)


@app.command("list")
def hooks_list(json: JsonOption = False, url: UrlOption = HERE) -> None:
    """List the gateway's hooks: address, tool, whether the secret is set, the last delivery."""
    with answers():
        from closeloop.cases.api import CaseApi
        from closeloop.cases.words import moment
        from closeloop.printing import print_json, print_rows

        found = CaseApi(url, key()).hooks()
        if json:
            print_json(found)
            return
        columns = ("hook", "tool", "address", "secret", "token", "last delivery", "since the gateway began")
        rows = [
            (
                one.name,
                one.tool,
                one.path,
                "set" if one.secret_set else "MISSING",
                {True: "set", False: "MISSING", None: ""}[one.token_set],
                "" if one.last_at is None else f"{moment(one.last_at)} {one.last_outcome}",
                ", ".join(f"{outcome} {number}" for outcome, number in sorted(one.outcomes.items())),
            )
            for one in found
        ]
        print_rows(columns, rows)
        if not found:
            say("loop.yaml of the gateway has no hooks; docs/hooks.md says how to add one")


@app.command("test")
def hooks_test(
    name: Annotated[str, typer.Argument(help="The hook's name in loop.yaml.")],
    payload: Annotated[Path, typer.Argument(help="A file with what the tool sends.")],
    header: Annotated[list[str] | None, typer.Option(help="NAME: VALUE of the delivery; checks the signature.")] = None,
    fetched: Annotated[
        Path | None, typer.Option(help="A file with what the tool's API answers (qualtrics, surveymonkey).")
    ] = None,
    config: ConfigOption = Path("loop.yaml"),
    json: JsonOption = False,
) -> None:
    """Say what would come of a delivery. Each field with its path and value, or the field that does not fit."""
    with user_errors():
        from closeloop.hooks.trial import (
            COLUMNS,
            headers_of,
            mapper_of,
            read_file,
            rows,
            signature_told,
            told,
        )
        from closeloop.printing import print_json, print_rows
        from gateway.hooks.trying import try_out

        mapper = mapper_of(config, read_settings().zone, name)
        body, at = read_file(payload), datetime.now(UTC)
        if header:
            say(signature_told(mapper, body, headers_of(header), at))
        tried = try_out(mapper, body, None if fetched is None else read_file(fetched), at)
        if json:
            print_json(tried)
        else:
            print_rows(COLUMNS, rows(tried))
        for piece in tried.pieces:
            say(told(piece))
        if any(piece.problem is not None for piece in tried.pieces):
            raise typer.Exit(1)
