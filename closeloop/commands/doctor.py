"""``closeloop doctor``: a deployment from end to end."""

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from closeloop.commands.shared import JsonOption, read_settings, say, user_errors
from closeloop.doctor.permissions import RoomName

app = typer.Typer()

WRONG = 1
"""The exit code where something is wrong; a warning alone is none."""


@app.command()
def doctor(
    url: Annotated[str, typer.Option(help="The gateway; default: CLOSELOOP_PUBLIC_URL.")] = "",
    config: Annotated[Path | None, typer.Option("--config", help="The configuration of the loop.")] = None,
    room: Annotated[
        RoomName | None, typer.Option(help="Judge the permissions of this room alone, as whose user it runs.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what is not well.")] = False,
    json: JsonOption = False,
) -> None:
    """Check a deployment from end to end. Says what is wrong, what it means, and what mends it."""
    with user_errors():
        from closeloop.cleaning import clean
        from closeloop.doctor.examine import examine
        from closeloop.doctor.permissions import ROOMS
        from closeloop.errors import UserError
        from closeloop.findings import MARKS
        from closeloop.printing import print_json

        settings = read_settings()
        if config is not None:
            settings = msgspec.structs.replace(settings, config=config)
        address = url or settings.public_url
        if not address.startswith(("http://", "https://")):
            raise UserError("--url: give the gateway's URL, such as http://127.0.0.1:8080")
        rooms = ROOMS if room is None else frozenset([room])
        found = []
        for finding in examine(settings, address, os.environ.get("CLOSELOOP_API_KEY") or None, rooms):
            found.append(finding)
            if json or (quiet and finding.level == "ok"):
                continue
            sys.stdout.write(f"{MARKS[finding.level]} {clean(finding.subject)}: {clean(finding.said)}\n")
            for name, text in (("means", finding.means), ("mend", finding.remedy)):
                if text:
                    sys.stdout.write(f"        {name}: {clean(text)}\n")
            sys.stdout.flush()
        wrong = sum(finding.level == "wrong" for finding in found)
        warnings = sum(finding.level == "warning" for finding in found)
        if json:
            print_json({"ok": not wrong, "findings": found})
        if wrong:
            say(f"{wrong} wrong, {warnings} warnings, {len(found) - wrong - warnings} well")
        else:
            say(f"nothing is wrong: {len(found) - warnings} well, {warnings} warnings")
        raise typer.Exit(WRONG if wrong else 0)
