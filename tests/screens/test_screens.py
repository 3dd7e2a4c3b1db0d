"""Every card, dialog and Home in a real browser, in Russian, at a desk and on a phone: nothing cut, no word foreign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.screens.cases import open_all
from tests.screens.checks import problems
from tests.screens.pictures import Walk
from tests.screens.stage import staged
from tests.screens.words import RU

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.faults]


def test_what_employees_see(browser: Browser, tmp_path: Path, free_port: int) -> None:
    wrong: list[str] = []
    with staged(RU, tmp_path, free_port) as stage:

        def look(name: str, page: Page, part: Locator | None) -> None:
            wrong.extend(f"{name}: {problem}" for problem in problems(stage, name, page, part))

        walk = Walk(stage, open_all(stage), browser, look, briefly=True)
        walk.everything()
    assert wrong == []
    assert walk.problems == []
