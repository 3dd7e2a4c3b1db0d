"""``closeloop topics``: the catalogue of topics and a cluster."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from closeloop.commands.shared import read_settings, say, user_errors

app = typer.Typer(help="Print, create or check the topics on a Kafka cluster.", no_args_is_help=True)


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
        created = create_topics(settings.kafka, catalogue(settings.partitions, replication))
        say(f"created {', '.join(created)}" if created else "nothing to create: all topics are there")


@app.command("check")
def topics_check(
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = 1,
) -> None:
    """Compare the cluster with the catalogue. The cluster is KAFKA_BOOTSTRAP_SERVERS'; exit code 1 when it differs."""
    with user_errors():
        from closeloop.broker.topics_admin import check_topics
        from schemas.topics import catalogue

        settings = read_settings()
        differences = check_topics(settings.kafka, catalogue(settings.partitions, replication))
        for difference in differences:
            say(str(difference))
        if not differences:
            say("the cluster has every topic as the catalogue says")
        raise typer.Exit(1 if differences else 0)
