"""``closeloop erase``: remove a person everywhere, and leave every figure as it is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import ConfigOption, JsonOption, read_settings, refuse, say, user_errors

app = typer.Typer()

NOT_DONE = 1
"""The exit code where something of the person is still there: run it again."""


@app.command()
def erase(
    customer: Annotated[
        list[str],
        typer.Argument(help="The customer's id; several where one person has several. Exactly as apps send it."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what there is and what would become of it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    config: ConfigOption = Path("loop.yaml"),
    json: JsonOption = False,
) -> None:
    """Remove a person from the database and from Slack; the figures stay as they are. It cannot be undone.

    Safe while everything runs, and again. Exit code 1: something is still there, run it again.
    """
    with user_errors():
        from closeloop.auditing import at_terminal
        from closeloop.erasing import telling
        from closeloop.erasing.places import look
        from closeloop.erasing.proof import search, tables
        from closeloop.erasing.sweep import erase as remove
        from closeloop.erasing.sweep import left_in_slack, start, told_elsewhere
        from closeloop.printing import print_json, progress
        from schemas.database import open_database, readers, sessions
        from schemas.loop_yaml import load

        names = tuple(dict.fromkeys(customer))
        telling.check(names)
        settings = read_settings()
        loop = load(config, settings.zone)
        engine = open_database(settings.database)
        writes, reads = sessions(engine), readers(engine)

        def now() -> datetime:
            return datetime.now(UTC)

        try:
            with reads() as session, progress("looking", None) as step:
                found = look(session, names, step)
            if not json:
                telling.plan(found)
            if dry_run:
                if json:
                    print_json(telling.Report(dry_run=True, places=found.places(), kept=telling.retention(now())))
                else:
                    telling.outlook(now())
                    say("a dry run: nothing was changed")
                return
            if not yes and not typer.confirm("Erase this person? It cannot be undone.", err=True):
                refuse("nothing was changed")
            with progress("erasing", None) as step:
                erasing = start(writes, names, at_terminal(), found, now())
                whole = remove(writes, reads, loop, erasing, found, now, step)
            with reads() as session, progress("searching every table", tables()) as step:
                report = telling.Report(
                    dry_run=False,
                    word=erasing.word,
                    places=found.places(),
                    traces=search(session, names, step),
                    slack=left_in_slack(session, erasing.word),
                    told_elsewhere=told_elsewhere(session, erasing.word),
                    kept=telling.retention(now()),
                )
        finally:
            engine.dispose()
        done = whole and report.done()
        if json:
            print_json(report)
        else:
            telling.result(report, now())
        if not done:
            say("something of the person is still there: run the same command again")
            raise typer.Exit(NOT_DONE)
