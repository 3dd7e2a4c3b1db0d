"""``closeloop export``: metrics, answers and cases from the API as a file."""

import enum
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeloop.commands.cases import HERE, UrlOption, answers, key
from closeloop.commands.shared import say

if TYPE_CHECKING:
    from closeloop.exporter.columns import Exported

app = typer.Typer(help="Export metrics, answers or cases over the API.", no_args_is_help=True)


class ExportFormat(enum.StrEnum):
    """What rows are written as. ``excel`` is CSV that Excel reads as UTF-8, ``jsonl`` a JSON object a line."""

    csv = "csv"
    excel = "excel"
    json = "json"
    jsonl = "jsonl"
    parquet = "parquet"


FormatOption = Annotated[
    ExportFormat, typer.Option("--format", help="excel: csv that Excel reads as UTF-8; parquet: closeloop[parquet].")
]
OutputOption = Annotated[Path | None, typer.Option(help="The file to write; standard output without it, or for -.")]


@app.command()
def metrics(
    output: OutputOption = None,
    metric: Annotated[str, typer.Option(help="This metric only, such as nps.")] = "",
    cut: Annotated[str, typer.Option(help="This cut of loop.yaml only, such as region.")] = "",
    first: Annotated[str, typer.Option("--from", help="The first day, 2026-11-01.")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day, 2026-11-30.")] = "",
    form: FormatOption = ExportFormat.csv,
    url: UrlOption = HERE,
) -> None:
    """Export the history of metrics, a row a day and series. The key needs the role read."""
    with answers():
        from closeloop.exporter.columns import METRICS

        _save(METRICS, {"metric": metric, "cut": cut, "from": first, "to": last}, form, output, url)


@app.command()
def responses(
    output: OutputOption = None,
    since: Annotated[str, typer.Option(help="From this time on, 2026-11-21T00:00:00Z; without it 30 days ago.")] = "",
    until: Annotated[str, typer.Option(help="Before this time.")] = "",
    metric: Annotated[str, typer.Option(help="This metric only, such as nps.")] = "",
    comments: Annotated[bool, typer.Option("--comments", help="With what customers wrote: the role act.")] = False,
    form: FormatOption = ExportFormat.csv,
    url: UrlOption = HERE,
) -> None:
    """Export the answers that Kafka keeps, each once. The key needs the role read."""
    with answers():
        from closeloop.exporter.columns import RESPONSES

        wanted = {"since": since, "until": until, "metric": metric, "comments": "true" if comments else ""}
        _save(RESPONSES, wanted, form, output, url)


@app.command()
def cases(
    output: OutputOption = None,
    state: Annotated[str, typer.Option(help="Cases in this state only.")] = "",
    form: FormatOption = ExportFormat.csv,
    url: UrlOption = HERE,
) -> None:
    """Export the cases; `closeloop cases export` knows more filters and the audit trail. The role is read."""
    with answers():
        from closeloop.exporter.columns import CASES

        _save(CASES, {"state": state}, form, output, url)


def _save(kind: "Exported", wanted: Mapping[str, str], form: ExportFormat, output: Path | None, url: str) -> None:
    from closeloop.cases.api import CaseApi
    from closeloop.cases.saving import save
    from closeloop.errors import UserError
    from closeloop.exporter.parquet import save_parquet, whole_lines

    api = CaseApi(url, key())
    if output == Path("-"):
        output = None
    if form is ExportFormat.parquet:
        if output is None:
            raise UserError("--output: a Parquet file needs a name")
        pieces = api.stream(kind.path, {**wanted, "format": ExportFormat.jsonl.value})
        count = save_parquet(whole_lines(_told(pieces)), kind, output)
        say(f"{count:,} rows in {output}")
        return
    save(_told(api.stream(kind.path, {**wanted, "format": form.value})), output)
    if output is not None:
        say(f"{output.stat().st_size:,} bytes in {output}")


def _told(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, while a terminal is told how many bytes have come."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from pieces
        return
    came = 0
    with console.status("asked the gateway") as status:
        for piece in pieces:
            came += len(piece)
            status.update(f"{came / 1_000_000:,.1f} MB received")
            yield piece
