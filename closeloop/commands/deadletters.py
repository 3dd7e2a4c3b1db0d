"""``closeloop deadletters``: what could not be read, and sending it again once the reason is gone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from closeloop.commands.cases import HERE, UrlOption, answers, key
from closeloop.commands.shared import ConfigOption, JsonOption, read_settings, refuse, say, user_errors

app = typer.Typer(help="List, show, replay or export what could not be read.", no_args_is_help=True)

ReasonOption = Annotated[str, typer.Option(help="Only of this reason, such as scale.")]
TopicOption = Annotated[str, typer.Option(help="Only from this topic, such as cx.responses.")]
SinceOption = Annotated[str, typer.Option(help="Only since then: 2h ago, or 2026-11-21T10:15:02Z.")]
UntilOption = Annotated[str, typer.Option(help="Only before then: 2h ago, or 2026-11-21T10:15:02Z.")]
WaitingOption = Annotated[bool, typer.Option("--waiting", help="Only those that were not sent again yet.")]
PersonalOption = Annotated[bool, typer.Option("--personal", help="Show key, headers and bytes: personal data.")]
IdArgument = Annotated[str, typer.Argument(help="The letter's id, or the beginning of it.")]


@app.command("reasons")
def letters_reasons(since: SinceOption = "", until: UntilOption = "", json: JsonOption = False) -> None:
    """Count them by reason and topic, the largest heap first."""
    with user_errors():
        from closeloop.deadletters.asking import wanted
        from closeloop.deadletters.letters import heaps
        from closeloop.deadletters.words import HEAP_COLUMNS, heap_row
        from closeloop.printing import print_json, print_rows
        from schemas.database import open_database

        asked = wanted("", "", since, until, datetime.now(UTC))
        found = heaps(open_database(read_settings().database), asked)
        if json:
            print_json(found)
        else:
            print_rows(HEAP_COLUMNS, map(heap_row, found), numbers=("letters", "waiting"))
        if not found:
            say("there are no dead letters")


@app.command("list")
def letters_list(
    reason: ReasonOption = "",
    topic: TopicOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    waiting: WaitingOption = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    json: JsonOption = False,
) -> None:
    """List them, the newest first, by reason, topic and time. Without what is in them."""
    with user_errors():
        from closeloop.deadletters.asking import wanted
        from closeloop.deadletters.letters import letters
        from closeloop.deadletters.words import LETTER_COLUMNS, letter_row
        from closeloop.printing import print_json, print_rows
        from gateway.dead_letters import DeadLetterShown
        from schemas.database import open_database

        asked = wanted(reason, topic, since, until, datetime.now(UTC), waiting=waiting)
        found = list(letters(open_database(read_settings().database), asked, limit + 1))
        shown = found[:limit]
        if json:
            fields = DeadLetterShown.__struct_fields__
            rows = [{"bytes": len(one.value or b""), **msgspec.structs.asdict(one)} for one in shown]
            print_json([{name: row[name] for name in fields} for row in rows])
        else:
            print_rows(LETTER_COLUMNS, map(letter_row, shown))
        if not found:
            say("no dead letter fits" if asked.conditions() else "there are no dead letters")
        elif len(found) > limit:
            say(f"the newest {limit}: --limit shows more, closeloop deadletters reasons counts all")


@app.command("show")
def letters_show(
    letter: IdArgument,
    personal: PersonalOption = False,
    raw: Annotated[bool, typer.Option("--raw", help="Write the untouched bytes alone, for a file or a pipe.")] = False,
) -> None:
    """Show one: where it lies, what is wrong, its headers and the outline of its content."""
    with user_errors():
        import sys

        from closeloop.auditing import note_here
        from closeloop.deadletters.letters import letter as find
        from closeloop.deadletters.words import lines
        from schemas.audit import Act
        from schemas.database import open_database

        engine = open_database(read_settings().database)
        found = find(engine, letter)
        if raw or personal:
            note_here(engine, Act(action="letter_read", subject=found.id))
        if raw:
            sys.stdout.buffer.write(found.value or b"")
            sys.stdout.buffer.flush()
            return
        sys.stdout.write("".join(f"{line}\n" for line in lines(found, personal=personal)))


@app.command("replay")
def letters_replay(
    letter: Annotated[str, typer.Argument(help="One letter's id; without it all that fit the options.")] = "",
    reason: ReasonOption = "",
    topic: TopicOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    anyhow: Annotated[bool, typer.Option("--anyhow", help="Send also what would be refused again today.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    config: ConfigOption = Path("loop.yaml"),
    url: UrlOption = HERE,
) -> None:
    """Send one, or all that fit, again through the gateway. What would be refused again stays."""
    with answers():
        from closeloop.cases.api import CaseApi
        from closeloop.cluster.tail import event_reader
        from closeloop.deadletters.asking import wanted
        from closeloop.deadletters.letters import letter as find
        from closeloop.deadletters.letters import letters
        from closeloop.deadletters.replaying import judge, replay, to_send, told
        from closeloop.printing import progress
        from schemas.database import open_database

        if bool(letter) == bool(reason or topic or since or until):
            refuse("give one letter's id, or which ones by --reason, --topic, --since or --until")
        settings, now = read_settings(), datetime.now(UTC)
        engine, events = open_database(settings.database), event_reader(config, settings.zone)
        asked = wanted(reason, topic, since, until, now, waiting=True)
        found = [find(engine, letter)] if letter else letters(engine, asked)
        sending, left = to_send((judge(one, events, now) for one in found), anyhow=anyhow)
        for line in told(left):
            say(line)
        if left and not anyhow and any(why.startswith("still refused") for why in left):
            say(f"judged by {config}: mend it there or at the sender first, or give --anyhow")
        if not sending:
            say("nothing to send again")
            raise typer.Exit(1 if letter else 0)
        if dry_run:
            say(f"a dry run: {len(sending)} would be sent again")
            return
        if not letter and not yes and not typer.confirm(f"Send {len(sending)} again?", err=True):
            refuse("nothing was sent")
        with progress("sending", len(sending)) as done:
            outcome = replay(CaseApi(url, key()), sending, done)
        for line in told(outcome.left):
            say(line)
        say(f"sent again: {outcome.sent}; closeloop deadletters list --since 5m shows what came back")


@app.command("export")
def letters_export(
    output: Annotated[Path | None, typer.Option(help="The file to write; standard output without it.")] = None,
    reason: ReasonOption = "",
    topic: TopicOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    waiting: WaitingOption = False,
) -> None:
    """Export all that fit with their bytes (base64), a JSON object a line: personal data."""
    with user_errors():
        from closeloop.auditing import note_here
        from closeloop.cases.saving import save
        from closeloop.deadletters.asking import wanted
        from closeloop.deadletters.letters import letters
        from schemas.audit import Act
        from schemas.database import open_database

        asked = wanted(reason, topic, since, until, datetime.now(UTC), waiting=waiting)
        engine = open_database(read_settings().database)
        note_here(engine, Act(action="letters_exported", subject=reason or topic or None))
        found = letters(engine, asked)
        save((msgspec.json.encode(one.as_message()) + b"\n" for one in found), output)
