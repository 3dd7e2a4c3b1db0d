"""Takes a picture of everything that an employee can see: ``python -m tests.screens DIRECTORY [en|ru]``.

What a machine finds wrong in them is written out besides. A further thing to be seen is opened in ``cases`` and
looked at in ``pictures``.
"""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.screens.cases import open_all
from tests.screens.checks import problems
from tests.screens.pictures import Walk
from tests.screens.stage import Stage, staged
from tests.screens.words import EN, RU

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def main(directory: Path, languages: list[str]) -> None:
    """Write the pictures, one folder a language."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for words in (EN, RU):
            if languages and words.language not in languages:
                continue
            folder = directory / words.language
            folder.mkdir(parents=True, exist_ok=True)

            with tempfile.TemporaryDirectory() as scratch, staged(words, Path(scratch), _free_port()) as stage:

                def keep(
                    name: str, page: Page, part: Locator | None, folder: Path = folder, stage: Stage = stage
                ) -> None:
                    (part or page).screenshot(path=folder / f"{name.replace(' ', '-')}.png")
                    for problem in problems(stage, name, page, part):
                        sys.stdout.write(f"{stage.words.language}: {name}: {problem}\n")

                walk = Walk(stage, open_all(stage), browser, keep)
                walk.everything()
            sys.stdout.write(f"{words.language}: {len(list(folder.iterdir()))} pictures {walk.problems}\n")
        browser.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
