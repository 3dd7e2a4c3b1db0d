"""``closeloop rules``: changed rules over what was recorded."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import read_settings, user_errors

app = typer.Typer(help="Try changed rules on what was recorded.", no_args_is_help=True)


class FormatChoice(enum.StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    csv = "csv"


@app.command("test")
def rules_test(
    file: Annotated[Path | None, typer.Argument(help="Events as import reads them: JSONL, .gz, or -.")] = None,
    since: Annotated[
        str | None, typer.Option(help="In place of a file: what the topics got in this time, e.g. 30d.")
    ] = None,
    config: Annotated[Path, typer.Option("--config", help="The changed loop.yaml.")] = Path("loop.yaml"),
    against: Annotated[
        Path | None, typer.Option(help="Today's loop.yaml. Default: CLOSELOOP_CONFIG's, if it is another file.")
    ] = None,
    close_after: Annotated[str, typer.Option(help="How long a case is taken to be open, e.g. 36h.")] = "5d",
    load: Annotated[int, typer.Option(min=1, help="Open cases that nobody should have more of at once.")] = 20,
    form: Annotated[FormatChoice, typer.Option("--format", help="How the findings are written.")] = FormatChoice.text,
) -> None:
    """Replay recorded events through changed rules. Says what would open, for whom, and how that differs from today."""
    with user_errors():
        from closeloop.rules.command import test_rules

        print(test_rules(file, since, config, against, close_after, load, form.value, read_settings()))  # noqa: T201 - this command's output
