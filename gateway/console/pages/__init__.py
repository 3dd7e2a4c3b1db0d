"""The pages of the console: one module each, its template beside the others in ``templates/``."""

from typing import Any

from gateway.console.page import Page
from gateway.console.pages.case import CasePage
from gateway.console.pages.cases import CasesPage
from gateway.console.pages.explore import ExplorePage
from gateway.console.pages.hooks import HooksPage
from gateway.console.pages.incidents import IncidentPage, IncidentsPage
from gateway.console.pages.now import NowPage
from gateway.console.pages.pipeline import PipelinePage
from gateway.console.pages.silences import SilencesPage
from gateway.console.pages.themes import ThemesPage

PAGES: tuple[Page[Any], ...] = (
    NowPage(),
    ExplorePage(),
    CasesPage(),
    CasePage(),
    IncidentsPage(),
    IncidentPage(),
    SilencesPage(),
    ThemesPage(),
    PipelinePage(),
    HooksPage(),
)
"""All pages. Those of the navigation stand in ``templates/frame.html``."""

__all__ = ["PAGES"]
