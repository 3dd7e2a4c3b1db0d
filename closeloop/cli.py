"""The ``closeloop`` command. Each subcommand parses its words here and does its work in a module of its own."""

import enum
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Column, Table

from closeloop.errors import USER_ERROR
from closeloop.lifetime import end_with_supervisor
from closeloop.logs import configure_logs
from schemas.settings import Settings, SettingsError, from_environment

app = typer.Typer(
    name="closeloop",
    help="Closes the customer-feedback loop: events in, one Slack message per unhappy customer, the outcome back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
topics_app = typer.Typer(help="Print, create or check the topics on a Kafka cluster.", no_args_is_help=True)
database_app = typer.Typer(help="Bring the database's tables up or down.", no_args_is_help=True)
keys_app = typer.Typer(help="Create, list or revoke API keys.", no_args_is_help=True)
routes_app = typer.Typer(help="Say who gets an alert, and why.", no_args_is_help=True)
app.add_typer(topics_app, name="topics")
app.add_typer(database_app, name="database")
app.add_typer(keys_app, name="keys")
app.add_typer(routes_app, name="routes")
rules_app = typer.Typer(help="Try changed rules on what was recorded.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")


class ClockChoice(enum.StrEnum):
    """What says which time it is for windows and the age of alerts."""

    wall = "wall"
    event = "event"


class FormatChoice(enum.StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    csv = "csv"


class RoleChoice(enum.StrEnum):
    """What an API key may do."""

    emit = "emit"
    read = "read"
    act = "act"
    admin = "admin"


ConfigOption = Annotated[Path, typer.Option("--config", help="The configuration of the loop.")]
DataDirOption = Annotated[Path, typer.Option("--data-dir", help="Where local data, logs and process ids are kept.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the API and the console.")]


@app.command()
def demo(
    port: PortOption = 8080,
    customers: Annotated[int, typer.Option(min=10, max=100_000, help="Customers of the simulated shop.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 7,
) -> None:
    """Run the whole loop with a simulated shop. Embedded broker, SQLite, the Slack sandbox: nothing is kept."""
    with _user_errors():
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
    with _user_errors():
        from closeloop.up import Addresses, UpOptions, run_up

        if nodes not in (1, 3):
            _refuse("--nodes: give 1 or 3")
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
            _say(f"kafka {addresses.kafka}" + (f", sandbox {addresses.sandbox}" if addresses.sandbox else ""))
            _say(f"logs in {data_dir / 'logs'}; Ctrl-C stops everything")

        raise typer.Exit(run_up(options, _say, ready))


@app.command()
def streams() -> None:
    """Run the stream processors: rolling metrics and alerts. Scales out by starting it again elsewhere."""
    with _user_errors():
        from schemas.loop_yaml import load
        from streams.process import run_streams

        settings = _settings()
        raise typer.Exit(run_streams(settings, load(settings.config, settings.zone)))


@app.command()
def consumers() -> None:
    """Run what makes cases of alerts and tells people. Desk, Slack sender, recorder, publisher and timers."""
    with _user_errors():
        from consumers.process import run_consumers
        from schemas.loop_yaml import load

        settings = _settings()
        raise typer.Exit(run_consumers(settings, load(settings.config, settings.zone)))


@app.command()
def gateway() -> None:
    """Run the HTTP API, Slack's signed end points and the console."""
    with _user_errors():
        from gateway.process import run_gateway
        from schemas.loop_yaml import load

        settings = _settings()
        raise typer.Exit(run_gateway(settings, load(settings.config, settings.zone)))


@app.command()
def kafka(
    nodes: Annotated[int, typer.Option(help="1 or 3 brokers.")] = 1,
    port: Annotated[int | None, typer.Option(help="Port of the first broker; default: a free one, remembered.")] = None,
    data_dir: DataDirOption = Path(".closeloop/kafka"),
    embedded: Annotated[bool, typer.Option("--embedded", help="librdkafka's in-process broker: memory only.")] = False,
) -> None:
    """Run a real Apache Kafka on this machine. KRaft, from Maven Central's jars: needs a JDK 17+ and mvn."""
    with _user_errors():
        from closeloop.broker.command import run_kafka

        if nodes not in (1, 3):
            _refuse("--nodes: give 1 or 3")
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
    with _user_errors():
        from closeloop.workplace import run_workplace

        raise typer.Exit(run_workplace(_settings(), host=host, port=port, events_url=events_url, pace=pace))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CloudEvents as JSONL (also .gz, - for standard input) or CSV.")],
    url: Annotated[str, typer.Option(help="The gateway.")] = "http://127.0.0.1:8080",
    mapping: Annotated[Path | None, typer.Option(help="For CSV: a YAML file that maps columns to fields.")] = None,
    batch: Annotated[int, typer.Option(min=1, max=5000, help="Events a request.")] = 1000,
) -> None:
    """Send events from a file, in order; can be run again safely. The key is taken from CLOSELOOP_API_KEY."""
    with _user_errors():
        from closeloop.importer import run_import

        if not url.startswith(("http://", "https://")):
            _say("closeloop: --url: give the gateway's URL, http:// or https://")
            raise typer.Exit(1)
        key = os.environ.get("CLOSELOOP_API_KEY") or None
        raise typer.Exit(run_import(file, url=url, key=key, mapping=mapping, batch=batch))


@app.command()
def check(config: ConfigOption = Path("loop.yaml")) -> None:
    """Check loop.yaml and the environment's settings. Says each problem with its line and field."""
    with _user_errors():
        from schemas.loop_yaml import load

        settings = _settings()
        loop = load(config, settings.zone)
        _say(f"{config}: good")
        _say(
            f"  {len(loop.rules)} rules, {len(loop.cuts)} cuts, windows {', '.join(loop.windows)}; "
            f"{len(loop.people)} people, {len(loop.teams)} teams, {len(loop.receivers)} receivers"
        )
        kinds: dict[str, list[str]] = {}
        for rule in loop.rules:
            kinds.setdefault(str(rule.__struct_config__.tag), []).append(rule.name)
        for kind, names in kinds.items():
            _say(f"  {kind}: {', '.join(names)}")


@app.command()
def contract(
    write: Annotated[Path | None, typer.Option(help="Write the documents into this folder.")] = None,
) -> None:
    """Write or check the documents of every message. JSON Schema and AsyncAPI; those checked are in docs/contract."""
    with _user_errors():
        from schemas import contract as documents

        if write is not None:
            documents.write(write)
            _say(f"written to {write}")
            return
        stale = documents.check(Path("docs/contract"))
        for name in stale:
            _say(f"stale: docs/contract/{name}")
        raise typer.Exit(1 if stale else 0)


@topics_app.command("print")
def topics_print() -> None:
    """Print the catalogue of topics. Each with its key, value, writers, readers and settings."""
    from schemas.topics import catalogue

    with _user_errors():
        partitions = _settings().partitions
    table = Table(Column("topic", no_wrap=True), "key", "value", "written by", "read by", "partitions", "settings")
    for spec in catalogue(partitions):
        config = "\n".join(f"{name}={value}" for name, value in spec.config.items())
        writers, readers = ", ".join(spec.written_by), ", ".join(spec.read_by)
        table.add_row(spec.name, spec.key, spec.value, writers, readers, str(spec.partitions), config)
    Console().print(table)


@topics_app.command("create")
def topics_create(
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = 1,
) -> None:
    """Create the topics that the cluster lacks. The cluster is KAFKA_BOOTSTRAP_SERVERS'; what exists is left alone."""
    with _user_errors():
        from closeloop.broker.topics_admin import create_topics
        from schemas.topics import catalogue

        settings = _settings()
        created = create_topics(settings.kafka, catalogue(settings.partitions, replication))
        _say(f"created {', '.join(created)}" if created else "nothing to create: all topics are there")


@topics_app.command("check")
def topics_check(
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = 1,
) -> None:
    """Compare the cluster with the catalogue. The cluster is KAFKA_BOOTSTRAP_SERVERS'; exit code 1 when it differs."""
    with _user_errors():
        from closeloop.broker.topics_admin import check_topics
        from schemas.topics import catalogue

        settings = _settings()
        differences = check_topics(settings.kafka, catalogue(settings.partitions, replication))
        for difference in differences:
            _say(str(difference))
        if not differences:
            _say("the cluster has every topic as the catalogue says")
        raise typer.Exit(1 if differences else 0)


@database_app.command("upgrade")
def database_upgrade() -> None:
    """Bring the tables to the newest version. The database is DATABASE_URL's; safe from several places at once."""
    with _user_errors():
        from schemas import migrate

        migrate.upgrade(_settings().database)
        _say("the database is at the newest version")


@database_app.command("downgrade")
def database_downgrade(revision: Annotated[str, typer.Argument(help="A revision, or base for none.")]) -> None:
    """Take the tables back to an older revision. The database is DATABASE_URL's; data of dropped tables is gone."""
    with _user_errors():
        from schemas import migrate

        migrate.downgrade(_settings().database, revision)
        _say(f"the database is at {revision}")


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    role: Annotated[
        RoleChoice,
        typer.Option(help="emit: send events only. read: read only. act: read, and act on cases. admin: everything."),
    ],
) -> None:
    """Create an API key and print it: once, only its hash is stored."""
    with _user_errors():
        from gateway.keys import create_key
        from schemas.database import open_database, sessions

        key = create_key(sessions(open_database(_settings().database)), name, role.value)
        _say("the key is shown this once; send it as Authorization: Bearer KEY")
        print(key)  # noqa: T201 - for scripts: the key alone on standard output


@keys_app.command("list")
def keys_list() -> None:
    """List the keys: names, roles and dates, never the keys."""
    with _user_errors():
        from gateway.keys import list_keys
        from schemas.database import open_database, readers

        table = Table("name", "role", "created", "revoked")
        for row in list_keys(readers(open_database(_settings().database))):
            revoked = f"{row.revoked_at:%Y-%m-%d %H:%M} UTC" if row.revoked_at else ""
            table.add_row(row.name, row.role, f"{row.created_at:%Y-%m-%d %H:%M} UTC", revoked)
        Console().print(table)


@keys_app.command("revoke")
def keys_revoke(name: Annotated[str, typer.Argument(help="The name it was created with.")]) -> None:
    """Revoke every key of this name, at once."""
    with _user_errors():
        from gateway.keys import revoke_keys
        from schemas.database import open_database, sessions

        count = revoke_keys(sessions(open_database(_settings().database)), name)
        if not count:
            _refuse(f"no key in use is named {name!r}; closeloop keys list shows them")
        _say(f"revoked {count}")


@routes_app.command("explain")
def routes_explain(
    event: Annotated[Path, typer.Argument(help="A file with one CloudEvent, or one alert of cx.alerts, in JSON.")],
    config: ConfigOption = Path("loop.yaml"),
) -> None:
    """Say who would get the alert of this answer or touchpoint, and why."""
    with _user_errors():
        from closeloop.explain import explain_event

        for line in explain_event(event, config, _settings().zone):
            print(line)  # noqa: T201 - this command's output


@rules_app.command("test")
def rules_test(
    file: Annotated[Path | None, typer.Argument(help="Events as import reads them: JSONL, .gz, or -.")] = None,
    since: Annotated[
        str | None, typer.Option(help="In place of a file: what the topics got in this time, e.g. 30d.")
    ] = None,
    config: Annotated[Path, typer.Option("--config", help="The changed loop.yaml.")] = Path("loop.yaml"),
    against: Annotated[
        Path | None, typer.Option(help="Today's loop.yaml. Default: CLOSELOOP_CONFIG's, if it is another file.")
    ] = None,
    close_after: Annotated[str, typer.Option(help="How long a case is taken to be open, e.g. 36h.")] = "5d",
    load: Annotated[int, typer.Option(min=1, help="Open cases that nobody should have more of at once.")] = 20,
    form: Annotated[FormatChoice, typer.Option("--format", help="How the findings are written.")] = FormatChoice.text,
) -> None:
    """Replay recorded events through changed rules. Says what would open, for whom, and how that differs from today."""
    with _user_errors():
        from closeloop.rules.command import test_rules

        print(test_rules(file, since, config, against, close_after, load, form.value, _settings()))  # noqa: T201 - this command's output


def main() -> None:
    """Run the command. A supervised process ends with its supervisor."""
    end_with_supervisor()
    configure_logs(os.environ.get("CLOSELOOP_LOG_LEVEL") or "info")
    app()


def _settings() -> Settings:
    return from_environment()


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _refuse(text: str) -> NoReturn:
    _say(f"closeloop: {text}")
    raise typer.Exit(USER_ERROR)


@contextmanager
def _user_errors() -> Iterator[None]:
    """Turn what a person can mend into lines without a traceback and exit code 2."""
    from sqlalchemy.exc import SQLAlchemyError

    from closeloop.broker.errors import BrokerError
    from closeloop.errors import UserError
    from gateway.keys import KeyRefused
    from schemas.database import DatabaseUrlError
    from schemas.loop_yaml import ConfigError
    from schemas.migrate import MigrationError

    known: tuple[type[Exception], ...] = (
        BrokerError,
        ConfigError,
        DatabaseUrlError,
        KeyRefused,
        MigrationError,
        SettingsError,
        UserError,
    )
    try:
        yield
    except known as error:
        _refuse(str(error))
    except FileNotFoundError as error:
        _refuse(f"{error.filename}: no such file")
    except PermissionError as error:
        _refuse(f"{error.filename}: not allowed")
    except SQLAlchemyError as error:
        # The driver's first line says why; what follows it is the statement.
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        _refuse(f"DATABASE_URL: {reason}; closeloop database upgrade makes missing tables")
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        _refuse(f"{error.filename}: {(error.strerror or str(error)).lower()}")
