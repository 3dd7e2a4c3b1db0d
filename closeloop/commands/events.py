"""Commands over events and the configuration: import, check, contract."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import ConfigOption, read_settings, say, user_errors

app = typer.Typer()


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CloudEvents as JSONL (also .gz, - for standard input), or CSV or Parquet.")
    ],
    url: Annotated[str, typer.Option(help="The gateway.")] = "http://127.0.0.1:8080",
    mapping: Annotated[
        Path | None, typer.Option(help="For CSV and Parquet: a YAML file that maps columns to fields.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=5000, help="Events a request.")] = 1000,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing: say what would be taken, and what would alert.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, although an import of this file was interrupted.")
    ] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="The report of rejected rows; without it FILE.rejected.csv.")
    ] = None,
    config: ConfigOption = Path("loop.yaml"),
) -> None:
    """Send events from a file, in order; an interrupted import goes on. The key is taken from CLOSELOOP_API_KEY."""
    with user_errors():
        settings = read_settings()
        if dry_run:
            from closeloop.importer.dry_run import run_dry
            from schemas.loop_yaml import load

            loop = load(config, settings.zone)
            raise typer.Exit(
                run_dry(file, loop, mapping, now=datetime.now(UTC), clock=time.monotonic, rejected_file=rejected)
            )
        from closeloop.importer import run_import

        if not url.startswith(("http://", "https://")):
            say("closeloop: --url: give the gateway's URL, http:// or https://")
            raise typer.Exit(1)
        key = os.environ.get("CLOSELOOP_API_KEY") or None
        raise typer.Exit(
            run_import(
                file,
                url=url,
                key=key,
                mapping=mapping,
                batch=batch,
                checkpoints=settings.data_dir / "imports",
                restart=restart,
                rejected_file=rejected,
            )
        )


@app.command()
def check(config: ConfigOption = Path("loop.yaml")) -> None:
    """Check loop.yaml and the environment's settings. Says each problem with its line and field."""
    with user_errors():
        from schemas.loop_yaml import load

        settings = read_settings()
        loop = load(config, settings.zone)
        say(f"{config}: good")
        say(
            f"  {len(loop.rules)} rules, {len(loop.cuts)} cuts, windows {', '.join(loop.windows)}; "
            f"{len(loop.people)} people, {len(loop.teams)} teams, {len(loop.receivers)} receivers"
        )
        kinds: dict[str, list[str]] = {}
        for rule in loop.rules:
            kinds.setdefault(str(rule.__struct_config__.tag), []).append(rule.name)
        for kind, names in kinds.items():
            say(f"  {kind}: {', '.join(names)}")


@app.command()
def contract(
    write: Annotated[Path | None, typer.Option(help="Write the documents into this folder.")] = None,
) -> None:
    """Write or check the documents of every message. Those checked are in docs/contract."""
    with user_errors():
        from gateway.app import api_text
        from schemas import contract as documents

        also = {"openapi.json": api_text()}
        if write is not None:
            documents.write(write, also)
            say(f"written to {write}")
            return
        stale = documents.check(Path("docs/contract"), also)
        for name in stale:
            say(f"stale: docs/contract/{name}")
        raise typer.Exit(1 if stale else 0)
