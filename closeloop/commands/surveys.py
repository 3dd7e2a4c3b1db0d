"""``closeloop surveys``: links to pages with one question."""

import enum
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import ConfigOption, JsonOption, read_settings, refuse, say, user_errors

NO_KEY = "CLOSELOOP_SURVEY_KEY: not set; take the output of `openssl rand -base64 32`, the gateway's the same"

app = typer.Typer(help="Ask customers one question on a page of its own, behind a link.", no_args_is_help=True)


@app.command("link")
def surveys_link(
    survey: Annotated[str, typer.Option(help="A survey of loop.yaml.")],
    customer: Annotated[str, typer.Option(help="The customer's id.")],
    about: Annotated[
        str | None,
        typer.Option(help="What is asked about, such as order-17: answers to all links about it count once."),
    ] = None,
    touchpoint: Annotated[str | None, typer.Option(help="The touchpoint that is asked about.")] = None,
    touchpoint_event_id: Annotated[str | None, typer.Option(help="The id of its event.")] = None,
    channel: Annotated[str | None, typer.Option(help="How the link is sent. Default: the survey's.")] = None,
    language: Annotated[str | None, typer.Option(help="Such as pt. Default: the reader's.")] = None,
    expires_in: Annotated[str | None, typer.Option(help="Such as 7d. Default: the survey's.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = Path("loop.yaml"),
) -> None:
    """Make a link, without a gateway; it works at any that has the same key."""
    with user_errors():
        import msgspec

        from gateway.surveys.desk import LinkRequest, SurveyDesk
        from gateway.surveys.links import LinkUnfit
        from schemas.loop_yaml import load

        settings = read_settings()
        loop = load(config, settings.zone)
        given = {
            "survey": survey,
            "customer_id": customer,
            "about": about,
            "touchpoint": touchpoint,
            "touchpoint_event_id": touchpoint_event_id,
            "channel": channel,
            "language": language,
            "expires_in": expires_in,
        }
        try:
            wanted = msgspec.convert(given, LinkRequest)
            made, _ = SurveyDesk(settings.survey_keys, settings.public_url).make(wanted, loop, datetime.now(UTC))
        except msgspec.ValidationError as error:
            refuse(str(error).replace("`", "").replace("$.", ""))
        except LinkUnfit as error:
            refuse(str(error))
        except LookupError:
            refuse(NO_KEY)
        if as_json:
            print(msgspec.json.encode(made).decode())  # noqa: T201 - this command's output
            return
        print(made.url)  # noqa: T201 - for scripts: the link alone on standard output
        say(f"good until {made.expires_at:%Y-%m-%d %H:%M} UTC, for whoever has it: send it to this customer alone")


class Encoding(enum.StrEnum):
    """What a table may be written in."""

    utf_8 = "utf-8"
    cp1252 = "cp1252"
    latin_1 = "latin-1"
    utf_16 = "utf-16"


@app.command("links")
def surveys_links(
    file: Annotated[Path, typer.Argument(help="CSV with column names, or JSONL (also .gz, - for standard input).")],
    survey: Annotated[str | None, typer.Option(help="A survey of loop.yaml. Default: the column survey.")] = None,
    output: Annotated[Path | None, typer.Option(help="The CSV to write; standard output without it.")] = None,
    about: Annotated[
        str | None,
        typer.Option(help="The name of the mailing: made again, its links count as the same question."),
    ] = None,
    touchpoint: Annotated[str | None, typer.Option(help="The touchpoint that is asked about.")] = None,
    channel: Annotated[str | None, typer.Option(help="How the links are sent. Default: the survey's.")] = None,
    language: Annotated[str | None, typer.Option(help="Such as pt. Default: the reader's.")] = None,
    expires_in: Annotated[str | None, typer.Option(help="Such as 7d. Default: the survey's.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=COLUMN, such as customer_id=Email, for a column of another name; repeatable."),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(help="A column that becomes an attribute of the answer; repeatable."),
    ] = None,
    delimiter: Annotated[str, typer.Option(help="What is between the cells of the table.")] = ",",
    encoding: Annotated[Encoding, typer.Option(help="What the table is written in.")] = Encoding.utf_8,
    rejected: Annotated[
        Path | None, typer.Option(help="The report of rejected lines; without it FILE.rejected.csv.")
    ] = None,
    config: ConfigOption = Path("loop.yaml"),
) -> None:
    """Make a link for each customer of a file. The same table comes out, with three columns more."""
    with user_errors():
        from urllib.parse import urlsplit

        from rich.console import Console

        from closeloop.errors import UserError
        from closeloop.importer.rejected import RejectedRows
        from closeloop.importer.source import SourceError
        from closeloop.mailing.requests import Reading, read_columns
        from closeloop.mailing.run import Form, Mailing, beside
        from gateway.addresses import is_loopback
        from gateway.surveys.desk import SurveyDesk
        from gateway.surveys.links import LinkUnfit
        from schemas.loop_yaml import load

        settings = read_settings()
        loop = load(config, settings.zone)
        if not settings.survey_keys:
            refuse(NO_KEY)
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise UserError("--delimiter: give one character, such as ;")
        report = rejected or beside(file)
        for option, path in (("--output", output), ("--rejected", report)):
            if path is not None and path.resolve() == file.resolve():
                raise UserError(f"{option}: this is the file that is read; give another name")
        if output is not None and output.resolve() == report.resolve():
            raise UserError("--rejected: this is the --output, too; give another name")
        given = {
            "survey": survey,
            "about": about,
            "touchpoint": touchpoint,
            "channel": channel,
            "language": language,
            "expires_in": expires_in,
        }
        desk = SurveyDesk(settings.survey_keys, settings.public_url)
        now = datetime.now(UTC)
        try:
            shared = {name: value for name, value in given.items() if value is not None}
            reading = Reading(shared=shared, columns=read_columns(column or []), attributes=attribute or [])
            if survey is not None:
                # What holds for all is wrong once, not in every line.
                desk.make(reading.request({reading.columns.get("customer_id", "customer_id"): "c"}), loop, now)
            mailing = Mailing(desk, loop, reading, now=now, clock=time.monotonic, console=Console(stderr=True))
            mailing.write(file, Form(delimiter=delimiter, encoding=encoding), output, RejectedRows(report))
        except (LinkUnfit, SourceError) as error:
            refuse(str(error).replace("; what came before was sent", ""))
        counts = mailing.counts
        say(f"{counts.made:,} links to {settings.public_url}{f' in {output}' if output else ''}")
        if is_loopback(urlsplit(settings.public_url).hostname or ""):
            say("they lead to this machine alone: set CLOSELOOP_PUBLIC_URL to where customers reach the gateway")
        if counts.alone:
            say(f"{counts.alone:,} of them name nothing they are about: made again, they ask again; give --about")
        if counts.rejected:
            say(f"{counts.rejected:,} lines got none: every one with its reason is in {report}")
            raise typer.Exit(1)
