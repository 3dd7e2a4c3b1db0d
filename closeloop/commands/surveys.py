"""``closeloop surveys``: links to pages with one question."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import ConfigOption, JsonOption, read_settings, refuse, say, user_errors

app = typer.Typer(help="Ask customers one question on a page of its own, behind a link.", no_args_is_help=True)


@app.callback()
def surveys() -> None:
    """Keep `link` a command of its own name, although it is the only one."""


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
            refuse(
                "CLOSELOOP_SURVEY_KEY: not set; take the output of `openssl rand -base64 32`, the gateway's the same"
            )
        if as_json:
            print(msgspec.json.encode(made).decode())  # noqa: T201 - this command's output
            return
        print(made.url)  # noqa: T201 - for scripts: the link alone on standard output
        say(f"good until {made.expires_at:%Y-%m-%d %H:%M} UTC, for whoever has it: send it to this customer alone")
