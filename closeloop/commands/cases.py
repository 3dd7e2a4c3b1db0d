"""``closeloop cases``: list, show, act on and export cases over the HTTP API."""

import enum
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import say, user_errors
from closeloop.errors import USER_ERROR

app = typer.Typer(help="List, show, act on or export cases over the API.", no_args_is_help=True)

REFUSED = 1
"""The exit code where the gateway said no, or was not there."""


class ActionChoice(enum.StrEnum):
    """What a person can do with a case."""

    acknowledge = "acknowledge"
    contact = "contact"
    resolve = "resolve"
    reassign = "reassign"
    snooze = "snooze"
    wake = "wake"
    reopen = "reopen"
    dismiss = "dismiss"


class ListFormat(enum.StrEnum):
    """How a list is written."""

    text = "text"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


class ShowFormat(enum.StrEnum):
    """How one case is written."""

    text = "text"
    json = "json"


class FileFormat(enum.StrEnum):
    """What rows are written as. ``excel`` is CSV that Excel reads as UTF-8, ``jsonl`` a JSON object a line."""

    csv = "csv"
    excel = "excel"
    json = "json"
    jsonl = "jsonl"


UrlOption = Annotated[str, typer.Option(help="The gateway; the key is taken from CLOSELOOP_API_KEY.")]
CaseArgument = Annotated[str, typer.Argument(help="The case: 7 or C-7.")]
StateOption = Annotated[str, typer.Option(help="One state, or several with commas: open,acknowledged.")]
OwnerOption = Annotated[str, typer.Option(help="Cases of this person, by their key in loop.yaml.")]
SeverityOption = Annotated[str, typer.Option(help="critical, high or normal, or several with commas.")]
ReceiverOption = Annotated[str, typer.Option(help="Cases of this receiver of loop.yaml.")]
TouchpointOption = Annotated[str, typer.Option(help="Cases opened about this touchpoint.")]
IncidentOption = Annotated[str, typer.Option(help="Cases of this incident: 7 or I-7.")]
CustomerOption = Annotated[str, typer.Option(help="Cases of this customer_id.")]
OverdueOption = Annotated[bool, typer.Option("--overdue", help="Only open cases with a broken promise.")]
TextOption = Annotated[str, typer.Option("--text", help="Part of the customer_id, the answer, its reason or the note.")]
HeldOption = Annotated[bool, typer.Option("--held", help="Only cases whose messages wait for a silence's end.")]

HERE = "http://127.0.0.1:8080"


@app.command("list")
def cases_list(
    state: StateOption = "",
    owner: OwnerOption = "",
    severity: SeverityOption = "",
    receiver: ReceiverOption = "",
    touchpoint: TouchpointOption = "",
    incident: IncidentOption = "",
    customer: CustomerOption = "",
    overdue: OverdueOption = False,
    text: TextOption = "",
    held: HeldOption = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many cases at most.")] = 50,
    form: Annotated[
        ListFormat, typer.Option("--format", help="text is a table on a terminal, else tab-separated lines.")
    ] = (ListFormat.text),
    url: UrlOption = HERE,
) -> None:
    """List cases, the newest first. Everything that is asked for must hold."""
    with answers():
        from closeloop.cases.api import CaseApi
        from closeloop.cases.asking import incident_number
        from closeloop.cases.listing import print_list

        wanted = {
            "state": state,
            "owner": owner,
            "severity": severity,
            "receiver": receiver,
            "touchpoint": touchpoint,
            "incident": incident_number(incident),
            "customer": customer,
            "overdue": "true" if overdue else "",
            "text": text,
            "held": "true" if held else "",
        }
        cases, total = CaseApi(url, key()).cases(wanted, limit)
        print_list(cases, form.value, datetime.now(UTC))
        if not cases:
            say("no case fits" if any(wanted.values()) else "there are no cases yet")
        elif total > len(cases):
            say(f"the newest {len(cases)} of {total}: --limit shows more, closeloop cases export all")


@app.command("show")
def cases_show(
    case: CaseArgument,
    form: Annotated[ShowFormat, typer.Option("--format", help="How the case is written.")] = ShowFormat.text,
    url: UrlOption = HERE,
) -> None:
    """Show a case with its due times, answers, history and messages."""
    with answers():
        from closeloop.cases.api import CaseApi
        from closeloop.cases.asking import case_number
        from closeloop.cases.listing import print_case

        print_case(CaseApi(url, key()).case(case_number(case)), form.value, datetime.now(UTC))


