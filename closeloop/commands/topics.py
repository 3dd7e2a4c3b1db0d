"""``closeloop topics``: the catalogue of topics and a cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from closeloop.commands.shared import ConfigOption, JsonOption, read_settings, refuse, say, user_errors
from closeloop.doctor.permissions import RoomName

app = typer.Typer(help="Create, check, list and read the topics on a Kafka cluster.", no_args_is_help=True)


@app.command("print")
def topics_print() -> None:
    """Print the catalogue of topics. Each with its key, value, writers, readers and settings."""
    from schemas.topics import catalogue

    with user_errors():
        partitions = read_settings().partitions
    table = Table(Column("topic", no_wrap=True), "key", "value", "written by", "read by", "partitions", "settings")
    for spec in catalogue(partitions):
        config = "\n".join(f"{name}={value}" for name, value in spec.config.items())
        writers, readers = ", ".join(spec.written_by), ", ".join(spec.read_by)
        table.add_row(spec.name, spec.key, spec.value, writers, readers, str(spec.partitions), config)
    Console().print(table)


@app.command("create")
def topics_create(
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = 1,
) -> None:
    """Create the topics that the cluster lacks. The cluster is KAFKA_BOOTSTRAP_SERVERS'; what exists is left alone."""
    with user_errors():
        from closeloop.broker.topics_admin import create_topics
        from schemas.topics import catalogue

        settings = read_settings()
        created = create_topics(settings.kafka_link, catalogue(settings.partitions, replication))
        say(f"created {', '.join(created)}" if created else "nothing to create: all topics are there")


@app.command("check")
def topics_check(
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = 1,
) -> None:
    """Compare the cluster with the catalogue. The cluster is KAFKA_BOOTSTRAP_SERVERS'; exit code 1 when it differs."""
    with user_errors():
        from closeloop.broker.topics_admin import check_topics, remedy
        from schemas.topics import catalogue

        settings = read_settings()
        differences = check_topics(settings.kafka_link, catalogue(settings.partitions, replication))
        for difference in differences:
            say(f"{difference} -> {remedy(difference)}")
        if not differences:
            say("the cluster has every topic as the catalogue says")
        raise typer.Exit(1 if differences else 0)


@app.command("acls")
def topics_acls(
    room: Annotated[RoomName, typer.Option(help="The room that runs as this user.")],
    principal: Annotated[str, typer.Option(help="Kafka's name of that user.")] = "User:NAME",
) -> None:
    """Print what a room has to be allowed, a line of options for kafka-acls.sh each. Asks and changes nothing."""
    from closeloop.doctor.permissions import acl_commands, needed_by

    for line in acl_commands(principal, needed_by(room)):
        typer.echo(line)


@app.command("mend")
def topics_mend(
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Set what differs from the catalogue: retention, cleanup, timestamps. Asks first; partitions stay."""
    with user_errors():
        from closeloop.broker.topics_admin import OtherConfig, alter_settings, check_topics
        from schemas.topics import catalogue

        settings = read_settings()
        found = check_topics(settings.kafka_link, catalogue(settings.partitions, replication))
        differences = [one for one in found if isinstance(one, OtherConfig) and one.actual is not None]
        if not differences:
            say("nothing to set: every topic that is there has the catalogue's settings")
            return
        for difference in differences:
            say(str(difference))
        if not yes and not typer.confirm("Set these? A shorter retention deletes records for good.", err=True):
            refuse("nothing was changed")
        alter_settings(settings.kafka_link, differences)
        say(f"set {len(differences)}")


@app.command("list")
def topics_list(json: JsonOption = False) -> None:
    """List the topics that are on the cluster, ours and others, with what is on them."""
    with user_errors():
        from closeloop.cluster.listing import topic_rows
        from closeloop.printing import print_json, print_rows

        found = topic_rows(read_settings())
        if json:
            print_json(found)
            return
        columns = ("topic", "partitions", "copies", "without a copy", "records", "in closeloop")
        print_rows(columns, [one.cells() for one in found], numbers=columns[1:5])


@app.command("lag")
def topics_lag(
    group: Annotated[str, typer.Option(help="Only this group, such as closeloop-streams.")] = "",
    json: JsonOption = False,
) -> None:
    """Show how far each group is behind, by partition, and since when. Asks Kafka alone, not the gateway."""
    with user_errors():
        from closeloop.cluster.lag import LAG_COLUMNS, behind, look
        from closeloop.printing import print_json, print_rows
        from schemas.topics import READERS

        if group and group not in READERS:
            refuse(f"--group: not one of {', '.join(READERS)}")
        report = look(read_settings(), {group: READERS[group]} if group else READERS)
        found = list(behind(report))
        if json:
            print_json(found)
        else:
            print_rows(LAG_COLUMNS, [one.cells() for one in found], numbers=("partition", "behind"))
        for seen in report.groups:
            if seen.members == []:
                say(f"{seen.group}: no member is running, nobody reads ({seen.state})")
        for fact, why in report.unknown.items():
            say(f"{fact}: {why}")


@app.command("tail")
def topics_tail(
    topic: Annotated[str, typer.Argument(help="The topic, such as cx.responses.")],
    last: Annotated[int, typer.Option(min=0, max=100_000, help="The newest records of each partition.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    partition: Annotated[int | None, typer.Option(min=0, help="Only this partition.")] = None,
    offset: Annotated[int | None, typer.Option(min=0, help="With --partition: from this offset on.")] = None,
    event_id: Annotated[
        str, typer.Option("--id", help="Of these only the event with this id; exit code 1 without it.")
    ] = "",
    personal: Annotated[bool, typer.Option("--personal", help="Show comments, names and bytes, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    config: ConfigOption = Path("loop.yaml"),
) -> None:
    """Show the newest records of a topic, decoded. Comments and names are hidden; no offset changes."""
    with user_errors():
        from closeloop.cluster.asking import Asker
        from closeloop.cluster.reading import has_id, one_line
        from closeloop.cluster.tail import event_reader, tail
        from closeloop.printing import print_lines

        if offset is not None and partition is None:
            refuse("--offset: say of which --partition")
        if offset is not None and follow:
            refuse("--offset: not with --follow")
        settings = read_settings()
        found = tail(
            Asker(settings.kafka_link),
            topic,
            last,
            event_reader(config, settings.zone),
            partition=partition,
            offset=offset,
            follow=follow,
            personal=personal,
        )
        shown = 0

        def lines() -> Iterator[str]:
            nonlocal shown
            for read in found:
                if not event_id or has_id(read, event_id):
                    shown += 1
                    yield msgspec.json.encode(read).decode() if json else one_line(read)

        print_lines(lines())
        if event_id and not shown:
            refuse(f"{topic}: no event with this id among the newest {last:,} of each partition; --last looks further")
