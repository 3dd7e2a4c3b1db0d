"""Commands that run something: the whole loop, one room, a broker, the sandbox."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import ConfigOption, DataDirOption, PortOption, read_settings, refuse, say, user_errors

app = typer.Typer()


class ClockChoice(enum.StrEnum):
    """What says which time it is for windows and the age of alerts."""

    wall = "wall"
    event = "event"


@app.command()
def demo(
    port: PortOption = 8080,
    customers: Annotated[int, typer.Option(min=10, max=100_000, help="Customers of the simulated shop.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 7,
) -> None:
    """Run the whole loop with a simulated shop. Embedded broker, SQLite, the Slack sandbox: nothing is kept."""
    with user_errors():
        from closeloop.demo.command import run_demo

        raise typer.Exit(run_demo(port=port, customers=customers, seed=seed))


@app.command()
def up(
    port: PortOption = 8080,
    data_dir: DataDirOption = Path(".closeloop"),
    broker: Annotated[
        str, typer.Option(help="embedded (memory only), local (Kafka from Maven jars), or HOST:PORT,..")
    ] = "embedded",
    clock: Annotated[
        ClockChoice, typer.Option(help="wall, or event: windows follow the latest event time (replays, back-tests).")
    ] = ClockChoice.wall,
    config: ConfigOption = Path("loop.yaml"),
    sandbox_port: Annotated[int | None, typer.Option(help="Port of the Slack sandbox; default: the next one.")] = None,
    nodes: Annotated[int, typer.Option(help="Nodes of the local Kafka: 1 or 3.")] = 1,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of each topic, where they are created.")] = 3,
) -> None:
    """Run every room in one supervised command. Prints "ready URL" once all of it serves."""
    with user_errors():
        from closeloop.up import Addresses, UpOptions, run_up

        if nodes not in (1, 3):
            refuse("--nodes: give 1 or 3")
        options = UpOptions(
            port=port,
            data_dir=data_dir,
            broker=broker,
            clock=clock.value,
            config=config,
            sandbox_port=sandbox_port,
            nodes=1 if nodes == 1 else 3,
            partitions=partitions,
        )

        def ready(addresses: Addresses) -> None:
            print(f"ready {addresses.console}", flush=True)  # noqa: T201 - the line that scripts wait for
            say(f"kafka {addresses.kafka}" + (f", sandbox {addresses.sandbox}" if addresses.sandbox else ""))
            say(f"logs in {data_dir / 'logs'}; Ctrl-C stops everything")

        raise typer.Exit(run_up(options, say, ready))


@app.command()
def streams() -> None:
    """Run the stream processors: rolling metrics and alerts. Scales out by starting it again elsewhere."""
    with user_errors():
        from schemas.loop_yaml import load
        from streams.process import run_streams

        settings = read_settings()
        raise typer.Exit(run_streams(settings, load(settings.config, settings.zone)))


@app.command()
def consumers() -> None:
    """Run what makes cases of alerts and tells people. Desk, Slack sender, recorder, publisher and timers."""
    with user_errors():
        from consumers.process import run_consumers
        from schemas.loop_yaml import load

        settings = read_settings()
        raise typer.Exit(run_consumers(settings, load(settings.config, settings.zone)))


@app.command()
def gateway() -> None:
    """Run the HTTP API, Slack's signed end points and the console."""
    with user_errors():
        from gateway.process import run_gateway
        from schemas.loop_yaml import load

        settings = read_settings()
        raise typer.Exit(run_gateway(settings, load(settings.config, settings.zone)))


@app.command()
def kafka(
    nodes: Annotated[int, typer.Option(help="1 or 3 brokers.")] = 1,
    port: Annotated[int | None, typer.Option(help="Port of the first broker; default: a free one, remembered.")] = None,
    data_dir: DataDirOption = Path(".closeloop/kafka"),
    embedded: Annotated[bool, typer.Option("--embedded", help="librdkafka's in-process broker: memory only.")] = False,
) -> None:
    """Run a real Apache Kafka on this machine. KRaft, from Maven Central's jars: needs a JDK 17+ and mvn."""
    with user_errors():
        from closeloop.broker.command import run_kafka

        if nodes not in (1, 3):
            refuse("--nodes: give 1 or 3")
        raise typer.Exit(run_kafka(nodes=1 if nodes == 1 else 3, port=port, data_dir=data_dir, embedded=embedded))


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on; the sandbox has no access control.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page and the Web API.")] = 8081,
    events_url: Annotated[str, typer.Option(help="Where clicks are sent, signed.")] = (
        "http://127.0.0.1:8080/slack/interactions"
    ),
    pace: Annotated[float, typer.Option(min=0, help="Messages a second a channel that are taken; 0: any.")] = 1.0,
) -> None:
    """Run the Slack sandbox. A local Slack-compatible server with a page whose buttons and dialogs work."""
    with user_errors():
        from closeloop.workplace import run_workplace

        raise typer.Exit(run_workplace(read_settings(), host=host, port=port, events_url=events_url, pace=pace))
