"""``closeloop audit``: who did what of the acts that a company answers for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from closeloop.commands.shared import JsonOption, read_settings, refuse, say, user_errors

if TYPE_CHECKING:
    from gateway.audit_reads import AuditFilter

app = typer.Typer(help="List or export the audit trail: keys, sign-ins, exports, erasures.", no_args_is_help=True)

ActionOption = Annotated[str, typer.Option(help="Only this action, such as key_created.")]
ActorOption = Annotated[str, typer.Option(help="Only by this actor: a key's name, a person, a user of a machine.")]
CustomerOption = Annotated[str, typer.Option(help="Only what concerned the customer of this id.")]
SinceOption = Annotated[str, typer.Option(help="Only since then: 2h ago, or 2026-11-21T10:15:02Z.")]
UntilOption = Annotated[str, typer.Option(help="Only before then: 2h ago, or 2026-11-21T10:15:02Z.")]


@app.command("list")
def audit_list(
    action: ActionOption = "",
    actor: ActorOption = "",
    customer: CustomerOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    json: JsonOption = False,
) -> None:
    """List who did what, the newest first."""
    with user_errors():
        from closeloop.printing import print_json, print_rows
        from gateway.audit_reads import read_audit
        from schemas.database import open_database, readers

        wanted = _wanted(action, actor, customer, since, until)
        with readers(open_database(read_settings().database))() as session:
            page = read_audit(session, wanted, limit)
        if json:
            print_json(page.entries)
        else:
            print_rows(
                ("when", "who", "from", "did", "what", "outcome", ""),
                [
                    (
                        f"{one.at:%Y-%m-%d %H:%M:%S} UTC",
                        f"{one.actor} ({one.kind})",
                        one.address or one.via,
                        one.action,
                        one.subject or one.customer or "",
                        one.outcome,
                        ", ".join(f"{name} {value}" for name, value in one.detail.items()),
                    )
                    for one in page.entries
                ],
            )
        if not page.entries:
            say("nothing in the audit trail fits")
        elif page.next is not None:
            say(f"the newest {limit}: --limit shows more, closeloop audit export all")


@app.command("export")
def audit_export(
    output: Annotated[Path | None, typer.Option(help="The file to write; standard output without it.")] = None,
    action: ActionOption = "",
    actor: ActorOption = "",
    customer: CustomerOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
) -> None:
    """Export all that fits, the newest first, a JSON object a line."""
    with user_errors():
        from closeloop.cases.saving import save
        from gateway.audit_reads import all_audit
        from schemas.database import open_database, readers

        wanted = _wanted(action, actor, customer, since, until)
        with readers(open_database(read_settings().database))() as session:
            save((msgspec.json.encode(one) + b"\n" for one in all_audit(session, wanted)), output)


def _wanted(action: str, actor: str, customer: str, since: str, until: str) -> "AuditFilter":
    from closeloop.deadletters.asking import moment_of
    from gateway.audit_reads import AuditFilter
    from schemas.audit import ACTIONS

    known = next((one for one in ACTIONS if one == action), None)
    if action and known is None:
        refuse(f"--action {action}: not an action; there are {', '.join(ACTIONS)}")
    now = datetime.now(UTC)
    return AuditFilter(
        action=known,
        actor=actor or None,
        customer=customer or None,
        since=moment_of("--since", since, now),
        until=moment_of("--until", until, now),
    )
