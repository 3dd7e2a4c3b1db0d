"""``closeloop watch``: the console in a terminal."""

import enum
import os
import shutil
import sys
from typing import Annotated

import typer

from closeloop.commands.cases import HERE, REFUSED, UrlOption, key
from closeloop.commands.shared import say, user_errors

app = typer.Typer()


class TabChoice(enum.StrEnum):
    """A tab of the watch."""

    now = "now"
    cases = "cases"
    pipeline = "pipeline"


class LanguageChoice(enum.StrEnum):
    """A language of the watch."""

    en = "en"
    ru = "ru"


@app.command()
def watch(
    url: UrlOption = HERE,
    tab: Annotated[
        TabChoice | None, typer.Option(help="The tab to begin with; without a terminal the only one.")
    ] = None,
    window: Annotated[str, typer.Option(help="The window of the metrics; w changes it.")] = "24h",
    language: Annotated[
        LanguageChoice | None, typer.Option(help="The language; else that of LC_ALL, LC_MESSAGES or LANG.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print everything once as plain lines, and end.")] = False,
) -> None:
    """Watch the loop live: metrics, cases and the pipeline, over the gateway. q quits."""
    with user_errors():
        from closeloop.errors import UserError
        from closeloop.watch.frame import TABS
        from closeloop.watch.speech import Speech, locale_language

        if not url.startswith(("http://", "https://")):
            raise UserError("--url: give the gateway's URL, such as http://127.0.0.1:8080")
        speech = Speech(language.value if language is not None else locale_language(os.environ))
        tabs = (tab.value,) if tab is not None else TABS
        width = int(os.environ.get("COLUMNS") or 0) or shutil.get_terminal_size((100, 24)).columns
        if once:
            from closeloop.watch.plain import run_once

            lines, why = run_once(url, key(), tabs, window, width, speech)
            if why:
                say(f"closeloop: {why}")
                raise typer.Exit(REFUSED)
            _print(lines)
        elif sys.stdout.isatty() and sys.stdin.isatty():
            from closeloop.watch.screen import WatchApp

            WatchApp(url, key(), tabs[0], window, speech).run()
        else:
            import asyncio
            import contextlib

            from closeloop.watch.plain import run_plain

            with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
                asyncio.run(run_plain(url, key(), tabs, window, width, speech, _print))


def _print(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