@app.command("act")
def cases_act(
    case: CaseArgument,
    action: Annotated[ActionChoice, typer.Argument(help="What to do with it.")],
    note: Annotated[str | None, typer.Option(help="What you have to say; kept in the history.")] = None,
    root_cause: Annotated[str | None, typer.Option(help="For resolve: what went wrong, a code.")] = None,
    until: Annotated[str | None, typer.Option(help="For snooze: a time with its zone, or 4h, 2d from now.")] = None,
    owner: Annotated[str | None, typer.Option(help="For reassign and acknowledge: who takes it.")] = None,
    channel: Annotated[str | None, typer.Option(help="For contact: phone, email or another.")] = None,
    actor: Annotated[str | None, typer.Option(help="Who acts, if the key is no person's own.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Refuse if the case has changed since this one.")] = None,
    form: Annotated[ShowFormat, typer.Option("--format", help="How the outcome is written.")] = ShowFormat.text,
    url: UrlOption = HERE,
) -> None:
    """Act on a case, by the same rules as in Slack and on the console."""
    with answers():
        from closeloop.cases.api import CaseApi
        from closeloop.cases.asking import action_body, case_number
        from closeloop.cases.listing import print_outcome

        given = {
            "note": note,
            "root_cause": root_cause,
            "until": until,
            "owner": owner,
            "channel": channel,
            "actor": actor,
            "version": version,
        }
        number = case_number(case)
        body = action_body(action.value, given, datetime.now(UTC))
        print_outcome(CaseApi(url, key()).act(number, action.value, body), form.value)


@app.command("export")
def cases_export(
    output: Annotated[Path | None, typer.Option(help="The file to write; standard output without it.")] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Export what was done with cases, not the cases.")] = False,
    state: StateOption = "",
    owner: OwnerOption = "",
    severity: SeverityOption = "",
    receiver: ReceiverOption = "",
    touchpoint: TouchpointOption = "",
    incident: IncidentOption = "",
    customer: CustomerOption = "",
    overdue: OverdueOption = False,
    text: TextOption = "",
    held: HeldOption = False,
    case: Annotated[str, typer.Option(help="With --audit: of this case only, 7 or C-7.")] = "",
    actor: Annotated[str, typer.Option(help="With --audit: what this person, key or `system` did.")] = "",
    action: Annotated[str, typer.Option(help="With --audit: this action only, such as resolve.")] = "",
    since: Annotated[str, typer.Option(help="With --audit: from this time on, 2026-11-21T00:00:00Z.")] = "",
    until: Annotated[str, typer.Option(help="With --audit: before this time.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Only after this id (with --audit: this seq).")] = 0,
    form: Annotated[
        FileFormat, typer.Option("--format", help="excel: csv that Excel reads as UTF-8.")
    ] = FileFormat.csv,
    url: UrlOption = HERE,
) -> None:
    """Export all cases that fit, or their audit trail, as CSV or JSON."""
    with answers():
        from closeloop.cases.api import CaseApi
        from closeloop.cases.asking import export_query, incident_number
        from closeloop.cases.saving import save

        cases_only = {
            "state": state,
            "owner": owner,
            "severity": severity,
            "receiver": receiver,
            "touchpoint": touchpoint,
            "incident": incident_number(incident),
            "overdue": "true" if overdue else "",
            "text": text,
            "held": "true" if held else "",
        }
        audit_only = {"case": case, "actor": actor, "action": action, "since": since, "until": until}
        path, wanted = export_query(audit, cases_only, audit_only)
        wanted |= {"customer": customer, "after": str(after), "format": form.value}
        save(CaseApi(url, key()).stream(path, wanted), output)


def key() -> str | None:
    """The API key of this environment, if there is one."""
    return os.environ.get("CLOSELOOP_API_KEY") or None


@contextmanager
def answers() -> Iterator[None]:
    """Say what the gateway refused in one line: exit code 2 where the words were wrong, 1 where the case said no."""
    with user_errors():
        from closeloop.cases.api import RefusedRequest, Unreachable
        from closeloop.cases.words import refusal

        try:
            yield
        except Unreachable as error:
            say(f"closeloop: {error}")
            raise typer.Exit(REFUSED) from None
        except RefusedRequest as refused:
            say(f"closeloop: {refusal(refused, datetime.now(UTC))}")
            raise typer.Exit(USER_ERROR if refused.status in (400, 422) else REFUSED) from None
