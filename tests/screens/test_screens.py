"""Every card, dialog and Home in a real browser, in English and in Russian: nothing is cut and no word is foreign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.screens.cases import open_all
from tests.screens.checks import layout, wording
from tests.screens.pictures import Walk
from tests.screens.stage import staged
from tests.screens.words import EN, RU, Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.faults]


@pytest.mark.parametrize("words", [EN, RU], ids=["en", "ru"])
def test_what_employees_see(words: Workspace, browser: Browser, tmp_path: Path, free_port: int) -> None:
    wrong: list[str] = []
    with staged(words, tmp_path, free_port) as stage:

        def look(name: str, page: Page, part: Locator | None) -> None:
            # Whom loop.yaml does not know is spoken to in English.
            found = [] if "stranger" in name else wording(stage, page, part)
            wrong.extend(f"{name}: {problem}" for problem in [*layout(page, part), *found])

        walk = Walk(stage, open_all(stage), browser, look)
        walk.everything()
    assert wrong == []
    assert walk.problems == []
